"""The cards that are kept: which there are, which pays first, removing one. None is added here.

A card's number goes to the payment company's page and nowhere else.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import BALANCE_READ, CARDS_WRITE
from billing import gateways, saved_cards
from billing.methods import make_default
from billing.models import PaymentMethod, Subscription
from portal.api.door import ApiRequest, Needs
from portal.api.references import to_line
from portal.api.refusals import not_found
from portal.api.shapes import Reference, Shape, problems
from portal.lib.public_ids import is_public_id

router = Router(tags=["cards"], by_alias=True)


class CardShape(Shape):
    """A kept card; its number is with the payment company, not with us."""

    id: str
    brand: str
    last_four: str
    valid_until: date
    is_default: bool
    is_usable: bool
    renews: Annotated[list[Reference], Field(description="Lines whose auto-renewal it pays for.")]
    second_card_for: Annotated[list[Reference], Field(description="Lines for which it is tried where another says no.")]
    tops_up: Annotated[bool, Field(description="Whether it pays for what is bought when something runs low.")]

    @classmethod
    def of(cls, card: PaymentMethod, *, paid: Sequence[Subscription], tops_up: bool, today: date) -> "CardShape":
        return cls(
            id=card.public_id,
            brand=card.brand,
            last_four=card.last_four,
            valid_until=card.last_day,
            is_default=card.is_default,
            is_usable=card.last_day >= today,
            renews=_lines(one for one in paid if one.method_id == card.pk),
            second_card_for=_lines(one for one in paid if one.backup_method_id == card.pk),
            tops_up=tops_up,
        )


@router.get("", response={200: list[CardShape], **problems(422)}, auth=Needs(BALANCE_READ), url_name="payment_methods")
def list_payment_methods(request: ApiRequest) -> Any:
    """Return your saved cards, the default one first; `id` is what an order or auto-renewal is paid with."""
    return _cards(request)


@router.post(
    "/{card_id}/default",
    response={200: list[CardShape], **problems(404, 422)},
    auth=Needs(CARDS_WRITE),
    url_name="default_card",
)
def make_default_card(request: ApiRequest, card_id: str) -> Any:
    """Have a card offered first where something is paid. What auto-renewal was agreed to does not change."""
    make_default(method=_own(request, card_id))
    return _cards(request)


@router.delete(
    "/{card_id}", response={200: list[CardShape], **problems(404, 422)}, auth=Needs(CARDS_WRITE), url_name="card"
)
def remove_card(request: ApiRequest, card_id: str) -> Any:
    """Remove a card. What it pays for by itself pauses: `renews`, `secondCardFor` and `topsUp` say what that is."""
    card = _own(request, card_id)
    gateway = gateways.by_name().get(card.gateway)
    saved_cards.remove(method=card, gateway=gateway, actor=request.owner, now=timezone.now())
    return _cards(request)


def _cards(request: ApiRequest) -> list[CardShape]:
    kept = PaymentMethod.objects.owned_by(request.owner).usable().order_by("-is_default", "-pk")
    paid_with, today = saved_cards.renewing(request.owner), timezone.now().date()
    topping_up = saved_cards.topping_up(request.owner)
    return [
        CardShape.of(card, paid=paid_with.get(card.pk, []), tops_up=card.pk in topping_up, today=today) for card in kept
    ]


def _lines(subscriptions: Iterable[Subscription]) -> list[Reference]:
    return [to_line(one.line) for one in subscriptions]


def _own(request: ApiRequest, card_id: str) -> PaymentMethod:
    own = PaymentMethod.objects.owned_by(request.owner).usable()
    card = own.filter(public_id=card_id).first() if is_public_id(card_id) else None
    if card is None:
        raise not_found()
    return card
