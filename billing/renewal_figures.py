"""How automatic charging stands, counted from rows: for the staff's board and for monitoring.

Each figure is one set query over a partial index, whatever the number of subscriptions.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Mod

from billing.declines import DECLINED
from billing.models import Charge, Order, Subscription, TopUpRule
from billing.verdicts import Action, Reason, judge_each_at
from portal.lib.money import Money

State = Subscription.State

BY_STAFF = "by_staff"
OUR_REASONS = frozenset(Reason)

JUDGED = 500
"""Up to so many rows a forecast judges; of more it judges as many, picked evenly."""


@dataclass(frozen=True, slots=True)
class Pile:
    """How many wait, and since when the first of them does."""

    count: int
    since: datetime | None

    def age(self, now: datetime) -> timedelta:
        """Return how long the first has waited; never negative."""
        return max(now - self.since, timedelta(0)) if self.since else timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """Of the renewals begun in some time: how many are paid, and how many still may be."""

    begun: int
    paid: int
    open: int

    @property
    def percent(self) -> int | None:
        return self.paid * 100 // self.begun if self.begun else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the judge would say of all that is due by some time; scaled up where it looked at a part of it only."""

    due: int
    judged: int
    by_action: Mapping[str, int]
    money: Collection[Money]

    @property
    def is_estimate(self) -> bool:
        return self.judged < self.due


def due(now: datetime) -> Pile:
    """Count what the scheduler would claim now, first charges and retries."""
    return _pile(Subscription.objects.due(now) | Subscription.objects.to_retry(now), "charge_due_at")


def put_off(now: datetime) -> int:
    """Count what is due as well, but waits for something else than a worker."""
    return Subscription.objects.put_off(now).count()


def due_between(start: datetime, end: datetime) -> int:
    """Count what comes due after `start` and before `end`."""
    return (
        _running()
        .filter(state__in=[State.ACTIVE, State.PAST_DUE], charge_due_at__gt=start, charge_due_at__lt=end)
        .count()
    )


def in_flight(now: datetime) -> Pile:
    """Count what a worker has in hand, or had when it died."""
    return _pile(Subscription.objects.claimed(now), "charge_due_at")


def in_doubt() -> Pile:
    """Count charges without a payer present whose answer got lost."""
    return _pile(Charge.objects.open().filter(state=Charge.State.UNKNOWN, off_session=True), "created_at")


def past_due() -> list[tuple[int, int]]:
    """Count declined ones by how often the bank has said no in a row."""
    standing = Subscription.objects.filter(phase=State.PAST_DUE).exclude(mode=Subscription.Mode.OFF)
    return _counted(standing, "declines", by="declines")


def written_by_staff() -> Q:
    """Tell the reasons that staff wrote from those of the judge and of banks."""
    return ~Q(reason__in=sorted(OUR_REASONS)) & ~Q(reason__startswith=DECLINED)


def paused() -> list[tuple[str, int]]:
    """Count paused ones by reason, the most frequent first; what staff wrote is BY_STAFF."""
    standing = Subscription.objects.filter(phase=State.PAUSED).exclude(mode=Subscription.Mode.OFF)
    counts: Counter[str] = Counter()
    for reason, count in _counted(standing, "reason", by="-count"):
        counts[reason if reason in OUR_REASONS or reason.startswith(DECLINED) else BY_STAFF] += count
    return counts.most_common()


def declined(since: datetime) -> list[tuple[str, int]]:
    """Count what banks refused without a payer present, by decline code, the most frequent first."""
    refused = Charge.objects.filter(phase=Charge.State.DECLINED, settled_at__gte=since, off_session=True)
    return _counted(refused, "decline_code", by="-count")


def success(since: datetime) -> Success:
    """Tell how renewals begun since then ended."""
    return Success(
        **Order.objects.filter(subscription__isnull=False, created_at__gte=since).aggregate(
            begun=Count("pk"),
            paid=Count("pk", filter=Q(paid_at__isnull=False)),
            open=Count("pk", filter=Q(state=Order.State.PENDING)),
        )
    )


def top_up_rules() -> list[tuple[str, int]]:
    """Count the rules that are on, by state."""
    return _counted(TopUpRule.objects.filter(is_on=True), "state", by="state")


def forecast(*, now: datetime, until: datetime) -> Forecast:
    """Foretell what is charged from now until then, by the judge that the scheduler asks: of each as of its own moment."""
    coming = _running().filter(state__in=[State.ACTIVE, State.PAST_DUE], charge_due_at__lte=until)
    number = coming.count()
    step = -(-number // JUDGED) or 1
    sample = coming.alias(turn=Mod(F("pk"), step)).filter(turn=0) if step > 1 else coming
    rows = list(sample.select_related("line__owner", "plan", "method", "backup_method")[: 2 * JUDGED])
    verdicts = judge_each_at([(row, max(now, row.charge_due_at)) for row in rows])
    scale = number / len(rows) if rows else 0
    money: Counter[str] = Counter()
    for verdict in verdicts:
        if verdict.action == Action.CHARGE:
            money[verdict.subscription.currency] += verdict.subscription.consent_amount
    return Forecast(
        due=number,
        judged=len(rows),
        by_action={
            action: round(count * scale) for action, count in Counter(str(one.action) for one in verdicts).items()
        },
        money=[Money(round(amount * scale), currency) for currency, amount in sorted(money.items())],
    )


def _running() -> QuerySet[Subscription]:
    """Return what comes due, as the index of it holds it."""
    return Subscription.objects.filter(
        mode__in=[Subscription.Mode.ASK, Subscription.Mode.AUTOMATIC],
        phase__in=[State.ACTIVE, State.PAST_DUE],
    )


def _pile(rows: QuerySet[Any], column: str) -> Pile:
    found = rows.order_by().aggregate(count=Count("pk"), since=Min(column))
    return Pile(found["count"], found["since"])


def _counted(rows: QuerySet[Any], column: str, *, by: str) -> list[tuple[Any, int]]:
    groups = rows.order_by().values(column).annotate(count=Count("pk")).order_by(by, column)
    return [(group[column], group["count"]) for group in groups]
