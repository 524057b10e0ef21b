"""What each plan would have cost for known days of use, and what would have been missing: a replay.

A period is bought on a day with use that none covers, and lasts as long as the calendar says. Data that runs out is
bought as data packs where some fit, the kind that comes cheapest for the plan; where none fits, the days until the end
of the period go without. A period that goes on after the last day counts by the share of its days, price and all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from plans.advice_days import History, Periods, Span, Totals
from plans.terms import PlanTerms

BEARABLE_ONE_IN = 10
"""One slow day in ten is borne; so is one in ten without minutes or messages. Days without data are not."""


UNLIMITED = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A plan or data pack on sale, with its price in minor units of the currency all candidates share.

    `price` counts for each period; `to_pay` is asked for the first one, where an offer makes it less.
    """

    public_id: str
    terms: PlanTerms
    price: int
    to_pay: int | None = None


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of one plan.

    `periods` are whole ones; of one more, `part` says (days that count, days in all). Packs likewise. `cost` is for
    the days that count, rounded half up; `wasted_bytes` is what was paid for and lapsed.
    """

    plan: Candidate
    days: int
    periods: int
    part: tuple[int, int] | None
    pack: Candidate | None
    packs: int
    part_packs: int
    cost: int
    days_slow: int
    days_without_data: int
    days_without_calls: int
    days_without_sms: int
    wasted_bytes: int

    @property
    def public_id(self) -> str:
        return self.plan.public_id

    @property
    def all_packs(self) -> int:
        return self.packs + self.part_packs

    @property
    def days_short(self) -> int:
        return self.days_slow + self.days_without_data + self.days_without_calls + self.days_without_sms

    @property
    def fits(self) -> bool:
        """Whether somebody could have lived with it."""
        if self.days_without_data:
            return False
        bearable = self.days // BEARABLE_ONE_IN
        return self.days_slow <= bearable and self.days_without_calls <= bearable and self.days_without_sms <= bearable

    @property
    def shortfalls(self) -> tuple[int, int, int, int]:
        """What must not grow where one plan is advised instead of another."""
        return self.days_slow, self.days_without_data, self.days_without_calls, self.days_without_sms


@dataclass(frozen=True, slots=True)
class _Filled:
    """What an amount of data does for the days: how much lapses, who is short, and which packs that takes."""

    wasted_bytes: int
    pack: Candidate | None = None
    packs: int = 0
    part_packs: int = 0
    short: Sequence[Span] = ()
    part_is_short: bool = False


def replay(history: History, plans: Iterable[Candidate], *, packs: Sequence[Candidate] = ()) -> list[Outcome]:
    """Return what each plan comes to, the best first; `packs` are the data packs that would have worked there."""
    run = _Run(history, packs)
    return sorted((run.outcome(plan) for plan in plans), key=_rank) if len(history) else []


def _rank(outcome: Outcome) -> tuple[object, ...]:
    """Put what fits first, by cost; what doesn't behind, by what is missing. At equal cost what gives more leads."""
    terms, days_short = outcome.plan.terms, outcome.days_short
    is_short = days_short > 0 and not outcome.fits
    return (
        is_short,
        days_short if is_short else 0,
        outcome.cost,
        days_short,
        -(UNLIMITED if terms.data_bytes is None else terms.data_bytes),
        -(terms.daily_cap_bytes or UNLIMITED),
        -(terms.throttled_kbps or 0),
        -terms.voice_minutes,
        -terms.sms_count,
        outcome.plan.price,
    )


def cheaper(outcomes: Sequence[Outcome], *, than: Outcome, by_percent: int) -> Outcome | None:
    """Return the best outcome that costs so much less and lacks nothing on more days."""
    limits = than.shortfalls
    return next(
        (
            one
            for one in outcomes
            if one.cost * 100 <= than.cost * (100 - by_percent)
            and one.cost < than.cost
            and all(ours <= theirs for ours, theirs in zip(one.shortfalls, limits, strict=True))
        ),
        None,
    )


