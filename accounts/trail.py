"""The subscriber's own view of the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEvent, User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

SHOWN = 10

LABELS = {
    "account.signed_up": _("Account opened"),
    "account.signed_in": _("Signed in"),
    "account.sign_in_failed": _("Wrong password at sign-in"),
    "account.code_rejected": _("Wrong one-time code"),
    "account.reauthenticated": _("Identity confirmed again"),
    "account.signed_out": _("Signed out"),
    "account.sessions_ended": _("Signed out everywhere else"),
    "account.password_changed": _("Password changed"),
    "account.password_reset": _("Password reset by e-mail code"),
    "account.email_changed": _("E-mail address changed"),
    "account.phone_changed": _("Mobile number changed"),
    "account.second_factor_added": _("Second step added"),
    "account.second_factor_removed": _("Second step removed"),
    "account.second_factor_renewed": _("Recovery codes renewed"),
    "account.second_factor_failed": _("Wrong code at the second step"),
    "account.unproved_access_removed": _("Password and number from before the first confirmation removed"),
    "user.created_by_staff": _("Account opened by support"),
    "user.changed_by_staff": _("Account changed by support"),
    "user.deactivated": _("Account deactivated by support"),
    "user.reactivated": _("Account reactivated by support"),
    "line.activation_code_viewed": _("Activation code of a line opened"),
    "line.pin_viewed": _("PIN and PUK of a SIM opened"),
    "auto_renewal.turned_on": _("Auto-renewal turned on"),
    "auto_renewal.turned_off": _("Auto-renewal turned off"),
    "auto_renewal.paused_by_staff": _("Auto-renewal paused by support"),
    "auto_renewal.resumed_by_staff": _("Auto-renewal resumed by support"),
    "order.refunded": _("Order given back"),
    "refund.requested": _("Refund begun by support"),
    "refund.approved": _("Refund approved by support"),
    "refund.refused": _("Refund turned down by support"),
    "refund.tried_again": _("Refund tried again by support"),
    "payment_method.removed": _("Saved card removed"),
}
"""What the subscriber reads for each action, whichever app recorded it."""


@dataclass(frozen=True, slots=True)
class Trace:
    label: "_StrPromise"
    at: datetime
    ip_address: str | None


def recent(user: User) -> list[Trace]:
    """Return the last things that happened to this person's account, newest first."""
    events = AuditEvent.objects.filter(subject=user, action__in=LABELS).order_by("-at", "-pk")[:SHOWN]
    return [Trace(LABELS[event.action], event.at, _address_to_show(event)) for event in events]


def _address_to_show(event: AuditEvent) -> str | None:
    """Return from where it was done, unless by staff: that address is not the subscriber's to know."""
    return event.ip_address if event.actor_id in {None, event.subject_id} else None
