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
MADE = frozenset({"account.second_factor_added", "account.second_factor_renewed"})


def next_way(request: HttpRequest) -> str:
    """Return the address where the proof is given that is still missing; empty when both are there.

    The first is a password, and the second step where one was set up; the other a code to the confirmed e-mail
    address. Who has nothing but the mailbox proves that.
    """
    proofs = fresh_proofs(request)
    ways = {way["id"]: way["url"] for way in get_adapter().get_reauthentication_methods(request.user)}
    by_code = ways.pop(BY_CODE)
    stronger = {name: url for name, url in ways.items() if name.startswith(SECOND_STEP)}
    enough = {"mfa"} if stronger else {"password", "mfa"}
    if ways and not any(proof["method"] in enough for proof in proofs):
        return str(next(iter((stronger or ways).values())))
    is_by_email = any(proof["method"] == "code" and proof.get("email") for proof in proofs)
    return "" if is_by_email else str(by_code)


def may_be_believed(request: HttpRequest, *, now: datetime) -> bool:
    """Tell whether the two are two: who has the mailbox can have the password reset, add a passkey, or make recovery codes anew.

    So what is that new does not count, for as long as after any other change of how one signs in.
    """
    methods = {proof["method"] for proof in fresh_proofs(request)}
    events = AuditEvent.objects.filter(subject=request.user.pk, at__gt=now - settings.PORTAL_COOL_OFF)
    recent = set(events.filter(action__in={RESET, *MADE}).values_list("action", flat=True))
    doubtful = {RESET} if "password" in methods else {RESET, *MADE}
    return ("mfa" in methods and not recent & MADE) or not recent & doubtful
