"""Charging a kept card: a payment intent made without taking money, then confirmed.

Two steps, because an intent of known id is charged once at most, while a key is only remembered for a day.
"""

import logging
from collections.abc import Iterator
from datetime import datetime

from billing.gateways.base import OutcomeUnknown, PaymentState, SavedCharge
from billing.gateways.stripe_client import (
    CardDeclined,
    ConfirmParams,
    IntentParams,
    KeyTaken,
    Refused,
    StoredFailure,
    StripeApi,
    StripeData,
)
from billing.gateways.stripe_money import code_of
from billing.gateways.stripe_results import state_of

logger = logging.getLogger(__name__)

WITH_METHOD = ["payment_method"]
BATCH = 100
MOST_CONFIRMATIONS = 4
"""How many keys are tried for one intent: another one where Stripe keeps a failure, or other wishes, under the last."""

# The likeliest to have moved money first, should one of our keys be on several.
BY_WEIGHT = [
    PaymentState.SUCCEEDED,
    PaymentState.PENDING,
    PaymentState.NEEDS_ACTION,
    PaymentState.DECLINED,
    PaymentState.PREPARED,
    PaymentState.ABANDONED,
]


class CardGone(Exception):
    """The card is no longer kept at Stripe, or not for this customer; the intent was closed."""

    def __init__(self, intent: StripeData) -> None:
        super().__init__(intent["id"])
        self.intent = intent


def prepare(api: StripeApi, charge: SavedCharge, *, customer: str, suffix: str) -> StripeData:
    """Make an intent that takes no money yet; raises KeyTaken where the key was used with other wishes."""
    params: IntentParams = {
        "amount": charge.money.minor,
        "currency": code_of(charge.money),
        "customer": customer,
        "description": charge.description,
        "metadata": {"charge": charge.key, "customer": charge.customer},
        # Means that lead the payer away cannot be used by somebody who is not there.
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
    }
    if suffix:
        params["statement_descriptor_suffix"] = suffix
    return api.ask(lambda stripe: stripe.v1.payment_intents.create(params, {"idempotency_key": f"{charge.key}:create"}))


def confirm(api: StripeApi, charge: SavedCharge) -> StripeData:
    """Take the money of a prepared intent and return the intent as it stands then.

    Raises OutcomeUnknown, and CardGone or GatewayRefused where Stripe would not ask the bank.
    """
    params: ConfirmParams = {"payment_method": charge.card_reference, "expand": WITH_METHOD}
    if charge.off_session:
        params["off_session"] = True
    if charge.off_session and charge.recurring:
        params["payment_method_options"] = {"card": {"stored_credential_usage": "recurring"}}
    for key in _keys(charge):
        try:
            return _confirm_once(api, charge.payment_id, params, key=key)
        except CardDeclined:
            return _retrieve_known(api, charge.payment_id)
        except (KeyTaken, StoredFailure):
            intent = _retrieve_known(api, charge.payment_id)
            if state_of(intent) != PaymentState.PREPARED:
                return intent
        except Refused as refusal:
            return _after_refusal(api, charge, refusal)
    raise OutcomeUnknown(f"Stripe confirmed {charge.payment_id} under none of {MOST_CONFIRMATIONS} keys")


def retrieve(api: StripeApi, intent_id: str) -> StripeData | None:
    """Return an intent, None where Stripe doesn't know it."""
    return api.find(lambda stripe: stripe.v1.payment_intents.retrieve(intent_id, {"expand": WITH_METHOD}))


def find_by_key(api: StripeApi, key: str, *, customer: str, since: datetime) -> StripeData | None:
    """Return the customer's intent that carries our key: Stripe's search lags, its lists don't."""
    intents = api.walk(
        lambda stripe: stripe.v1.payment_intents.list(
            {"customer": customer, "created": {"gte": int(since.timestamp())}, "limit": BATCH}
        )
    )
    ours = [intent for intent in intents if intent["metadata"].get("charge") == key]
    found = min(ours, key=lambda intent: BY_WEIGHT.index(state_of(intent)), default=None)
    return retrieve(api, found["id"]) if found else None


def cancel(api: StripeApi, intent_id: str) -> StripeData:
    """Let nobody confirm an intent any more; raises Refused where it is too late."""
    return api.ask(
        lambda stripe: stripe.v1.payment_intents.cancel(
            intent_id, {"cancellation_reason": "abandoned", "expand": WITH_METHOD}
        )
    )


def _keys(charge: SavedCharge) -> Iterator[str]:
    yield f"{charge.key}:confirm"
    for number in range(2, MOST_CONFIRMATIONS + 1):
        yield f"{charge.key}:confirm:{number}"


def _confirm_once(api: StripeApi, intent_id: str, params: ConfirmParams, *, key: str) -> StripeData:
    return api.ask(lambda stripe: stripe.v1.payment_intents.confirm(intent_id, params, {"idempotency_key": key}))


def _retrieve_known(api: StripeApi, intent_id: str) -> StripeData:
    intent = retrieve(api, intent_id)
    if intent is None:
        # Where it was made it may have been paid: a key of another account proves nothing.
        raise OutcomeUnknown(f"Stripe does not know {intent_id}: is STRIPE_API_KEY of the account that made it?")
    return intent


def _after_refusal(api: StripeApi, charge: SavedCharge, refusal: Refused) -> StripeData:
    """Return the intent where the refusal says that it is over already; otherwise close it and pass the refusal on."""
    intent = _retrieve_known(api, charge.payment_id)
    if state_of(intent) != PaymentState.PREPARED:
        return intent
    logger.warning("Stripe refused to confirm %s: %s", charge.payment_id, refusal)
    closed = cancel(api, charge.payment_id)
    if refusal.param == "payment_method":
        raise CardGone(closed) from refusal
    raise refusal
