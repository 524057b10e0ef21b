"""Auto-renewal of a line: how it stands, the exact terms, turning it on by agreeing to them, turning it off."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import RENEWALS_READ, RENEWALS_WRITE
from accounts.http import client_ip
from accounts.locks import refuse_if_locked
from billing import agreements, gateways, paying, renewal_terms
from billing.agreements import BeingCharged, NothingToContinue
from billing.consent import VERSION
from billing.models import Subscription
from billing.paying import StillBeingChecked
from billing.purchases import NotOnSale
from billing.renewal_terms import LimitBelowPrice, Terms, WishesUnclear
from esim.models import Line
from portal.api.consents import DECIMAL, TermsAgreed, TermsToRead, hold_against
from portal.api.door import ApiRequest, Needs
from portal.api.lines import line_in_use, own_line
from portal.api.proofs import AGREED, refuse_above_limit
from portal.api.refusals import refused
from portal.api.renewal_shapes import RenewalShape, standing_of
from portal.api.shapes import Amount, PublicId, Wish, page_url, problems

router = Router(tags=["auto-renewal"], by_alias=True)

PAY_WITH = 'The id of a saved card, "balance", or "balance+" before the id of a card: the balance first, that card for the rest.'


class TermsShape(TermsToRead):
    """What turning it on would agree to."""

    first_due: datetime
    paid_until: datetime | None


class TermsAsked(Wish):
    """How a line is to renew."""

    plan: PublicId
    pay_with: Annotated[str, Field(max_length=60, description=PAY_WITH)]
    mode: Literal["ask", "automatic"] = "automatic"
    backup: Annotated[PublicId | None, Field(description="A second card, for when the first one is declined.")] = None
    max_times: Annotated[int | None, Field(ge=1, le=31, description="Renewals a month, at most.")] = None
    max_amount: Annotated[str | None, Field(pattern=DECIMAL, description="Money a month, at most.")] = None


class RenewalWish(TermsAsked):
    """How a line is to renew, and the agreement to exactly that."""

    consent: TermsAgreed


@router.get(
    "/{line_id}/auto-renewal",
    response={200: RenewalShape, **problems(404, 422)},
    auth=Needs(RENEWALS_READ),
    url_name="auto_renewal",
)
def get_auto_renewal(request: ApiRequest, line_id: str) -> Any:
    """Return how a line renews; `mode` is off, ask or automatic."""
    return standing_of(request, own_line(request, line_id))


@router.get(
    "/{line_id}/auto-renewal/terms",
    response={200: TermsShape, **problems(404, 409, 422)},
    auth=Needs(RENEWALS_READ),
    url_name="auto_renewal_terms",
)
def get_terms(request: ApiRequest, line_id: str, asked: Annotated[TermsAsked, Query()]) -> Any:
    """Return the exact words and price that turning auto-renewal on agrees to, in the language you accept."""
    terms = _terms(request, line_in_use(request, line_id), _wishes(asked))
    return TermsShape(
        text=terms.sentence,
        terms_version=VERSION,
        price=Amount.of(terms.offer.price),
        first_due=terms.due_at,
        paid_until=terms.paid_until,
    )


@router.put(
    "/{line_id}/auto-renewal",
    response={200: RenewalShape, **problems(400, 404, 409, 422)},
    auth=Needs(RENEWALS_WRITE),
)
def turn_on(request: ApiRequest, line_id: str, wish: RenewalWish) -> Any:
    """Turn auto-renewal on, by agreeing to the very terms that were read."""
    line, wishes = line_in_use(request, line_id), _wishes(wish)
    terms = _terms(request, line, wishes)
    price = terms.offer.price
    hold_against(wish.consent, price=price, version=VERSION, text=terms.sentence)
    page = page_url("billing:agree", line.public_id, query=urlencode(wishes))
    refuse_above_limit(price, detail=AGREED, page=page)
    refuse_if_locked(request.owner)
    _agree(request, line, terms)
    return standing_of(request, line)


@router.delete(
    "/{line_id}/auto-renewal", response={200: RenewalShape, **problems(404, 422)}, auth=Needs(RENEWALS_WRITE)
)
def turn_off(request: ApiRequest, line_id: str) -> Any:
    """Turn auto-renewal off. What is paid stays paid; off already, nothing changes."""
    line = line_in_use(request, line_id)
    subscription = Subscription.objects.on().filter(line=line).select_related("line__owner").first()
    if subscription is not None:
        agreements.turn_off(subscription=subscription, actor=request.owner, ip=client_ip(request), now=timezone.now())
    return standing_of(request, line)


def _agree(request: ApiRequest, line: Line, terms: Terms) -> None:
    consent, now = terms.consent(ip=client_ip(request)), timezone.now()
    try:
        paying.free_refused_order(line=line, gateways=gateways.by_name(), now=now)
        agreements.turn_on(line=line, consent=consent, actor=request.owner, now=now)
    except (BeingCharged, StillBeingChecked) as refusal:
        raise refused(HTTPStatus.CONFLICT, "under-way", refusal.sentence, headers={"Retry-After": "60"}) from None
    except NothingToContinue as refusal:
        raise refused(HTTPStatus.CONFLICT, "nothing-to-continue", refusal.sentence) from None


def _terms(request: ApiRequest, line: Line, wishes: dict[str, str]) -> Terms:
    try:
        return renewal_terms.terms(line=line, user=request.owner, wishes=wishes, now=timezone.now())
    except NotOnSale as refusal:
        raise refused(HTTPStatus.CONFLICT, "not-on-sale", refusal.sentence) from None
    except NothingToContinue as refusal:
        raise refused(HTTPStatus.CONFLICT, "nothing-to-continue", refusal.sentence) from None
    except (WishesUnclear, LimitBelowPrice) as refusal:
        raise refused(HTTPStatus.CONFLICT, "cannot-agree", refusal.sentence) from None


def _wishes(wish: TermsAsked) -> dict[str, str]:
    """Return what the form of the page would send."""
    every = {
        "plan": wish.plan,
        "source": wish.pay_with,
        "mode": wish.mode,
        "backup": wish.backup,
        "max_times": wish.max_times,
        "max_amount": wish.max_amount,
    }
    return {name: str(value) for name, value in every.items() if value is not None}
