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
from billing.confirmation import needs_proof
from billing.consent import VERSION
from billing.models import Subscription
from billing.paying import StillBeingChecked
from billing.purchases import NotOnSale
from billing.renewal_problems import sentence_of
from billing.renewal_terms import LimitBelowPrice, Terms, WishesUnclear
from billing.ways_to_pay import source_of
from esim.models import Line
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line
from portal.api.refusals import not_found, refused
from portal.api.shapes import Amount, AmountWished, PublicId, Reference, Shape, Wish, href, page_url, problems
from portal.lib.money import Money

router = Router(tags=["auto-renewal"], by_alias=True)

PAY_WITH = 'The id of a saved card, "balance", or "balance+" before the id of a card: the balance first, that card for the rest.'


class RenewalShape(Shape):
    """How the auto-renewal of a line stands."""

    mode: str
    state: str
    problem: Annotated[str | None, Field(description="Why it does not go on, in plain words.")]
    product_offering: Reference | None
    price: Amount | None
    pay_with: str | None
    max_times: int | None
    max_amount: Amount | None
    next_charge: datetime | None
    agreed_text: str | None
    terms_version: str | None

    @classmethod
    def of(cls, subscription: Subscription | None) -> "RenewalShape":
        if subscription is None or subscription.mode == Subscription.Mode.OFF:
            return OFF
        plan, agreed = subscription.plan, subscription.agreement
        limit = subscription.max_amount
        is_due = subscription.state in {Subscription.State.ACTIVE, Subscription.State.PAST_DUE}
        problem = sentence_of(subscription.reason) if subscription.state != Subscription.State.ACTIVE else None
        return cls(
            mode=subscription.mode,
            state=subscription.state,
            problem=str(problem) if problem else None,
            product_offering=Reference(id=plan.public_id, href=href("plan", plan.public_id), name=plan.label),
            price=Amount.of(subscription.agreed_price),
            pay_with=source_of(subscription),
            max_times=subscription.max_times,
            max_amount=None if limit is None else Amount.of(Money(limit, subscription.currency)),
            next_charge=subscription.charge_due_at if is_due else None,
            agreed_text=agreed.text if agreed else None,
            terms_version=agreed.version if agreed else None,
        )


OFF = RenewalShape(
    mode="off",
    state="active",
    problem=None,
    product_offering=None,
    price=None,
    pay_with=None,
    max_times=None,
    max_amount=None,
    next_charge=None,
    agreed_text=None,
    terms_version=None,
)


class TermsShape(Shape):
    """What turning it on would agree to; send `price`, `termsVersion` and `text` back to agree."""

    text: str
    terms_version: str
    price: Amount
    first_due: datetime
    paid_until: datetime | None


class TermsAgreed(Wish):
    """The agreement, as it was read: another price or other words are refused."""

    agreed: Literal[True]
    price: AmountWished
    terms_version: Annotated[str, Field(max_length=40)]
    text: Annotated[str, Field(max_length=2000)]


class TermsAsked(Wish):
    """How a line is to renew."""

    plan: PublicId
    pay_with: Annotated[str, Field(max_length=60, description=PAY_WITH)]
    mode: Literal["ask", "automatic"] = "automatic"
    backup: Annotated[PublicId | None, Field(description="A second card, for when the first one is declined.")] = None
    max_times: Annotated[int | None, Field(ge=1, le=31, description="Renewals a month, at most.")] = None
    max_amount: Annotated[
        str | None, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,3})?$", description="Money a month, at most.")
    ] = None


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
    return RenewalShape.of(_standing(own_line(request, line_id)))


@router.get(
    "/{line_id}/auto-renewal/terms",
    response={200: TermsShape, **problems(404, 409, 422)},
    auth=Needs(RENEWALS_READ),
    url_name="auto_renewal_terms",
)
def get_terms(request: ApiRequest, line_id: str, asked: Annotated[TermsAsked, Query()]) -> Any:
    """Return the exact words and price that turning auto-renewal on agrees to, in the language you accept."""
    wishes = _wishes(asked)
    terms = _terms(request, _line_in_use(request, line_id), wishes)
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
    line = _line_in_use(request, line_id)
    wishes = _wishes(wish)
    terms = _terms(request, line, wishes)
    _hold_against(terms, wish.consent)
    if needs_proof(terms.offer.price):
        page = page_url("billing:agree", line.public_id, query=urlencode(wishes))
        detail = "This much is agreed to only after its owner confirmed who they are. Open the page to go on there."
        raise refused(HTTPStatus.FORBIDDEN, "confirmation-required", detail, page=page)
    refuse_if_locked(request.owner)
    return RenewalShape.of(_agree(request, line, terms))


@router.delete(
    "/{line_id}/auto-renewal", response={200: RenewalShape, **problems(404, 422)}, auth=Needs(RENEWALS_WRITE)
)
def turn_off(request: ApiRequest, line_id: str) -> Any:
    """Turn auto-renewal off. What is paid stays paid; off already, nothing changes."""
    subscription = _standing(_line_in_use(request, line_id))
    if subscription is not None:
        agreements.turn_off(subscription=subscription, actor=request.owner, ip=client_ip(request), now=timezone.now())
    return OFF


def _agree(request: ApiRequest, line: Line, terms: Terms) -> Subscription:
    now = timezone.now()
    try:
        paying.free_refused_order(line=line, gateways=gateways.by_name(), now=now)
        return agreements.turn_on(line=line, consent=terms.consent(ip=client_ip(request)), actor=request.owner, now=now)
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


def _hold_against(terms: Terms, consent: TermsAgreed) -> None:
    same_price = consent.price.is_same(terms.offer.price)
    if same_price and consent.terms_version == VERSION and consent.text == terms.sentence:
        return
    raise refused(
        HTTPStatus.CONFLICT,
        "terms-changed",
        "These are not the terms that hold now. Nothing was turned on. Read them again.",
        price=Amount.of(terms.offer.price).model_dump(by_alias=True),
        termsVersion=VERSION,
        text=terms.sentence,
    )


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


def _standing(line: Line) -> Subscription | None:
    on = Subscription.objects.on().filter(line=line)
    return on.select_related("plan", "method", "agreement", "line__owner").first()


def _line_in_use(request: ApiRequest, line_id: str) -> Line:
    line = own_line(request, line_id)
    if not Line.objects.in_use().filter(pk=line.pk).exists():
        raise not_found()
    return line
