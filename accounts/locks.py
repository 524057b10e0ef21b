"""Locking one's own account: until it is unlocked no line changes hands, device or state, and no code is shown.

A saved card is charged by no click; what auto-renewal was agreed to goes on.
"""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from accounts.notifications import every_channel, notify


class AccountLocked(Exception):
    """Whoever has only a session may look, and change nothing; a page of its own explains it, with status 423."""

    sentence = _("Your account is locked. Nothing was changed. Unlock it in your account settings, then try again.")


def is_locked(user: User) -> bool:
    """Tell whether the account was locked when this row was read, as that of a session is at each request."""
    return user.locked_at is not None


def refuse_if_locked(user: User) -> None:
    """Raise AccountLocked where the account is locked now, also by another session meanwhile. One query."""
    if User.objects.filter(pk=user.pk, locked_at__isnull=False).exists():
        raise AccountLocked


@transaction.atomic
def lock(*, user: User, ip: str | None, now: datetime) -> bool:
    """Lock a person's account as they ask; False where it was locked before."""
    if not User.objects.filter(pk=user.pk, locked_at=None).update(locked_at=now):
        return False
    user.locked_at = now
    audit.record(actor=user, subject=user, action="account.locked", target=user.public_id, ip=ip, now=now)
    _tell(user, kind="account_locked", now=now)
    return True


@transaction.atomic
def unlock(*, user: User, ip: str | None, now: datetime) -> bool:
    """Unlock it for a person who proved who they are; False where it was not locked."""
    if not _opened(user):
        return False
    audit.record(actor=user, subject=user, action="account.unlocked", target=user.public_id, ip=ip, now=now)
    _tell(user, kind="account_unlocked", now=now)
    return True


@transaction.atomic
def lift(*, user: User, staff: User | None, reason: str, ip: str | None, now: datetime) -> bool:
    """Unlock it for a person who can't; the reason goes on record, and the person is told."""
    if not _opened(user):
        return False
    audit.record(
        actor=staff,
        subject=user,
        action="account.unlocked_by_staff",
        target=user.public_id,
        detail={"reason": reason},
        ip=ip,
        now=now,
    )
    _tell(user, kind="account_unlocked", now=now)
    return True


def _opened(user: User) -> bool:
    if not User.objects.filter(pk=user.pk, locked_at__isnull=False).update(locked_at=None):
        return False
    user.locked_at = None
    return True


def _tell(user: User, *, kind: str, now: datetime) -> None:
    notify(
        user=user,
        kind=kind,
        key=f"{kind}:{user.public_id}:{now:%Y%m%d%H%M%S%f}",
        context={"done_at": now.isoformat()},
        now=now,
        channels=every_channel(user),
    )
