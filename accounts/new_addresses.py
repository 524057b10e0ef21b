"""Putting a new e-mail address or number in the place of the old one, and ending what the old one gave access to.

Functions that write run inside the caller's transaction, which holds the person.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from allauth.account.models import EmailAddress

from accounts import calendar_links, personal_tokens
from accounts.models import AddressChange, User
from accounts.open_sessions import end_sessions_of

Kind = AddressChange.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where somebody can be reached; `phone` is empty unless it is proved to be theirs."""

    email: str
    phone: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(email=user.email, phone=user.phone if user.phone_verified else "")


def is_taken(kind: Kind, address: str) -> bool:
    """Tell whether an account has this address, or has proved to have this number."""
    if kind == Kind.PHONE:
        return User.objects.filter(phone=address, phone_verified=True).exists()
    is_confirmed = EmailAddress.objects.filter(email=address, verified=True).exists()
    return is_confirmed or User.objects.filter(email=address).exists()


def set_email(user: User, email: str, *, removes_phone: bool) -> None:
    """Make a proved address the only one of an account."""
    EmailAddress.objects.filter(user=user).delete()
    user.email = email
    if removes_phone:
        user.phone, user.phone_verified = "", False
    user.save(update_fields=["email", "phone", "phone_verified"])
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)


def set_phone(user: User, phone: str) -> None:
    """Make a proved number the one of an account."""
    user.phone, user.phone_verified = phone, True
    user.save(update_fields=["phone", "phone_verified"])


def end_access(user: User, *, now: datetime) -> None:
    """End every session, trusted browser, token and link to the calendar: who has them may be why the old address was lost.

    The password becomes one that nobody knows, and not none at all: re-authentication asks for the password, and the
    way to a new one is the ordinary reset.
    """
    user.set_password(secrets.token_urlsafe(32))
    user.save(update_fields=["password"])
    end_sessions_of(user)
    personal_tokens.revoke_all(user, ip=None, now=now)
    calendar_links.replace_link(user=user, ip=None, now=now)
