"""How many codes that do not exist somebody may type, counted in the database.

Only codes that are none count: who types a real one is never in the way of others behind the same address.
"""

from datetime import datetime, timedelta

from accounts.models import User
from billing.models import CodeAttempt
from portal.lib.crypto import lookup_hash
from portal.lib.turns import take_turns

PER_USER, PER_SOURCE = 10, 60
WINDOW = timedelta(hours=1)
KEPT = timedelta(days=7)


def is_open(*, user: User, ip: str | None, now: datetime) -> bool:
    """Tell whether this person may try another code from there; call it inside the transaction that looks it up.

    Whoever tries at the same time waits, so that of many at once no more get through than are allowed.
    """
    source = source_of(ip)
    take_turns(f"codes:user:{user.pk}", f"codes:source:{source}")
    recent = CodeAttempt.objects.filter(at__gt=now - WINDOW)
    return recent.filter(user=user).count() < PER_USER and recent.filter(source=source).count() < PER_SOURCE


def count_miss(*, user: User, ip: str | None, now: datetime) -> None:
    """Count a code that is none."""
    CodeAttempt.objects.filter(user=user, at__lt=now - KEPT).delete()
    CodeAttempt.objects.create(user=user, source=source_of(ip), at=now)


def source_of(ip: str | None) -> str:
    return lookup_hash(ip or "unknown", purpose="trying coupon codes")
