"""Remembers an invitation from the page that its link opens until the account is there."""

from typing import Any

from allauth.account import signals as account_signals
from django.http import HttpRequest
from django.utils import timezone

from accounts import referrals
from accounts.device_marks import device_of
from accounts.models import User

SESSION_KEY = "referral_code"


def connect() -> None:
    """Listen to allauth."""
    account_signals.user_signed_up.connect(_joined)
    account_signals.user_logged_in.connect(_signed_in)


def keep(request: HttpRequest, *, code: str) -> None:
    """Remember with which code the person before this browser was invited; the last link counts."""
    request.session[SESSION_KEY] = code


def _joined(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    code = request.session.pop(SESSION_KEY, "")
    if code:
        referrals.join(newcomer=user, code=code, device=device_of(request), now=timezone.now())


def _signed_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """A device on which two accounts were used is told by either; browsers without a mark cost nothing."""
    if device := device_of(request):
        referrals.remember_device(user=user, device=device, now=timezone.now())