class _Run:
    """One replay. What plans share, the same period and as much data, is worked out once."""

    def __init__(self, history: History, packs: Sequence[Candidate]) -> None:
        self.history = history
        self.packs = _worth_buying(packs)
        self._filled: dict[tuple[str, int, int], _Filled] = {}
        self._calls: dict[tuple[str, int, int, bool], int] = {}

    def outcome(self, plan: Candidate) -> Outcome:
        terms = plan.terms
        periods = self.history.periods(terms.period_unit, terms.period_count)
        filled = self._fill(periods, terms)
        slow, without = self._days_short(periods, filled, terms)
        part = periods.part
        cost = plan.price * periods.count
        if filled.pack:
            cost += filled.pack.price * filled.packs
        if part:
            paid = plan.price + (filled.pack.price * filled.part_packs if filled.pack else 0)
            cost += (2 * paid * part.counted + part.length) // (2 * part.length)
        return Outcome(
            plan=plan,
            days=len(self.history),
            periods=periods.count,
            part=(part.counted, part.length) if part else None,
            pack=filled.pack,
            packs=filled.packs,
            part_packs=filled.part_packs,
            cost=cost,
            days_slow=slow,
            days_without_data=without,
            days_without_calls=self._days_missing(periods, terms, sms=False),
            days_without_sms=self._days_missing(periods, terms, sms=True),
            wasted_bytes=filled.wasted_bytes,
        )

    def _fill(self, periods: Periods, terms: PlanTerms) -> _Filled:
        if terms.data_bytes is None:
            return _Filled(0)
        key = (terms.period_unit, terms.period_count, terms.data_bytes)
        found = self._filled.get(key)
        if found is None:
            found = self._filled[key] = self._filled_by(periods, terms.data_bytes)
        return found

    def _filled_by(self, periods: Periods, data_bytes: int) -> _Filled:
        left, needs, short = periods.left_over(data_bytes)
        part = periods.part
        part_short = max(0, periods.part_need - data_bytes) if part else 0
        if part and not part_short:
            left += _share(data_bytes - periods.part_need, part)
        missing = [need - data_bytes for need in needs]
        if not self.packs or not (missing or part_short):
            return _Filled(left, short=short, part_is_short=part_short > 0)
        ways = (_topped_up(pack, missing, part_short, part) for pack in self.packs)
        _cost, wasted, pack, packs, part_packs = min(ways, key=lambda way: way[:2])
        return _Filled(left + wasted, pack=pack, packs=packs, part_packs=part_packs)

    def _days_short(self, periods: Periods, filled: _Filled, terms: PlanTerms) -> tuple[int, int]:
        """Return on how many days data was slow, and on how many it had run out."""
        history, cap, part = self.history, terms.daily_cap_bytes, periods.part
        over = history.over(cap) if cap else None
        # Every day with use lies in one of the periods.
        capped = over.all - (over.between(part.first, len(history)) if part else 0) if over else 0
        gone = 0
        for span in filled.short:
            ran_out = history.data.gone_on(span.first, terms.data_bytes or 0)
            gone += history.with_data.between(ran_out, span.end)
            capped -= over.between(ran_out, span.end) if over else 0
        if part:
            more_capped, more_gone = self._part_short(part, filled, terms, over)
            capped, gone = capped + more_capped, gone + more_gone
        # Over the day's cap it goes on slowly where the terms name a speed; used up, where nothing but that is limited.
        slow = (capped if terms.throttled_kbps else 0) + (gone if terms.throttled_kbps and not cap else 0)
        return slow, capped + gone - slow

    def _part_short(self, part: Span, filled: _Filled, terms: PlanTerms, over: Totals | None) -> tuple[int, int]:
        """Return days over the cap and days used up of the period that goes on, by its share.

        Rounded up, so that nothing looks better than it is.
        """
        ran_out, gone = part.end, 0
        if filled.part_is_short:
            ran_out = self.history.data.gone_on(part.first, terms.data_bytes or 0)
            gone = self.history.with_data.between(ran_out, part.end)
        capped = over.between(part.first, ran_out) if over else 0
        both, gone = _share_up(capped + gone, part), _share_up(gone, part)
        return both - gone, gone

    def _days_missing(self, periods: Periods, terms: PlanTerms, *, sms: bool) -> int:
        """Return on how many days minutes or messages had run out."""
        totals = self.history.sms if sms else self.history.minutes
        if not totals.all:
            return 0
        granted = terms.sms_count if sms else terms.voice_minutes
        key = (terms.period_unit, terms.period_count, granted, sms)
        found = self._calls.get(key)
        if found is None:
            found = self._calls[key] = self._missing(periods, totals, granted)
        return found

    def _missing(self, periods: Periods, totals: Totals, granted: int) -> int:
        used = self.history.with_any(totals)
        days = 0
        for span in periods.by_need:
            if totals.between(span.first, span.end) > granted:
                days += used.between(totals.gone_on(span.first, granted), span.end)
        part = periods.part
        if part and totals.between(part.first, part.end) > granted:
            days += _share_up(used.between(totals.gone_on(part.first, granted), part.end), part)
        return days


def _worth_buying(packs: Sequence[Candidate]) -> list[Candidate]:
    """Leave out empty packs, and those beside which as much or more costs less, or the same."""
    found: list[Candidate] = []
    for pack in sorted(packs, key=lambda one: (one.price, -(one.terms.data_bytes or 0))):
        if (pack.terms.data_bytes or 0) > (found[-1].terms.data_bytes or 0 if found else 0):
            found.append(pack)
    return found


def _topped_up(
    pack: Candidate, missing: Sequence[int], part_short: int, part: Span | None
) -> tuple[int, int, Candidate, int, int]:
    """Return cost, waste, the pack and how many of it bring what is missing; packs end with their period."""
    size = pack.terms.data_bytes or 1
    packs = sum(-(-short // size) for short in missing)
    part_packs = -(-part_short // size)
    cost, wasted = pack.price * packs, size * packs - sum(missing)
    if part:
        cost += _share(pack.price * part_packs, part)
        wasted += _share(size * part_packs - part_short, part)
    return cost, wasted, pack, packs, part_packs


def _share(amount: int, part: Span) -> int:
    return amount * part.counted // part.length


def _share_up(amount: int, part: Span) -> int:
    return -(-amount * part.counted // part.length)
