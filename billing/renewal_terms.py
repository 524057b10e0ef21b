"""The terms of auto-renewal that a subscriber is asked to agree to, from what they wish for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing import purchases
from billing.agreements import NothingToContinue, first_due_at, goes_on
from billing.consent import VERSION, consent_text
from billing.consenting import Consent
from billing.gateways import is_chargeable
from billing.models import Order, PaymentMethod, Subscription
from billing.purchases import Offer
from billing.renewal_forms import WishesForm
from billing.schedule import last_paid
from billing.ways_to_pay import BOTH, source_of
from esim.models import Line
from portal.lib.money import Money

NOT_BY_CARD = _("An amount this small can't be paid by card. Let the balance pay for it.")


class WishesUnclear(Exception):
    """What was wished for can't be agreed to: no card, the same card twice, a limit that is no number."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class LimitBelowPrice(Exception):
    """With this limit nothing could ever be charged."""

    sentence = _("This limit is below the price of one renewal, so nothing could be renewed. Set a higher one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the subscriber is asked to agree to; `chosen` is what the form sends again with the consent.

    `due_at` is when the first charge is made, or the first question put.
    """

    offer: Offer
    wishes: WishesForm
    sentence: str
    paid_until: datetime | None
    due_at: datetime

    @property
    def asks_first(self) -> bool:
        return self.wishes.mode_chosen == Subscription.Mode.ASK

    @property
    def chosen(self) -> dict[str, str]:
        return {**self.wishes.chosen, "plan": self.offer.plan.public_id}

    def consent(self, *, ip: str | None) -> Consent:
        return Consent(
            plan=self.offer.plan,
            price=self.offer.price,
            pay_from=self.wishes.pay_from,
            method=self.wishes.method,
            backup_method=self.wishes.backup_method,
            mode=self.wishes.mode_chosen,
            limits=self.wishes.limits,
            text=self.sentence,
            version=VERSION,
            ip=ip,
        )


def terms(*, line: Line, user: User, wishes: Mapping[str, str], now: datetime) -> Terms:
    """Return the terms for what is wished for.

    Raises NotOnSale, WishesUnclear, LimitBelowPrice and NothingToContinue.
    """
    paid = last_paid([line.pk], now=now).get(line.pk)
    if paid is None and not _goes_on(line, mode=wishes.get("mode", "")):
        raise NothingToContinue
    offer = purchases.find_offer(
        plan_id=wishes.get("plan", ""), kind=Order.Kind.RENEWAL, currency=user.currency, now=now
    )
    form = WishesForm(wishes, owner=user, now=now)
    if not form.is_valid():
        raise WishesUnclear(next(str(errors[0]) for errors in form.errors.values()))
    if form.pay_from == Subscription.PayFrom.METHOD and not is_chargeable(offer.price):
        raise WishesUnclear(str(NOT_BY_CARD))
    limits = form.limits
    if limits.max_amount is not None and limits.max_amount < offer.price:
        raise LimitBelowPrice
    asks_first = form.mode_chosen == Subscription.Mode.ASK
    return Terms(
        offer=offer,
        wishes=form,
        sentence=consent_text(
            offer=offer,
            pay_from=form.pay_from,
            method=form.method,
            mode=form.mode_chosen,
            backup_method=form.backup_method,
            max_times=limits.max_times,
            max_amount=limits.max_amount,
        ),
        paid_until=paid.ends_at if paid else None,
        due_at=first_due_at(paid, period=offer.plan.period, asks_first=asks_first, now=now),
    )


def wishes_of(subscription: Subscription, *, card: PaymentMethod | None = None) -> dict[str, str]:
    """Write how a line renews now the way its form does; with `card` in the place of the first one."""
    source = source_of(subscription)
    if card is not None:
        source = f"{BOTH if source.startswith(BOTH) else ''}{card.public_id}"
    second = subscription.second_card
    backup = second.public_id if second is not None and not source.endswith(second.public_id) else ""
    limit = Money(subscription.max_amount, subscription.currency) if subscription.max_amount else None
    return {
        "plan": subscription.plan.public_id,
        "source": source,
        "mode": subscription.mode,
        "backup": backup,
        "max_times": str(subscription.max_times or ""),
        "max_amount": f"{limit.decimal}" if limit else "",
    }


def _goes_on(line: Line, *, mode: str) -> bool:
    asks = mode == Subscription.Mode.ASK
    standing = Subscription.objects.filter(line=line).first()
    return goes_on(standing, mode=Subscription.Mode.ASK if asks else Subscription.Mode.AUTOMATIC)
