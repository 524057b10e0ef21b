"""Asking Stripe, with each answer sorted into yes, no and unknown.

What leaves this module is plain dictionaries and errors of ours: objects of Stripe's library are no dictionaries.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import stripe

from billing.gateways.base import GatewayRefused, OutcomeUnknown
from billing.gateways.stripe_settings import StripeSettings
from billing.gateways.stripe_transport import TURN_PATIENCE_SECONDS, PacedTransport
from portal.lib.pacing import TooBusy

if TYPE_CHECKING:
    from stripe.params import PaymentIntentConfirmParams, PaymentIntentCreateParams
    from stripe.params.checkout import SessionCreateParams
    from stripe.params.checkout import SessionListParams as SessionsWanted

logger = logging.getLogger(__name__)

SessionParams: TypeAlias = "SessionCreateParams"
SessionListParams: TypeAlias = "SessionsWanted"
IntentParams: TypeAlias = "PaymentIntentCreateParams"
ConfirmParams: TypeAlias = "PaymentIntentConfirmParams"
StripeData: TypeAlias = dict[str, Any]
Ask: TypeAlias = Callable[[stripe.StripeClient], stripe.StripeObject]
AskMany: TypeAlias = Callable[[stripe.StripeClient], "stripe.ListObject[Any]"]

LIBRARY_API_VERSION = stripe.api_version
"""What the library is written for; STRIPE_API_VERSION must be the same."""
ERROR_OF_THEIRS = 500

# Otherwise each request says how long the one before took, and what machine this is.
stripe.enable_telemetry = False


class Refused(GatewayRefused):
    """Stripe turned the request down; `code` and `param` are its words."""

    def __init__(self, text: str, *, code: str = "", param: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.param = param

    @property
    def says_missing(self) -> bool:
        return self.code == "resource_missing"


class KeyTaken(Refused):
    """A request with other wishes was made under this key before."""


class CardDeclined(Refused):
    """A bank said no; the payment itself tells why."""


class StoredFailure(OutcomeUnknown):
    """Stripe failed when it was first asked under this key, and will answer so until it forgets the key."""


class StripeApi:
    """The API of one account at Stripe."""

    def __init__(self, settings: StripeSettings) -> None:
        self._client = stripe.StripeClient(
            settings.api_key,
            stripe_version=settings.api_version,
            base_addresses={"api": settings.api_base},
            max_network_retries=settings.max_retries,
            http_client=PacedTransport(settings),
        )

    def ask(self, call: Ask) -> StripeData:
        """Return what Stripe answers to a call; raises Refused or OutcomeUnknown."""
        with three_outcomes():
            return call(self._client).to_dict()

    def find(self, call: Ask) -> StripeData | None:
        """Return what a call asks for, None where Stripe does not know it."""
        try:
            return self.ask(call)
        except Refused as refusal:
            if refusal.says_missing:
                return None
            raise

    def walk(self, call: AskMany) -> Iterator[StripeData]:
        """Go through a list, page after page."""
        with three_outcomes():
            for one in call(self._client).auto_paging_iter():
                yield one.to_dict()


def api_of(settings: StripeSettings) -> StripeApi:
    """Return the API of an account, one for each process: connections don't survive a fork."""
    return _api_of(settings, os.getpid())


@lru_cache(maxsize=8)
def _api_of(settings: StripeSettings, _process: int) -> StripeApi:
    return StripeApi(settings)


@contextmanager
def three_outcomes() -> Iterator[None]:
    """Turn the library's errors into ours."""
    try:
        yield
    except stripe.CardError as error:
        raise CardDeclined(str(error), code=error.code or "") from error
    except stripe.IdempotencyError as error:
        raise KeyTaken(str(error)) from error
    except stripe.InvalidRequestError as error:
        raise Refused(f"{error.code}: {error}", code=error.code or "", param=error.param or "") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        # An operator can mend this, and then the same request passes: nothing is given up for it.
        logger.error("Stripe does not accept STRIPE_API_KEY for this: %s", error)  # noqa: TRY400 - says it all
        raise OutcomeUnknown(str(error)) from error
    except stripe.StripeError as error:
        raise _unknown(error) from error
    except TooBusy as error:
        raise OutcomeUnknown(f"No turn at {error} within {TURN_PATIENCE_SECONDS:.0f} seconds") from error


def _unknown(error: stripe.StripeError) -> OutcomeUnknown:
    text = f"{type(error).__name__}: {error}"
    was_stored = (error.headers or {}).get("idempotent-replayed") == "true"
    if was_stored and (error.http_status or 0) >= ERROR_OF_THEIRS:
        return StoredFailure(text)
    return OutcomeUnknown(text)
