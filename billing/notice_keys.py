"""Names of the facts that notices about automatic charges tell: for who writes them, and for who asks later."""

from datetime import UTC, datetime, timedelta

from django.db.models import Q

from portal.lib.money import Money
from portal.lib.periods import Period, PeriodUnit

WEEK = 7
DAY = timedelta(days=1)
RUNGS = {"charge-7d": 7 * DAY, "charge-1d": DAY, "charge-3h": timedelta(hours=3)}
"""How long before a charge it is announced, by the first word of the key."""
QUESTIONS = ("renewal-question", "renewal-question-last")


def rungs(period: Period) -> tuple[str, ...]:
    """Return which notices there are before a charge for this period, the earliest first."""
    if period.unit != PeriodUnit.DAY or period.count >= WEEK:
        return ("charge-7d", "charge-1d")
    return ("charge-1d",) if period.count > 1 else ("charge-3h",)


def last_notice(period: Period) -> timedelta:
    """Return how long before a charge for this period the last notice of it goes."""
    return RUNGS[rungs(period)[-1]]


def charge_notice(*, rung: str, subscription_id: str, period_index: int, charge_at: datetime, price: Money) -> str:
    """Return the key of one notice; date and price are part of it, so that other ones are told anew."""
    facts = f"{charge_at.astimezone(UTC):%Y%m%dT%H%M}-{price.minor}{price.currency}"
    return f"{_beginning(rung, subscription_id, period_index)}{facts}"


def charge_notices(*, subscription_id: str, period_index: int) -> Q:
    """Return the condition for all notices before the charge of one period; `subscription_id` is the public one.

    Ask within one person's notices: Notification.objects.owned_by(user).filter(charge_notices(…)).
    """
    keys = Q()
    for rung in RUNGS:
        keys |= Q(key__startswith=_beginning(rung, subscription_id, period_index))
    return keys


def questions(*, subscription_id: str, period_index: int) -> Q:
    """Return the condition for the question before the renewal of one period, and for its reminder."""
    keys = Q()
    for kind in QUESTIONS:
        keys |= Q(key__startswith=_beginning(kind, subscription_id, period_index))
    return keys


def _beginning(rung: str, subscription_id: str, period_index: int) -> str:
    return f"{rung}:{subscription_id}:{period_index}:"
