"""Another card for auto-renewals whose payment was refused: offered where cards are kept, tried as soon as agreed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from billing.agreements import NothingToContinue, was_declined
from billing.card_refusals import may_pass, refused_cards
from billing.models import PaymentMethod, Subscription
from billing.purchases import NotOnSale
from billing.renewal_terms import LimitBelowPrice, Terms, WishesUnclear, terms, wishes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CardOffer:
    """A refused auto-renewal, and the terms under which the card would pay for it."""

    subscription: Subscription
    card: PaymentMethod
    terms: Terms


def card_offers(*, user: User, kept: Sequence[PaymentMethod], preferred: str, now: datetime) -> list[CardOffer]:
    """Return what each refused auto-renewal of this person could be paid with instead.

    `kept` are the cards, the default first; `preferred` is the public id of one just saved. Two queries, and some
    more for each refused one.
    """
    refused = Subscription.objects.owned_by(user).on().filter(reason__startswith="declined:")
    rows = refused.select_related("line__owner", "plan", "method", "backup_method").order_by("charge_due_at", "pk")
    usable = [card for card in kept if card.last_day >= now.date()]
    usable.sort(key=lambda card: card.public_id != preferred)
    offers = (_offer(row, cards=usable, user=user, now=now) for row in rows if was_declined(row))
    return [offer for offer in offers if offer is not None]


def _offer(
    subscription: Subscription, *, cards: Sequence[PaymentMethod], user: User, now: datetime
) -> CardOffer | None:
    refused = refused_cards(subscription)
    asked = refused or {subscription.method_id, subscription.backup_method_id}
    card = next((one for one in cards if one.pk not in asked), None)
    if card is None:
        return None
    wishes = wishes_of(subscription, card=card)
    if not may_pass(refused.get(subscription.backup_method_id, "")):
        wishes["backup"] = ""
    try:
        agreed = terms(line=subscription.line, user=user, wishes=wishes, now=now)
    except (NotOnSale, NothingToContinue, WishesUnclear, LimitBelowPrice):
        return None
    return CardOffer(subscription=subscription, card=card, terms=agreed)
