"""What the scheduler will do with an auto-renewal at a moment, from its own functions and without doing it.

Pages and `renew_due --dry-run` both ask here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.translation import gettext as _

from billing import checkout
from billing.ledger import InsufficientBalance
from billing.models import LedgerAccount, Order, PaymentMethod, Subscription
from billing.schedule import aligned_end
from billing.turns import Turn
from billing.verdicts import Action, Due, Verdict, judge_each, judge_each_at
from esim import allowances
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.saying import say_money

PayFrom = Subscription.PayFrom
Wallet = tuple[int, str]

RELATED = ("line__owner", "plan", "method", "backup_method")
"""What is looked at beside a subscription itself."""
LOOKS_AGAIN = frozenset({Action.WAIT, Action.HOLD, Action.ANNOUNCE})
"""What only moves the next look of the scheduler."""
LOOKS_AHEAD = 8
"""A question, its reminder and its end, or a limit for some months: what is further off is not foretold."""


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What is done with one auto-renewal as its verdict says.

    The price is paid from the balance by `wallet_part` and by `card` for `card_part`; `is_covered` is False where the
    balance alone should pay and does not hold enough, or a card should pay what cards are not charged. `second_card`
    is asked where `card` says no. `next_at` is when the scheduler looks again where it does not charge. `period` is
    bought; it costs a query where no anchor fits.
    """

    verdict: Verdict
    wallet_part: Money
    card: PaymentMethod | None
    is_covered: bool

    @property
    def subscription(self) -> Subscription:
        return self.verdict.subscription

    @property
    def at(self) -> datetime:
        return self.verdict.at

    @property
    def action(self) -> Action:
        return self.verdict.action

    @property
    def reason(self) -> str:
        return self.verdict.reason

    @property
    def charges(self) -> bool:
        return self.action == Action.CHARGE

    @property
    def price(self) -> Money:
        return self.subscription.agreed_price

    @property
    def list_price(self) -> Money | None:
        return self.verdict.price

    @property
    def card_part(self) -> Money:
        return self.price - self.wallet_part

    @property
    def second_card(self) -> PaymentMethod | None:
        return None if self.subscription.uses_backup else self.subscription.second_card

    @property
    def period_index(self) -> int:
        return self.verdict.schedule.period_index

    @property
    def next_at(self) -> datetime:
        return self.verdict.schedule.charge_due_at

    @cached_property
    def period(self) -> tuple[datetime, datetime]:
        """What `orders.fulfil` will ask the network for, on the anchor that the verdict sets."""
        moved, starts_at = self.verdict.moved(), self.verdict.starts_at
        if ends_at := aligned_end(moved, starts_at, period=moved.plan.period):
            return starts_at, ends_at
        return allowances.next_period(line=moved.line, terms=PlanTerms.of(moved.plan), now=self.at)

    @property
    def starts_at(self) -> datetime:
        return self.period[0]

    @property
    def ends_at(self) -> datetime:
        return self.period[1]


def foresee(subscriptions: Collection[Subscription], *, now: datetime) -> list[Foreseen]:
    """Foretell a run at `now`, in the order in which it takes the rows; reads only.

    What one renewal takes from a balance is not there for the next one of the same owner. Left out is what can't be
    judged: the scheduler leaves it out as well. One query beside those of `judge`, two where a balance pays.
    """
    return _foresee(judge_each(list(subscriptions), now=now))


def foresee_at(dues: Sequence[Due]) -> list[Foreseen]:
    """Foretell each at its own moment, in as many queries."""
    return _foresee(judge_each_at(dues))


def foresee_next(
    subscriptions: Iterable[Subscription],
    *,
    turns: Mapping[int, Sequence[Turn]] | None = None,
    now: datetime,
) -> list[Foreseen]:
    """Foretell of each what comes of it when it is due next, in that order; reads only.

    A look that only moves the next one is followed by that, as far as a timeline goes. As many queries as for one
    moment, and as many again for each such look, however many there are of them.
    """
    verdicts = judge_each_at([(one, max(now, one.charge_due_at)) for one in subscriptions], turns=turns)
    decided: list[Verdict] = []
    for _look in range(LOOKS_AHEAD - 1):
        passing = [one for one in verdicts if _passes(one)]
        decided += [one for one in verdicts if not _passes(one)]
        verdicts = judge_each_at([(one.moved(), one.schedule.charge_due_at) for one in passing], turns=turns)
    return _foresee(sorted([*decided, *verdicts], key=lambda one: (one.at, one.subscription.pk)))


def _passes(verdict: Verdict) -> bool:
    return verdict.action in LOOKS_AGAIN and verdict.schedule.charge_due_at > verdict.at


def _foresee(verdicts: Sequence[Verdict]) -> list[Foreseen]:
    balances = _balances([verdict.subscription for verdict in verdicts])
    tried = _tried_before(verdicts)
    taken: defaultdict[tuple[Wallet, datetime], int] = defaultdict(int)
    foreseen = []
    for verdict in verdicts:
        wallet = verdict.subscription.line.owner_id, verdict.subscription.currency
        order = tried.get((verdict.subscription.pk, verdict.schedule.period_index))
        # Those of an hour are taken up together, or nearly so; what the balance will be on another day nobody knows.
        by_then = wallet, verdict.at.replace(minute=0, second=0, microsecond=0)
        balance = balances.get(wallet, Money.zero(wallet[1])) - Money(taken[by_then], wallet[1])
        one = _foresee_one(verdict, order=order, balance=balance)
        if one.charges and order is None:
            taken[by_then] += one.wallet_part.minor
        foreseen.append(one)
    return foreseen


def _foresee_one(verdict: Verdict, *, order: Order | None, balance: Money) -> Foreseen:
    subscription = verdict.subscription
    card = subscription.paying_method if subscription.pay_from != PayFrom.WALLET else None
    share = _wallet_share(subscription, order=order, balance=balance, card=card)
    wallet_part = share if share is not None else Money.zero(subscription.currency)
    return Foreseen(verdict=verdict, wallet_part=wallet_part, card=card, is_covered=share is not None)


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


def _balances(subscriptions: Collection[Subscription]) -> dict[Wallet, Money]:
    owners = {one.line.owner_id for one in subscriptions if one.pay_from != PayFrom.METHOD}
    if not owners:
        return {}
    rows = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.WALLET, owner__in=owners)
    return {(row.owner_id, row.currency): row.money for row in rows if row.owner_id is not None}


def _tried_before(verdicts: Collection[Verdict]) -> Mapping[tuple[int, int], Order]:
    """Return, by subscription and period, the orders that another attempt goes on with."""
    if not verdicts:
        return {}
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
