"""Seeds and recovery codes, bound to whom they belong: copied into another person's row they do not open.

allauth has its adapter encrypt and decrypt them, and tells it the text but not the row. Whose they are is the person
whose second step a form asks for, and otherwise the one who is signed in.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from allauth.core import context as allauth_context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from django import forms

from accounts.models import User
from portal.lib.crypto import DecryptionFailed, decrypt, encrypt

logger = logging.getLogger(__name__)

_owner: ContextVar[User | None] = ContextVar("owner of the second factors", default=None)


@contextmanager
def factors_of(user: User) -> Iterator[None]:
    """Say whose seeds and codes are encrypted and decrypted meanwhile."""
    token = _owner.set(user)
    try:
        yield
    finally:
        _owner.reset(token)


def context_of(user: User) -> str:
    """Return what the seeds and codes of this person are encrypted with, as `portal.lib.crypto` asks."""
    return f"mfa.Authenticator:{user.public_id}"


def current_context() -> str:
    """Return the context of whoever is meant now; raise LookupError where that is nobody."""
    owner = _owner.get() or getattr(allauth_context.request, "user", None)
    if owner is None or not owner.is_authenticated:
        raise LookupError("Nobody is said to own this second factor.")
    return context_of(owner)


class SecondStepForm(AuthenticateForm):
    """Asks who signs in for the second step: nobody is signed in yet."""

    def clean_code(self) -> str:
        with factors_of(self.user), _refusing_what_does_not_open(self.user):
            return str(super().clean_code())


class ConfirmForm(ReauthenticateForm):
    """Asks who is signed in for the second step once more."""

    def clean_code(self) -> str:
        with factors_of(self.user), _refusing_what_does_not_open(self.user):
            return str(super().clean_code())


@contextmanager
def _refusing_what_does_not_open(user: User) -> Iterator[None]:
    try:
        yield
    except DecryptionFailed as error:
        logger.exception("A second factor of %s does not open: another key, or not theirs", user.public_id)
        raise get_adapter().validation_error("incorrect_code") from error


class AddAppForm(ActivateTOTPForm):
    """Keeps the seed that waits for its first code encrypted in the session, and bound to the person."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        # Past allauth's own, which writes the seed into the session in clear.
        forms.Form.__init__(self, *args, **kwargs)
        self.secret = self._waiting_seed() if self.is_bound else self._new_seed()

    def _waiting_seed(self) -> str:
        token = allauth_context.request.session.get(SECRET_SESSION_KEY, "")
        try:
            return decrypt(token, context=self._context)
        except DecryptionFailed:
            return self._new_seed()

    def _new_seed(self) -> str:
        seed: str = generate_totp_secret()
        allauth_context.request.session[SECRET_SESSION_KEY] = encrypt(seed, context=self._context)
        return seed

    @property
    def _context(self) -> str:
        return f"waiting seed:{self.user.public_id}"
