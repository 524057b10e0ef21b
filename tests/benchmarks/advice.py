"""`make bench-advice`: replays ten lines' ninety days against 500 plans, and fails where that takes too long.

Every plan works everywhere and has a price of its own; they come in the periods and sizes that people sell. The gate is
on processor time, which other programs on the machine disturb least; the clock on the wall is printed beside it.
"""

import random
import sys
from datetime import date, timedelta
from statistics import median
from time import perf_counter, process_time

import django

LINES, PLANS, PACKS, DAYS = 10, 500, 5, 90
ROUNDS = 15
AT_MOST_MS = 50.0
SIZES_GB = (1, 2, 3, 5, 6, 8, 10, 12, 15, 18, 20, 25, 30, 40, 50, 60, 75, 80, 90, 100)
PERIODS = (("day", 1), ("day", 7), ("day", 15), ("day", 30), ("day", 90), ("month", 1), ("month", 3), ("year", 1))


def main() -> int:
    django.setup()
    # Models load with the terms, and before the set-up they can't.
    from plans.advice import Candidate, replay  # noqa: PLC0415
    from plans.advice_days import DayUse, History  # noqa: PLC0415
    from plans.terms import PlanTerms  # noqa: PLC0415
    from portal.lib.data_size import GB  # noqa: PLC0415

    chance = random.Random(2026)  # noqa: S311 - the same figures in every run

    def candidate(number: int, *, kind: str = "plan") -> Candidate:
        unit, count = PERIODS[number % len(PERIODS)]
        unlimited = kind == "plan" and chance.random() < 0.2
        terms = PlanTerms(
            code=f"{kind}-{number}",
            kind=kind,
            name=f"{kind} {number}",
            name_zh_hans="",
            name_zh_hant="",
            region="europe",
            countries=["FR"],
            data_bytes=None if unlimited else chance.choice(SIZES_GB) * GB,
            daily_cap_bytes=chance.choice([GB, 2 * GB, 5 * GB]) if unlimited else None,
            throttled_kbps=512 if unlimited else None,
            voice_minutes=chance.choice([0, 60, 200]),
            sms_count=chance.choice([0, 50]),
            period_unit=unit,
            period_count=count,
        )
        return Candidate(public_id=terms.code, terms=terms, price=chance.randrange(200, 9000))

    def used(day: int) -> DayUse:
        data = int(chance.expovariate(1) * GB) if chance.random() < 0.9 else 0
        return DayUse(
            date=date(2026, 8, 23) + timedelta(days=day), data_bytes=data, minutes=chance.choice([0, 0, 5]), sms=day % 3
        )

    plans = [candidate(number) for number in range(PLANS)]
    packs = [candidate(number, kind="data_pack") for number in range(PACKS)]
    lines = [[used(day) for day in range(DAYS)] for _ in range(LINES)]
    taken, waited = [], []
    for _ in range(ROUNDS):
        begun, on_the_wall = process_time(), perf_counter()
        found = [replay(History(days, goes_on=True), plans, packs=packs) for days in lines]
        taken.append((process_time() - begun) * 1000)
        waited.append((perf_counter() - on_the_wall) * 1000)
    return _report(taken, waited, replays=sum(len(outcomes) for outcomes in found))


def _report(taken: list[float], waited: list[float], *, replays: int) -> int:
    """Print the figures and what was missed; return the exit code."""
    typical = median(taken)
    sys.stdout.write(f"FIGURE advice_replays {replays} replays\n")
    sys.stdout.write(f"FIGURE advice_500_plans_10_lines {typical:.1f} ms\n")
    sys.stdout.write(f"FIGURE advice_500_plans_10_lines_wall {median(waited):.1f} ms\n")
    if typical < AT_MOST_MS:
        return 0
    sys.stderr.write(f"MISSED 500 plans and 10 lines take {typical:.1f} ms, at most {AT_MOST_MS:.0f} ms are allowed\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
