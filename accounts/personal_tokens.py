"""Keys that subscribers give to programs of their own."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import api_tokens
from accounts.models import ApiToken, User
from accounts.notifications import every_channel, notify

MOST = 20
"""Of one person, at a time."""


class TooManyTokens(Exception):
    """Somebody who has that many has lost sight of them."""

    sentence = _("You have 20 tokens. Revoke one that you no longer need, then make another.")


def revoke_all(user: User, *, ip: str | None, now: datetime) -> int:
    """Make every token of a person useless, as they report that somebody else was here; return how many were not."""
    usable = ApiToken.objects.owned_by(user).usable(now)
    return sum(api_tokens.revoke(token, actor=user, ip=ip, now=now) for token in usable)


@transaction.atomic
def make(
    *, user: User, name: str, scopes: Sequence[str], expires_at: datetime, ip: str | None, now: datetime
) -> tuple[ApiToken, str]:
    """Make a token and tell its owner; return the secret, which nobody can read again. Raises TooManyTokens."""
    User.objects.select_for_update().get(pk=user.pk)
    if ApiToken.objects.owned_by(user).usable(now).count() >= MOST:
        raise TooManyTokens
    token, secret = api_tokens.make(
        name=name, scopes=scopes, user=user, expires_at=expires_at, actor=user, ip=ip, now=now
    )
    notify(
        user=user,
        kind="api_token_made",
        key=f"api_token_made:{token.public_id}",
        context={"name": name, "made_at": now.isoformat()},
        now=now,
        channels=every_channel(user),
    )
    return token, secret
