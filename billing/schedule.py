"""When auto-renewal charges next: arithmetic on the anchor, no outside call and no state change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.models import Subscription
from billing.turns import Turn, turns_at
from esim.models import Allowance
from portal.lib.periods import Period, PeriodUnit, boundaries, boundary, period_at

SHORT_PERIOD_DAYS = 7
LEAD = timedelta(hours=24)
SHORT_LEAD = timedelta(hours=2)
STALE_AFTER = timedelta(days=4)
ASK_LEAD = timedelta(days=3)
SHORT_ASK_LEAD = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Which period is bought next, and when; field for field as a subscription keeps it."""

    anchor_at: datetime
    anchor_index: int
    period_index: int
    charge_due_at: datetime

    @classmethod
    def of(cls, subscription: Subscription) -> "Schedule":
        return cls(**{name: getattr(subscription, name) for name in cls.__dataclass_fields__})


def lead(period: Period) -> timedelta:
    """Return how long before the end of the paid time the next period is charged.

    A day leaves time to pay another way when the bank says no; day plans would be charged as soon as they begin.
    """
    return SHORT_LEAD if _is_short(period) else LEAD


def ask_lead(period: Period) -> timedelta:
    """Return how long before the end of the paid time a subscriber who wants to be asked is asked."""
    return SHORT_ASK_LEAD if _is_short(period) else ASK_LEAD


def is_stale(due_at: datetime, *, period: Period | None, now: datetime) -> bool:
    """Tell whether what was announced for a moment is too late to be charged unannounced.

    Later than a period of its own, at most four days: after an outage of three all is caught up at once.
    """
    is_days = period is not None and period.unit == PeriodUnit.DAY
    patience = min(STALE_AFTER, timedelta(days=period.count)) if period and is_days else STALE_AFTER
    return now - due_at > patience


def due_before(subscription: Subscription) -> timedelta:
    """Return how long before the end of the paid time something has to be done: charged, or asked."""
    period = subscription.plan.period
    return ask_lead(period) if subscription.asks_first else lead(period)


def _is_short(period: Period) -> bool:
    return period.unit == PeriodUnit.DAY and period.count < SHORT_PERIOD_DAYS


def aligned_end(subscription: Subscription, starts_at: datetime, *, period: Period) -> datetime | None:
    """Return the end of the period that begins at `starts_at`; None when no period of the anchor begins there.

    An order that is paid late may have sold another period than is renewed by now.
    """
    zone = subscription.line.zone
    steps = period_at(subscription.anchor_at, period, starts_at, zone)
    begins_at, ends_at = boundaries(subscription.anchor_at, period, steps, zone)
    return ends_at if begins_at == starts_at else None


def realigned(subscription: Subscription, *, paid: Allowance, next_index: int) -> Schedule:
    """Return the schedule that goes on where the paid time ends; `next_index` is the lowest free period.

    Where the paid time ends on a boundary of the anchor, the anchor stays. Otherwise (another plan was bought, or
    the line was without one for a while) counting begins anew, with period numbers that still only grow.
    """
    period, zone = subscription.plan.period, subscription.line.zone
    steps = period_at(subscription.anchor_at, period, paid.ends_at, zone)
    index = subscription.anchor_index + steps
    if index >= next_index and boundary(subscription.anchor_at, period, steps, zone) == paid.ends_at:
        return Schedule(
            anchor_at=subscription.anchor_at,
            anchor_index=subscription.anchor_index,
            period_index=index,
            charge_due_at=paid.ends_at - due_before(subscription),
        )
    if subscription.asked_index == next_index:
        # What was asked, and perhaps answered, was about another end.
        next_index += 1
    anchor_at, anchor_index = paid.ends_at, next_index
    if next_index > 0 and boundary(paid.starts_at, period, 1, zone) == paid.ends_at:
        # The start knows the day of the month that a clamped end has lost.
        anchor_at, anchor_index = paid.starts_at, next_index - 1
    return Schedule(
        anchor_at=anchor_at,
        anchor_index=anchor_index,
        period_index=next_index,
        charge_due_at=paid.ends_at - due_before(subscription),
    )


def last_paid(
    line_ids: Iterable[int], *, turns: Mapping[int, Sequence[Turn]] | None = None, now: datetime
) -> dict[int, Allowance]:
    """Return, by line, the plan that ends last and has not ended; what is queued behind it is paid as well.

    Of a queued plan the allowance is what it will be, and not saved. Two queries; one where `turns` are known.
    """
    return last_paid_at(dict.fromkeys(line_ids, now), turns=turns)


def last_paid_at(
    moments: Mapping[int, datetime], *, turns: Mapping[int, Sequence[Turn]] | None = None
) -> dict[int, Allowance]:
    """Return the same as of a moment for each line."""
    if not moments:
        return {}
    allowances = Allowance.objects.filter(line__in=list(moments), is_data_pack=False).not_ended(min(moments.values()))
    known = turns_at(moments) if turns is None else turns
    queued = [row[-1].as_allowance() for line_id, row in known.items() if row and line_id in moments]
    paid = [*allowances.in_burn_order(), *queued]
    return {one.line_id: one for one in paid if one.ends_at > moments[one.line_id]}
