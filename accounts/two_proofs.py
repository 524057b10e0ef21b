"""Asking twice who it is: for what somebody who took over a session, or a mailbox, must not be able to do alone."""

from datetime import datetime

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest

from accounts.fresh_proof import fresh_proofs
from accounts.models import AuditEvent

BY_CODE = "confirm_by_code"
SECOND_STEP = "mfa_reauthenticate"
RESET = "account.password_reset"
MOVED = "account.email_changed"
MADE = frozenset({"account.second_factor_added", "account.second_factor_renewed"})


def next_way(request: HttpRequest, *, now: datetime) -> str:
    """Return the address where the proof is given that is still missing; empty when both are there.

    The first is a password, and the second step where one was set up; the other a code to the confirmed e-mail
    address. Who has nothing but the mailbox proves that. Of a new mailbox a code says little: where there is a second
    step, the password is the other one then.
    """
    proofs = fresh_proofs(request)
    ways = {way["id"]: way["url"] for way in get_adapter().get_reauthentication_methods(request.user)}
    by_code = ways.pop(BY_CODE)
    stronger = {name: url for name, url in ways.items() if name.startswith(SECOND_STEP)}
    enough = {"mfa"} if stronger else {"password", "mfa"}
    if ways and not any(proof["method"] in enough for proof in proofs):
        return str(next(iter((stronger or ways).values())))
    passwords = [url for name, url in ways.items() if name not in stronger]
    if stronger and passwords and MOVED in _lately(request, now=now):
        return "" if any(proof["method"] == "password" for proof in proofs) else str(passwords[0])
    is_by_email = any(proof["method"] == "code" and proof.get("email") for proof in proofs)
    return "" if is_by_email else str(by_code)


def may_be_believed(request: HttpRequest, *, now: datetime) -> bool:
    """Tell whether the two are two: who has the mailbox can have the password reset, add a passkey, or make recovery codes anew.

    And who has the password can put a mailbox of their own there. So what is that new does not count, for as long as
    after any other change of how one signs in.
    """
    methods = {proof["method"] for proof in fresh_proofs(request)}
    recent = _lately(request, now=now)
    if MOVED in recent:
        return methods >= {"password", "mfa"} and not recent & {RESET, *MADE}
    doubtful = {RESET} if "password" in methods else {RESET, *MADE}
    return ("mfa" in methods and not recent & MADE) or not recent & doubtful


def _lately(request: HttpRequest, *, now: datetime) -> set[str]:
    """Return what was done a short while ago of that for which one proof is enough."""
    events = AuditEvent.objects.filter(subject=request.user.pk, at__gt=now - settings.PORTAL_COOL_OFF)
    return set(events.filter(action__in={RESET, MOVED, *MADE}).values_list("action", flat=True))
