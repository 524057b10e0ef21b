"""Keys for programs: made once, shown once, and told by their SHA-256 from then on."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import ApiToken, User

USAGE_WRITE = "usage:write"
SCOPES = {USAGE_WRITE: _("send usage records")}
"""For the operator's own systems, whose tokens belong to nobody."""

LINES_READ = "lines:read"
LINES_WRITE = "lines:write"
SERVICE_WRITE = "service:write"
USAGE_READ = "usage:read"
BALANCE_READ = "balance:read"
CARDS_WRITE = "cards:write"
ORDERS_READ = "orders:read"
ORDERS_WRITE = "orders:write"
DOCUMENTS_READ = "documents:read"
RENEWALS_READ = "renewals:read"
RENEWALS_WRITE = "renewals:write"
ACCOUNT_READ = "account:read"
ACCOUNT_WRITE = "account:write"
HELP_READ = "help:read"
HELP_WRITE = "help:write"
PERSONAL_SCOPES = {
    LINES_READ: _("read your lines and what is left on them"),
    LINES_WRITE: _("name and hide your lines, and set their budgets"),
    SERVICE_WRITE: _("suspend your lines and put them back into service"),
    USAGE_READ: _("read what your lines used"),
    BALANCE_READ: _("read your balance, your payments and your saved cards"),
    CARDS_WRITE: _("choose which saved card pays first, and remove cards"),
    ORDERS_READ: _("read your orders"),
    ORDERS_WRITE: _("buy, cancel and give back for you: pay from your balance or with a saved card"),
    DOCUMENTS_READ: _("read your invoices and receipts"),
    RENEWALS_READ: _("read how your lines renew"),
    RENEWALS_WRITE: _("turn auto-renewal, and buying what runs low, on and off for you"),
    ACCOUNT_READ: _("read your settings, your calendar, and what happened on your account"),
    ACCOUNT_WRITE: _("change your settings and whom you share lines with"),
    HELP_READ: _("read your requests for help"),
    HELP_WRITE: _("ask for help, and write again, for you"),
}
"""What a subscriber lets a program do for them."""

MARK = "esimp_"
"""By which scanners for leaked secrets find them."""
SHOWN_CHARACTERS = 12
NOTE_USE_EVERY = timedelta(minutes=1)


class TokenRefused(Exception):
    """No token, or one that is unknown, revoked or past its time."""


class TokenShut(Exception):
    """The token is good, and opens nothing here all the same."""

    def __init__(self, token: ApiToken) -> None:
        super().__init__(token.public_id)
        self.token = token


class ScopeMissing(TokenShut):
    """It is not for this."""


class OwnerLocked(TokenShut):
    """Its owner has locked the account."""


def make(
    *,
    name: str,
    scopes: Sequence[str],
    source: str = "",
    user: User | None = None,
    expires_at: datetime | None = None,
    actor: User | None,
    ip: str | None = None,
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make a token; return its row and the secret itself, which nobody can read again."""
    secret = MARK + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            name=name,
            user=user,
            prefix=secret[:SHOWN_CHARACTERS],
            digest=_digest(secret),
            scopes=list(scopes),
            source=source,
            expires_at=expires_at,
            created_at=now,
        )
        detail = {"name": name, "scopes": list(scopes), "source": source}
        audit.record(
            actor=actor, subject=user, action="api_token.made", target=token.public_id, detail=detail, ip=ip, now=now
        )
    return token, secret


def revoke(token: ApiToken, *, actor: User | None, ip: str | None, now: datetime) -> bool:
    """Make a token useless for good; return False where it was."""
    with transaction.atomic():
        revoked = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
        if revoked:
            audit.record(
                actor=actor, subject=token.user, action="api_token.revoked", target=token.public_id, ip=ip, now=now
            )
    return bool(revoked)


def bearer(authorization: str, *, scope: str, now: datetime) -> ApiToken:
    """Return the token an Authorization header holds; raises TokenRefused, OwnerLocked and ScopeMissing.

    `scope` empty: whatever the token is for.
    """
    kind, _space, secret = authorization.partition(" ")
    if kind.lower() != "bearer" or not secret.strip():
        raise TokenRefused
    # The digest of a long random secret is looked up, so how long it takes tells nothing about the secret.
    token = ApiToken.objects.usable(now).filter(digest=_digest(secret.strip())).select_related("user").first()
    if token is None:
        raise TokenRefused
    if token.user is not None and token.user.locked_at is not None:
        raise OwnerLocked(token)
    if scope and scope not in token.scopes:
        raise ScopeMissing(token)
    if token.last_used_at is None or token.last_used_at <= now - NOTE_USE_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
