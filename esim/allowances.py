"""What a line may use: granting it, and what comes after a purchase. How it is used up is told in `esim.rating_rules`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from esim import rating
from esim.models import Allowance, Line, UsageRecord
from plans import sold
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.periods import Period, boundary, period_at

REMEMBERED_PLANS = 12
LAST_DAY = timedelta(days=1)
"""So near to its end a plan is hardly worth a data pack, unless the pack goes on with the plan that follows."""


class NothingToTopUp(Exception):
    """A data pack adds to a running plan, and none runs."""

    sentence = _("This line has no running plan, so there is nothing to add data to. Renew it first.")

    def __init__(self) -> None:
        super().__init__("No plan runs on the line.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterPurchase:
    """What a line would have: all data left, or None where it is unlimited, and until when."""

    data_bytes: int | None
    ends_at: datetime


COPIED = ("data_bytes", "daily_cap_bytes", "throttled_kbps", "voice_minutes", "sms_count")
"""What an allowance copies of the terms that were sold, name by name."""


def grant(
    *, line: Line, plan: Plan, terms: PlanTerms, purchase_id: str, starts_at: datetime, ends_at: datetime
) -> Allowance:
    """Write down what a purchase gave to a line; for the same purchase again, return the same row.

    What was used since it began may have been counted before it was known here: then it is counted again.
    """
    allowance, is_new = Allowance.objects.get_or_create(
        granted_for=purchase_id,
        defaults={
            "line": line,
            "plan": plan,
            "sold": sold.keep(terms),
            "is_data_pack": terms.is_data_pack,
            **{name: getattr(terms, name) for name in COPIED},
            "starts_at": starts_at,
            "ends_at": ends_at,
        },
    )
    if is_new and starts_at < allowance.created_at and _has_counted_use(line, since=starts_at):
        with transaction.atomic():
            rating.rerate(line, now=allowance.created_at)
        allowance.refresh_from_db()
    return allowance


def _has_counted_use(line: Line, *, since: datetime) -> bool:
    return UsageRecord.objects.filter(line=line, at__gte=since, rated_at__isnull=False).exists()


def next_period(*, line: Line, terms: PlanTerms, now: datetime) -> tuple[datetime, datetime]:
    """Return from when until when a purchase made now would last.

    A plan begins where the last one ends. A data pack begins at once and ends with the running plan, on its last day
    with the one that follows it; raises NothingToTopUp where none runs.
    """
    if terms.is_data_pack:
        return now, _end_of_pack(line, now=now)
    before = _plans_before(line)
    if not before or before[0][1] <= now:
        return now, boundary(now, terms.period, 1, line.zone)
    return before[0][1], _next_end(before, period=terms.period, zone=line.zone)


def _end_of_pack(line: Line, *, now: datetime) -> datetime:
    """Return the end of what runs, on its last day of what is granted without a gap behind it."""
    plans = list(Allowance.objects.filter(line=line, is_data_pack=False).not_ended(now).in_burn_order())
    running = [plan for plan in plans if plan.starts_at <= now]
    if not running:
        raise NothingToTopUp
    ends_at = running[-1].ends_at
    if ends_at - now > LAST_DAY:
        return ends_at
    return next((plan.ends_at for plan in plans if plan.starts_at <= ends_at < plan.ends_at), ends_at)


def periods_after(
    *, line: Line, plans: Sequence[PlanTerms], begins_at: datetime, beside: Sequence[tuple[datetime, datetime]] = ()
) -> list[tuple[datetime, datetime]]:
    """Return from when until when plans would last that follow the line's last one, and each other.

    The first begins at `begins_at` where the line's last plan has ended by then; `beside` are periods to be granted
    besides what stands.
    """
    before = sorted([*_plans_before(line), *beside], key=lambda period: period[1], reverse=True)
    periods: list[tuple[datetime, datetime]] = []
    for terms in plans:
        if not before or before[0][1] < begins_at:
            period = begins_at, boundary(begins_at, terms.period, 1, line.zone)
        else:
            period = before[0][1], _next_end(before, period=terms.period, zone=line.zone)
        periods.append(period)
        before = [period, *before]
    return periods


def remind_anew(line: Line, *, now: datetime) -> None:
    """Have the reminders look again at what runs, because what was to follow it does not."""
    Allowance.objects.filter(line=line).not_ended(now).update(remind_due_at=now)


def _plans_before(line: Line) -> list[tuple[datetime, datetime]]:
    """Return start and end of the line's last plans, the latest first; data packs extend nothing."""
    plans = Allowance.objects.standing().filter(line=line, is_data_pack=False).order_by("-ends_at", "-pk")
    return list(plans.values_list("starts_at", "ends_at")[:REMEMBERED_PLANS])


def _next_end(before: Sequence[tuple[datetime, datetime]], *, period: Period, zone: ZoneInfo) -> datetime:
    """Return the end of one more period, counted from the first plan of an unbroken row that ends on its boundary.

    From the end itself, a month begun on 31 January and ended on 28 February would stay with the 28th for good.
    """
    starts_at = before[0][1]
    anchor = following = starts_at
    for begins, ends in before:
        if ends != following:
            break
        following = begins
        if boundary(begins, period, period_at(begins, period, starts_at, zone), zone) == starts_at:
            anchor = begins
    return boundary(anchor, period, period_at(anchor, period, starts_at, zone) + 1, zone)


def preview(*, line: Line, terms: PlanTerms, now: datetime) -> AfterPurchase:
    """Say what the line would have after a purchase; raises NothingToTopUp."""
    _starts_at, ends_at = next_period(line=line, terms=terms, now=now)
    left = [allowance.remaining_bytes for allowance in Allowance.objects.filter(line=line).not_ended(now)]
    amounts = [*left, terms.data_bytes]
    known = [amount for amount in amounts if amount is not None]
    return AfterPurchase(data_bytes=sum(known) if len(known) == len(amounts) else None, ends_at=ends_at)
