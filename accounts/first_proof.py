"""An address belongs to whoever proves it first, and what a stranger set before goes.

Otherwise somebody could open an account with your e-mail address and their own password and number,
wait until you confirm the address by a one-time code or a link, and share the account with you from then on.
"""

import secrets
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.http import HttpRequest

from accounts.models import User
from accounts.security_events import record_event


def connect() -> None:
    """Listen for addresses that are confirmed."""
    email_confirmed.connect(_address_proved)


def _address_proved(request: HttpRequest, email_address: EmailAddress, **_kwargs: Any) -> None:
    user: User = email_address.user
    if any(record["method"] == "code" for record in get_authentication_records(request, user)):
        remove_unproved_access(request, user)


def remove_unproved_access(request: HttpRequest, user: User) -> None:
    """Take back what was set before the address was proved, where no password helped to prove it."""
    if user.last_login is None:
        # A password that nobody knows, and not none at all: re-authentication asks for the password,
        # and the way to a new one is the ordinary reset.
        user.set_password(secrets.token_urlsafe(32))
        user.phone, user.phone_verified = "", False
        user.save(update_fields=["password", "phone", "phone_verified"])
        record_event(request, user, "account.unproved_access_removed")
