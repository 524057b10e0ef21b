"""Which card refused a renewal, whether it may pay another time, and when the second card's turn is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from billing.declines import DeclineKind, explain
from billing.models import Charge, Order, PaymentMethod, Subscription

Refused: TypeAlias = Mapping[int | None, str]
"""The latest code with which each card, by its id, refused an order."""

NEVER = "do_not_try_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One card's no, or that of the balance: then the card is empty."""

    code: str
    card: str

    @property
    def may_pass(self) -> bool:
        return may_pass(self.code)


def second_card_goes_on(subscription: Subscription, *, order: Order | None) -> bool:
    """Tell whether the second card, whose turn it was for an order, pays the next one too: the first one never will."""
    return subscription.uses_backup and not may_pass(refused_by_card(order).get(subscription.method_id, NEVER))


def second_card_facts(order: Order) -> dict[str, Any]:
    """Return what the notice of a paid renewal says of its cards where not the first one paid."""
    subscription = order.subscription
    if subscription is None or subscription.backup_method is None:
        return {}
    paid = order.charges.filter(state=Charge.State.SUCCEEDED, method=subscription.backup_method).exists()
    return {"paid_with": str(subscription.backup_method), "instead_of": str(subscription.method)} if paid else {}


def may_pass(code: str) -> bool:
    return explain(code).kind == DeclineKind.SOFT


def refused_by_card(order: Order | None) -> Refused:
    """Return the latest code with which each card refused an order."""
    if order is None:
        return {}
    declined = order.charges.filter(state=Charge.State.DECLINED, method__isnull=False)
    return dict(declined.order_by("pk").values_list("method_id", "decline_code"))


def is_second_cards_turn(subscription: Subscription, *, refused: Refused) -> bool:
    """Tell whether the first card has just refused; an attempt that only waits for its payer could still be paid."""
    return (
        not subscription.uses_backup
        and subscription.method_id in refused
        and _can_still_pay(subscription.second_card, refused=refused)
    )


def refused_cards(subscription: Subscription) -> Refused:
    """Return the latest code with which each card, by its id, refused the period that waits for its payment."""
    waiting = subscription.placed().filter(period_index=subscription.period_index, state=Order.State.PENDING)
    return refused_by_card(waiting.order_by("pk").last())


def refusals_by_card(subscription: Subscription) -> list[Refusal]:
    """Return what its cards said last to the period that waits for its payment, the first card first."""
    refused = refused_cards(subscription)
    cards = [subscription.method, subscription.backup_method]
    return [Refusal(code=refused[card.pk], card=str(card)) for card in cards if card and card.pk in refused]


def begins_with_second(subscription: Subscription, *, refused: Refused) -> bool:
    """Tell whether the next rung begins with the second card: a card that will never pay isn't asked again."""
    first = refused.get(subscription.method_id, NEVER if subscription.uses_backup else "")
    return not may_pass(first) and _can_still_pay(subscription.second_card, refused=refused)


def _can_still_pay(card: PaymentMethod | None, *, refused: Refused) -> bool:
    return card is not None and may_pass(refused.get(card.pk, ""))


def latest_refusals(subscription: Subscription, *, code: str, refused: Refused) -> list[Refusal]:
    """Return the latest no of each card, the first card first."""
    if subscription.pay_from == Subscription.PayFrom.WALLET or not refused:
        return [Refusal(code=code, card="")]
    asked = subscription.paying_method
    latest = {**refused, asked.pk: code} if asked else refused
    cards = [card for card in (subscription.method, subscription.second_card) if card and card.pk in latest]
    return [Refusal(code=latest[card.pk], card=str(card)) for card in cards] or [Refusal(code=code, card="")]
