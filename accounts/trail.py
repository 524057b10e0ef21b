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
    "account.reset_link_sent": _("Link to a new password sent"),
    "account.password_reset": _("New password set without the old one"),
    "account.email_changed": _("E-mail address changed"),
    "account.phone_changed": _("Mobile number changed"),
    "account.number_gone": _("Mobile number taken off: its SIM went to another account"),
    "account.address_change_requested": _("Support asked to change your e-mail address or number"),
    "account.address_change_approved": _("Changing your e-mail address or number agreed by support"),
    "account.address_change_refused": _("Changing your e-mail address or number turned down by support"),
    "account.address_change_stopped": _("Changing your e-mail address or number by support stopped"),
    "account.new_address_proved": _("New e-mail address or number confirmed"),
    "account.second_factor_added": _("Second step added"),
    "account.second_factor_removed": _("Second step removed"),
    "account.second_factor_renewed": _("Recovery codes renewed"),
    "account.second_factor_failed": _("Wrong code at the second step"),
    "account.calendar_link_replaced": _("Calendar link replaced"),
    "account.looked_at_by_staff": _("Looked at by support"),
    "account.locked": _("Account locked"),
    "account.unlocked": _("Account unlocked"),
    "account.unlocked_by_staff": _("Account unlocked by support"),
    "account.suspicion_reported": _("Suspicious activity reported"),
    "account.cool_off_lifted": _("Waiting time after a change lifted by support"),
    "account.unproved_access_removed": _("Password and number from before the first confirmation removed"),
    "user.created_by_staff": _("Account opened by support"),
    "user.changed_by_staff": _("Account changed by support"),
    "user.deactivated": _("Account deactivated by support"),
    "user.reactivated": _("Account reactivated by support"),
    "account.business_begun": _("Account used for a company"),
    "account.business_ended": _("Account no longer used for a company"),
    "line.activation_code_viewed": _("Activation code of a line opened"),
    "line.activation_code_kept": _("Install page of a line kept on a device"),
    "line.confirmation_code_sent": _("Confirmation code of an eSIM sent"),
    "line.pin_viewed": _("PIN and PUK of a SIM opened"),
    "line.suspended_by_staff": _("Line suspended by support"),
    "line.profile_found_by_staff": _("eSIM that was being ordered found by support"),
    "line.profile_ordered_anew_by_staff": _("eSIM ordered once more by support"),
    "line.resumed_by_staff": _("Line put back into service by support"),
    "line.bound": _("Card bound to the account"),
    "line.bound_elsewhere": _("Card bound to another account"),
    "line.new_pin_issued": _("New PIN for a card issued by support"),
    "line.suspended_by_owner": _("Line suspended"),
    "line.resumed_by_owner": _("Line put back into service"),
    "line.termination_asked": _("Terminating a line asked for"),
    "line.terminated": _("Line terminated"),
    "line.replacement_begun": _("Moving a line to another device begun"),
    "line.replacement_undo_asked": _("Undoing that asked for"),
    "line.replacement_confirmed": _("New device said to work"),
    "line.moved_to_new_profile": _("Line moved to another device"),
    "line.moved_back": _("Line moved back to the old device"),
    "line.replaced": _("Old eSIM of a moved line ended"),
    "line.replacement_undone": _("Moving a line to another device undone"),
    "line.replacement_failed": _("Moving a line to another device failed"),
    "line.member_invited": _("Somebody invited to share a line"),
    "line.invitation_withdrawn": _("Invitation to a line withdrawn"),
    "line.invitation_declined": _("Invitation to a line declined"),
    "line.member_joined": _("Somebody shares a line now"),
    "line.member_removed": _("Sharing a line with somebody ended"),
    "line.member_left": _("Somebody left a line they shared"),
    "line.joined": _("Joined a line of somebody else"),
    "line.left": _("Left a line of somebody else"),
    "line.role_ended": _("A line of somebody else no longer shared"),
    "line.move_offered": _("Line offered to another account"),
    "line.move_agreed": _("Giving a line to another account agreed"),
    "line.claim_asked": _("Claim begun to a line ordered with another address"),
    "line.claim_code_sent": _("Code sent with which another account can claim a line"),
    "line.claimed": _("Line claimed with a code to the address of its order"),
    "line.move_declined": _("Taking over a line declined"),
    "line.move_undone": _("Giving a line to another account called off"),
    "line.given_away": _("Line given to another account"),
    "line.received": _("Line taken over from another account"),
    "auto_renewal.turned_on": _("Auto-renewal turned on"),
    "auto_renewal.turned_off": _("Auto-renewal turned off"),
    "auto_renewal.said_yes": _("Renewal said yes to"),
    "auto_renewal.skipped": _("Renewal skipped"),
    "auto_renewal.paused_by_staff": _("Auto-renewal paused by support"),
    "auto_renewal.run_by_staff": _("Auto-renewal looked at by support"),
    "auto_renewal.resumed_by_staff": _("Auto-renewal resumed by support"),
    "top_up_rule.turned_on": _("Buying what runs low turned on"),
    "top_up_rule.turned_off": _("Buying what runs low turned off"),
    "top_up_rule.paused_by_staff": _("Buying what runs low paused by support"),
    "top_up_rule.resumed_by_staff": _("Buying what runs low resumed by support"),
    "ticket.answered": _("Request for help answered by support"),
    "ticket.closed": _("Request for help closed by support"),
    "application.sent": _("Application for a SIM card sent"),
    "application.withdrawn": _("Application for a SIM card withdrawn"),
    "application.approved_first": _("Application for a SIM card approved by a first person"),
    "application.approved": _("Application for a SIM card approved"),
    "application.more_wanted": _("More asked for an application for a SIM card"),
    "application.refused": _("Application for a SIM card refused"),
    "application.card_ready": _("SIM card set aside for you"),
    "application.pickup_code_viewed": _("Pick-up code of a SIM card opened"),
    "application.picked_up": _("SIM card handed over at an outlet"),
    "application.activated": _("SIM card activated"),
    "document.opened": _("Document opened"),
    "document.opened_by_staff": _("Document opened by support"),
    "document.erased": _("Document erased"),
    "order.pay_link_made": _("Link made with which somebody else can pay"),
    "order.pay_link_withdrawn": _("Link to pay withdrawn"),
    "order.refunded": _("Order given back"),
    "queue.started": _("Queued plan started before its turn"),
    "queue.cancelled": _("Queued plan cancelled"),
    "referral.link_made": _("Link for inviting others made"),
    "referral.rewarded": _("Invitation rewarded"),
    "referral.refused": _("Invitation without reward"),
    "referral.reversed": _("Reward for an invitation taken back"),
    "refund.requested": _("Refund begun by support"),
    "refund.approved": _("Refund approved by support"),
    "refund.refused": _("Refund turned down by support"),
    "refund.tried_again": _("Refund tried again by support"),
    "payout.requested": _("Paying your balance out begun by support"),
    "payout.approved": _("Paying your balance out approved by support"),
    "payout.refused": _("Paying your balance out turned down by support"),
    "payout.transferred": _("Your balance transferred by support"),
    "payout.put_back": _("Payout given back to your balance by support"),
    "payment_method.removed": _("Saved card removed"),
    "data.copy_asked": _("Copy of one’s own data asked for"),
    "account.closing_asked": _("Closing the account asked for"),
    "account.closing_withdrawn": _("Closing the account called off"),
    "account.closed": _("Account closed"),
    "api_token.made": _("Key for a program made"),
    "api_token.revoked": _("Key for a program revoked"),
}
"""What the subscriber reads for each action, whichever app recorded it."""

REASON_SHOWN = {"document.opened_by_staff", "account.address_change_requested"}
"""Whoever opens somebody's papers, or has an address changed, is told that the owner reads why."""


@dataclass(frozen=True, slots=True)
class Trace:
    label: "_StrPromise"
    at: datetime
    ip_address: str | None
    reason: str = ""
    """Why staff did it, where they have to say."""


def recent(user: User) -> list[Trace]:
    """Return the last things that happened to this person's account, newest first."""
    events = AuditEvent.objects.filter(subject=user, action__in=LABELS).order_by("-at", "-pk")[:SHOWN]
    return [trace_of(event) for event in events]


def trace_of(event: AuditEvent) -> Trace:
    """Return what its subject reads of an event."""
    return Trace(LABELS[event.action], event.at, event.own_ip_address, _reason_to_show(event))


def _reason_to_show(event: AuditEvent) -> str:
    return str(event.detail.get("reason", "")) if event.action in REASON_SHOWN else ""
