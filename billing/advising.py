"""Which plan would have suited a line better: for its page, and as a sentence on the front page of its owner.

The sentence is worked out by a tick, once a day for each line, and kept as a row: the front page only reads it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.db.transaction import atomic

from billing.models import NudgeDismissal, PlanNudge
from esim.models import Line
from esim.usage_days import PresentPlan, days_by_line, present_plans
from plans import catalogue
from plans.advice import Candidate, Outcome, cheaper
from plans.advice_confidence import Confidence, confidence_of
from plans.advice_days import DayUse
from plans.advice_words import Advice, advise, candidates
from plans.catalogue import PlanRow
from plans.models import Plan
from portal.lib.due_rows import in_pages
from portal.lib.ticks import InTime, always

LEAST_PERCENT = 15
LOOK_AGAIN = timedelta(hours=20)
QUIET = timedelta(days=30)
"""Whoever closed a sentence about a line hears none about it for so long, whichever plan it names."""

SURE = frozenset({Confidence.FAIR, Confidence.GOOD})
PERCENT_STEP = 10
WRITTEN = ("looked_at", "plan", "instead_of", "currency", "cost", "cost_now", "days", "basis")


def advice_for(*, line: Line, currency: str, country: str, now: datetime) -> tuple[Advice, PresentPlan | None]:
    """Replay the line's days; where no country is named a plan must work wherever the present one does."""
    days = days_by_line([line], now=now)[line.pk]
    present = present_plans([line], now=now).get(line.pk)
    sold = catalogue.snapshot(version=catalogue.version(), now=now)
    countries = frozenset({country} if country else present.sold.countries if present else ())
    found = candidates(
        sold.rows, currency=currency, countries=countries, goes_on=True, promotions=sold.promotions, now=now
    )
    return _advice(days, present=present, found=found, currency=currency), present


def _advice(
    days: Sequence[DayUse],
    *,
    present: PresentPlan | None,
    found: tuple[list[Candidate], list[Candidate]],
    currency: str,
) -> Advice:
    plans, packs = found
    return advise(
        days,
        plans=plans,
        packs=packs,
        confidence=confidence_of(days),
        goes_on=True,
        currency=currency,
        present_id=present.public_id if present else "",
    )


def look_at_lines(*, now: datetime, in_time: InTime = always) -> int:
    """Look at every line not looked at since yesterday; return for how many there is something to say."""
    lately = PlanNudge.objects.looked_at_since(now - LOOK_AGAIN).filter(line=OuterRef("pk"))
    due = Line.objects.in_use().filter(~Exists(lately)).select_related("owner")
    rows = catalogue.snapshot(version=catalogue.version(), now=now).rows
    found = 0
    for lines in in_pages(due, order=["pk"]):
        found += _look(lines, rows=rows, now=now)
        if not in_time():
            break
    return found


def _look(lines: Sequence[Line], *, rows: Sequence[PlanRow], now: datetime) -> int:
    """Write down what there is to say about these lines; a line without anything gets an empty row."""
    days, present, closed = days_by_line(lines, now=now), present_plans(lines, now=now), _closed(lines)
    found = {}
    for line in lines:
        plan, currency = present.get(line.pk), line.owner.currency
        countries = frozenset(plan.sold.countries if plan else ())
        # A promotion says nothing of what the next periods cost.
        suited = candidates(rows, currency=currency, countries=countries, goes_on=True, now=now)
        advice = _advice(days[line.pk], present=plan, found=suited, currency=currency)
        better = _better(advice)
        if better and not _is_closed(advice, better, closed.get(line.pk, {}), now=now):
            found[line.pk] = advice, better
    ids = dict(
        Plan.objects.filter(public_id__in={better.public_id for _, better in found.values()}).values_list(
            "public_id", "pk"
        )
    )
    nudges = [
        PlanNudge(line=line, looked_at=now, **_said(*found[line.pk], present=present[line.pk], ids=ids))
        if line.pk in found
        else PlanNudge(line=line, looked_at=now)
        for line in lines
    ]
    PlanNudge.objects.bulk_create(nudges, update_conflicts=True, unique_fields=["line"], update_fields=WRITTEN)
    return len(found)


def _said(advice: Advice, better: Outcome, *, present: PresentPlan, ids: Mapping[str, int]) -> dict[str, Any]:
    assert advice.present is not None  # noqa: S101 - or nothing were better
    return {
        "plan_id": ids.get(better.public_id),
        "instead_of": present.sold,
        "currency": advice.currency,
        "cost": better.cost,
        "cost_now": advice.present.cost,
        "days": advice.days,
        "basis": _basis(advice, better),
    }


def _better(advice: Advice) -> Outcome | None:
    """Return what would have been clearly cheaper and no worse; nobody is nudged on a rough guess."""
    if advice.present is None or advice.confidence not in SURE:
        return None
    return cheaper(advice.outcomes, than=advice.present, by_percent=LEAST_PERCENT)


def _basis(advice: Advice, better: Outcome) -> str:
    """Name what the sentence rests on: plans, prices, and roughly how much is saved."""
    present = advice.present
    if present is None:
        return ""
    saved = (present.cost - better.cost) * 100 // present.cost // PERCENT_STEP
    return f"{present.public_id}:{present.plan.price}:{better.plan.price}:{advice.currency}:{saved}"


def _closed(lines: Sequence[Line]) -> Mapping[int, Mapping[str, NudgeDismissal]]:
    """Return the sentences that were closed, by line and public id of the plan they named."""
    by_line: defaultdict[int, dict[str, NudgeDismissal]] = defaultdict(dict)
    for one in NudgeDismissal.objects.filter(line__in=lines).select_related("plan"):
        by_line[one.line_id][one.plan.public_id] = one
    return by_line


def _is_closed(advice: Advice, better: Outcome, closed: Mapping[str, NudgeDismissal], *, now: datetime) -> bool:
    if any(one.at > now - QUIET for one in closed.values()):
        return True
    before = closed.get(better.public_id)
    return before is not None and before.basis == _basis(advice, better)


@atomic
def close(*, line: Line, now: datetime) -> bool:
    """Have the sentence about a line go away; return whether there was one."""
    nudge = PlanNudge.objects.with_something_to_say().select_for_update(of=("self",)).filter(line=line).first()
    if nudge is None or nudge.plan_id is None:
        return False
    NudgeDismissal.objects.update_or_create(
        line=line, plan_id=nudge.plan_id, defaults={"basis": nudge.basis, "at": now}
    )
    return bool(PlanNudge.objects.filter(pk=nudge.pk, plan=nudge.plan_id).update(plan=None))
