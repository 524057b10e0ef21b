"""The private address of a subscriber's calendar: whoever has it reads the calendar, so it can be replaced."""

from datetime import datetime

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from accounts import audit
from accounts.models import User

# The salt is the purpose: what is signed for something else opens no calendar.
_SIGNER = Signer(sep=".", salt="accounts.calendar")


def token_of(user: User) -> str:
    """Return what the address ends in; another one for each version of the link."""
    return _SIGNER.sign(f"{user.public_id}.{user.calendar_version}")


def address_of(user: User) -> str:
    return f"{settings.PORTAL_BASE_URL}{reverse('calendar', args=[token_of(user)])}"


def reader_of(token: str) -> User | None:
    """Return whose calendar a token opens now; None where it was replaced, or never was one."""
    try:
        public_id, version = _SIGNER.unsign(token).split(".")
    except (BadSignature, ValueError):
        return None
    return User.objects.filter(public_id=public_id, calendar_version=int(version), is_active=True).first()


def replace_link(*, user: User, ip: str | None, now: datetime) -> None:
    """Let every address given out so far open nothing any more."""
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(calendar_version=F("calendar_version") + 1)
        audit.record(actor=user, subject=user, action="account.calendar_link_replaced", ip=ip, now=now)
