"""How many codes that do not exist somebody may type, counted in the database.

Only codes that are none count: who types a real one is never in the way of others behind the same address. New
accounts cost nothing, so that all who have never paid share one more limit; customers are not held up by it.
"""

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import User
from billing.models import CodeAttempt
from portal.lib.crypto import lookup_hash
from portal.lib.turns import take_turns

PER_USER, PER_SOURCE = 5, 20
WINDOW = timedelta(hours=1)
KEPT = timedelta(days=7)


def is_open(*, user: User, ip: str | None, is_customer: bool, now: datetime) -> bool:
    """Tell whether this person may try another code from there; call it inside the transaction that looks it up.

    Whoever tries at the same time waits, so that of many at once no more get through than are allowed.
    """
    source = source_of(ip)
    take_turns(f"codes:user:{user.pk}", f"codes:source:{source}", *([] if is_customer else ["codes:strangers"]))
    recent = CodeAttempt.objects.filter(at__gt=now - WINDOW)
    return (
        recent.filter(user=user).count() < PER_USER
        and recent.filter(source=source).count() < PER_SOURCE
        and (is_customer or recent.filter(is_customer=False).count() < settings.PORTAL_CODE_MISSES)
    )


def count_miss(*, user: User, ip: str | None, is_customer: bool, now: datetime) -> None:
    """Count a code that is none."""
    CodeAttempt.objects.filter(user=user, at__lt=now - KEPT).delete()
    CodeAttempt.objects.create(user=user, source=source_of(ip), is_customer=is_customer, at=now)


def source_of(ip: str | None) -> str:
    return lookup_hash(ip or "unknown", purpose="trying coupon codes")
