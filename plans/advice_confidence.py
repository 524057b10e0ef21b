"""How far known days of use speak for those to come."""

from collections.abc import Sequence
from enum import StrEnum, auto

from plans.advice_days import DayUse

FEWEST_DAYS = 7
FAIR_FROM_DAYS = 28
GOOD_FROM_DAYS = 56
WEEK = 7


class Confidence(StrEnum):
    """How far the days of use speak for those to come; with TOO_LITTLE there is no advice."""

    TOO_LITTLE = auto()
    ROUGH = auto()
    FAIR = auto()
    GOOD = auto()


def confidence_of(days: Sequence[DayUse]) -> Confidence:
    """Judge by the number of days, and by how much alike their weeks were: within half their mean is steady."""
    if len(days) < FEWEST_DAYS:
        return Confidence.TOO_LITTLE
    if len(days) < FAIR_FROM_DAYS:
        return Confidence.ROUGH
    is_steady, is_long = weeks_are_alike(days), len(days) >= GOOD_FROM_DAYS
    if is_steady and is_long:
        return Confidence.GOOD
    return Confidence.FAIR if is_steady or is_long else Confidence.ROUGH


def weeks_are_alike(days: Sequence[DayUse]) -> bool:
    """Whether the weeks, counted back from the last day, scatter by less than half their mean."""
    first = len(days) % WEEK
    weeks = [sum(day.data_bytes for day in days[at : at + WEEK]) for at in range(first, len(days), WEEK)]
    total = sum(weeks)
    # Variance <= (mean / 2) squared, in whole numbers.
    return 4 * len(weeks) * sum(week * week for week in weeks) <= 5 * total * total
