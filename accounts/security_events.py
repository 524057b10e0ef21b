"""Writes what allauth tells (sign-ins, changes of password, e-mail, factors) into the audit trail.

Connected to allauth's public signals by `connect`, from the app's `ready`; our own apps call each
other and send no signals.
"""

from typing import Any

from allauth.account import signals as account_signals
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa_signals
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit, personal_tokens
from accounts.fresh_proof import code_stood
from accounts.http import client_ip
from accounts.models import User


def record_event(request: HttpRequest, user: User, action: str, **detail: Any) -> None:
    """Record something the person did to their own account."""
    audit.record(actor=user, subject=user, action=action, detail=detail, ip=client_ip(request), now=timezone.now())


def record_failed_sign_in(request: HttpRequest, credentials: dict[str, Any]) -> None:
    """Record a wrong password against an account that exists; nobody is named as the actor.

    Unknown logins are left out: people type passwords into that field, and strangers could fill the table.
    """
    user = (
        User.objects.filter(email=credentials.get("email", "")).first()
        or User.objects.filter(phone=credentials.get("phone", ""), phone_verified=True).first()
    )
    if user:
        audit.record(
            actor=None, subject=user, action="account.sign_in_failed", ip=client_ip(request), now=timezone.now()
        )


def record_asked_for_link(request: HttpRequest, user: User) -> None:
    """Record that a link to a new password was sent; nobody is named as the actor."""
    audit.record(actor=None, subject=user, action="account.reset_link_sent", ip=client_ip(request), now=timezone.now())


def connect() -> None:
    """Listen to allauth."""
    account_signals.user_logged_in.connect(_signed_in)
    account_signals.user_logged_out.connect(_signed_out)
    account_signals.authentication_step_completed.connect(_step_completed)
    account_signals.email_changed.connect(_email_changed)
    account_signals.password_changed.connect(_password_changed)
    account_signals.password_reset.connect(_password_reset)
    for signal, action in PLAIN.items():
        signal.connect(_recorder(action), weak=False)
    for signal, action in FACTORS.items():
        signal.connect(_factor_recorder(action), weak=False)


PLAIN = {
    account_signals.user_signed_up: "account.signed_up",
    account_signals.password_set: "account.password_changed",
    account_signals.login_code_rejected: "account.code_rejected",
    account_signals.email_verification_code_rejected: "account.code_rejected",
}
FACTORS = {
    mfa_signals.authenticator_added: "account.second_factor_added",
    mfa_signals.authenticator_removed: "account.second_factor_removed",
    mfa_signals.authenticator_reset: "account.second_factor_renewed",
    mfa_signals.authentication_failed: "account.second_factor_failed",
}


def _recorder(action: str) -> Any:
    def receive(request: HttpRequest, user: User, **_kwargs: Any) -> None:
        record_event(request, user, action)

    return receive


def _factor_recorder(action: str) -> Any:
    def receive(request: HttpRequest, user: User, authenticator: Any = None, **_kwargs: Any) -> None:
        record_event(request, user, action, type=str(authenticator.type) if authenticator else "")

    return receive


def _signed_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    methods = [record["method"] for record in get_authentication_records(request, user)]
    record_event(request, user, "account.signed_in", methods=methods)


def _signed_out(request: HttpRequest, user: User | None, **_kwargs: Any) -> None:
    if user is not None:
        record_event(request, user, "account.signed_out")


def _step_completed(request: HttpRequest, user: User, method: str, **kwargs: Any) -> None:
    if kwargs.get("reauthenticated"):
        record_event(request, user, "account.reauthenticated", method=method)


def _password_changed(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Call it a reset where a code stood for the old password: whoever has the mailbox, or the number, can do that."""
    if code_stood(request):
        _password_reset(request, user)
    else:
        record_event(request, user, "account.password_changed")


def _password_reset(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Let no token outlive a password that was forgotten, or known to others: a reset ends the sessions, too."""
    record_event(request, user, "account.password_reset")
    personal_tokens.revoke_all(user, ip=client_ip(request), now=timezone.now())


def _email_changed(
    request: HttpRequest, user: User, from_email_address: Any, to_email_address: Any, **_kwargs: Any
) -> None:
    if from_email_address:
        record_event(
            request, user, "account.email_changed", before=from_email_address.email, after=to_email_address.email
        )
