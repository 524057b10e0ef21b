"""For a while after an account's e-mail, number or second step was changed, or its password reset, no line leaves it.

Who took an account over changes these first, or has its mailbox only; the owner has that long to notice.
"""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import AuditEvent, User

CHANGES = frozenset(
    {
        "account.email_changed",
        "account.password_reset",
        "account.phone_changed",
        "account.second_factor_added",
        "account.second_factor_removed",
        "account.second_factor_renewed",
    }
)
LIFTED = "account.cool_off_lifted"


class CoolingOff(Exception):
    """The e-mail, number or second step of the account was changed within the last hours."""

    sentence = _(
        "Your e-mail address, number, second step or password was changed a short while ago. Nothing was changed."
    )

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def until(user: User, now: datetime) -> datetime | None:
    """Return when the time to wait is over; None where there is none, or staff lifted it. One query."""
    recent = AuditEvent.objects.filter(subject=user, at__gt=now - settings.PORTAL_COOL_OFF)
    last = recent.filter(action__in=[*sorted(CHANGES), LIFTED]).order_by("-at", "-pk").first()
    return None if last is None or last.action == LIFTED else last.at + settings.PORTAL_COOL_OFF


def lift(*, user: User, staff: User | None, reason: str, ip: str | None, now: datetime) -> bool:
    """Let the person go on at once; the reason goes on record. False where there was nothing to wait for."""
    if until(user, now) is None:
        return False
    audit.record(
        actor=staff,
        subject=user,
        action="account.cool_off_lifted",
        target=user.public_id,
        detail={"reason": reason},
        ip=ip,
        now=now,
    )
    return True
