"""What the scheduler will do with an auto-renewal at a moment, from its own functions and without doing it.

Pages and `renew_due --dry-run` both ask here.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby

from django.utils.translation import gettext as _

from billing import checkout
from billing.ledger import InsufficientBalance
from billing.models import LedgerAccount, Order, PaymentMethod, Subscription
from billing.schedule import aligned_end
from billing.verdicts import Action, Verdict, judge_each
from esim import allowances
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.saying import say_money

PayFrom = Subscription.PayFrom
Wallet = tuple[int, str]

LOOKS_AGAIN = frozenset({Action.WAIT, Action.HOLD})
"""What only moves the next look of the scheduler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What is done with one auto-renewal at `at`; `list_price` is what the plan costs then, None when it isn't sold.

    The price is paid from the balance by `wallet_part` and by `card` for `card_part`; `is_covered` is False where the
    balance alone should pay and does not hold enough, or a card should pay less than cards are charged. `second_card`
    is asked where `card` says no. `next_at` is when the scheduler looks again where it does not charge.
    """

    subscription: Subscription
    at: datetime
    action: Action
    reason: str
    list_price: Money | None
    wallet_part: Money
    card_part: Money
    card: PaymentMethod | None
    second_card: PaymentMethod | None
    is_covered: bool
    period_index: int
    starts_at: datetime
    ends_at: datetime
    next_at: datetime

    @property
    def price(self) -> Money:
        return self.subscription.agreed_price

    @property
    def charges(self) -> bool:
        return self.action == Action.CHARGE


def foresee(subscriptions: Collection[Subscription], *, now: datetime) -> list[Foreseen]:
    """Foretell a run at `now`, in the order in which it takes the rows; reads only.

    What one renewal takes from a balance is not there for the next one of the same owner. Left out is what can't be
    judged: the scheduler leaves it out as well. Two queries beside those of `judge`, and one for each period that no
    anchor fits.
    """
    verdicts = judge_each(list(subscriptions), now=now)
    balances = _balances(subscriptions)
    tried = _tried_before(verdicts)
    foreseen = []
    for verdict in verdicts:
        wallet = verdict.subscription.line.owner_id, verdict.subscription.currency
        order = tried.get((verdict.subscription.pk, verdict.schedule.period_index))
        one = _foresee(verdict, order=order, balance=balances.get(wallet, Money.zero(wallet[1])), now=now)
        if one.charges and order is None:
            balances[wallet] = balances.get(wallet, Money.zero(wallet[1])) - one.wallet_part
        foreseen.append(one)
    return foreseen


def foresee_next(subscriptions: Iterable[Subscription], *, now: datetime) -> list[Foreseen]:
    """Foretell of each what comes of it when it is due next; reads only. Those due within an hour cost as one."""
    looks = list(_when_due((one, max(now, one.charge_due_at)) for one in subscriptions))
    passing = [look for look in looks if look.action in LOOKS_AGAIN and look.next_at > look.at]
    later = _when_due((look.subscription, look.next_at) for look in passing)
    return [*(look for look in looks if look not in passing), *later]


def _when_due(dues: Iterable[tuple[Subscription, datetime]]) -> Iterator[Foreseen]:
    by_time = sorted(dues, key=lambda due: (due[1], due[0].pk))
    for _hour, due_together in groupby(by_time, key=lambda due: due[1].replace(minute=0, second=0, microsecond=0)):
        at = dict(due_together)
        for look in foresee(list(at), now=max(at.values())):
            yield replace(look, at=at[look.subscription])


def _foresee(verdict: Verdict, *, order: Order | None, balance: Money, now: datetime) -> Foreseen:
    subscription = verdict.subscription
    card = subscription.paying_method if subscription.pay_from != PayFrom.WALLET else None
    share = _wallet_share(subscription, order=order, balance=balance, card=card)
    wallet_part = share if share is not None else Money.zero(subscription.currency)
    starts_at, ends_at = _period(verdict, now=now)
    return Foreseen(
        subscription=subscription,
        at=now,
        action=verdict.action,
        reason=verdict.reason,
        list_price=verdict.price,
        wallet_part=wallet_part,
        card_part=subscription.agreed_price - wallet_part,
        card=card,
        second_card=None if subscription.uses_backup else subscription.second_card,
        is_covered=share is not None,
        period_index=verdict.schedule.period_index,
        starts_at=starts_at,
        ends_at=ends_at,
        next_at=verdict.schedule.charge_due_at,
    )


def _wallet_share(
    subscription: Subscription, *, order: Order | None, balance: Money, card: PaymentMethod | None
) -> Money | None:
    """Return what the balance pays; None where it should pay all and cannot, or a card so little that it can't.

    An order that was declined before keeps the shares it was placed with.
    """
    if order is not None:
        return order.wallet_part
    if subscription.pay_from == PayFrom.METHOD:
        balance = Money.zero(subscription.currency)
    may_charge = card is not None or subscription.pay_from == PayFrom.METHOD
    try:
        return checkout.wallet_share(balance=balance, price=subscription.agreed_price, rest_is_charged=may_charge)
    except InsufficientBalance:
        return None


def _period(verdict: Verdict, *, now: datetime) -> tuple[datetime, datetime]:
    """Return what `orders.fulfil` will ask the network for, on the anchor that the verdict sets."""
    moved = copy(verdict.subscription)
    for name, value in asdict(verdict.schedule).items():
        setattr(moved, name, value)
    if ends_at := aligned_end(moved, verdict.starts_at, period=moved.plan.period):
        return verdict.starts_at, ends_at
    return allowances.next_period(line=moved.line, terms=PlanTerms.of(moved.plan), now=now)


def _balances(subscriptions: Collection[Subscription]) -> dict[Wallet, Money]:
    owners = {one.line.owner_id for one in subscriptions if one.pay_from != PayFrom.METHOD}
    if not owners:
        return {}
    rows = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.WALLET, owner__in=owners)
    return {(row.owner_id, row.currency): row.money for row in rows if row.owner_id is not None}


def _tried_before(verdicts: Collection[Verdict]) -> Mapping[tuple[int, int], Order]:
    """Return, by subscription and period, the orders that another attempt goes on with."""
    wanted = {(one.subscription.pk, one.schedule.period_index) for one in verdicts}
    lines = {one.subscription.line_id for one in verdicts}
    pending = Order.objects.filter(line__in=lines, subscription__isnull=False, state=Order.State.PENDING)
    found = {(one.subscription_id or 0, one.period_index or 0): one for one in pending}
    return {key: order for key, order in found.items() if key in wanted}


def paid_from(look: Foreseen) -> str:
    """Name what pays, each with its amount where there are two; in the active language."""
    if not look.wallet_part and look.card is not None:
        return str(look.card)
    if not look.card_part or look.card is None:
        return _("the balance")
    return _("%(part)s from the balance, %(rest)s from %(card)s") % {
        "part": say_money(look.wallet_part),
        "rest": say_money(look.card_part),
        "card": look.card,
    }
