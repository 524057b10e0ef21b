"""The arithmetic of an outcome, period by period, so that somebody can follow it with a pencil."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from plans.advice import Outcome
from plans.advice_days import History, Span

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One period, its last day included. Of one that goes on behind the days only `counted` of `length` days count;
    everything else is told for the whole of it. `short_bytes` is what was missing and the `packs` brought.
    """

    first: date
    last: date
    counted: int
    length: int
    used_bytes: int
    used_minutes: int
    used_sms: int
    lapsed_bytes: int
    short_bytes: int
    packs: int

    @property
    def is_part(self) -> bool:
        return self.counted < self.length


def steps_of(history: History, outcome: Outcome) -> Sequence[Step]:
    """Return the periods of a plan, the first one first."""
    terms = outcome.plan.terms
    periods = history.periods(terms.period_unit, terms.period_count)
    spans = sorted(periods.by_need, key=lambda span: span.first) + ([periods.part] if periods.part else [])
    return [_step(history, outcome, span) for span in spans]


def _step(history: History, outcome: Outcome, span: Span) -> Step:
    granted, used = outcome.plan.terms.data_bytes, history.data.between(span.first, span.end)
    short = 0 if granted is None else max(0, used - granted)
    size = outcome.pack.terms.data_bytes if outcome.pack else None
    packs = -(-short // size) if size else 0
    given = used if granted is None else granted + packs * (size or 0)
    first = history.days[span.first].date
    return Step(
        first=first,
        last=first + (span.length - 1) * DAY,
        counted=span.counted,
        length=span.length,
        used_bytes=used,
        used_minutes=history.minutes.between(span.first, span.end),
        used_sms=history.sms.between(span.first, span.end),
        lapsed_bytes=max(0, given - used),
        short_bytes=short,
        packs=packs,
    )
