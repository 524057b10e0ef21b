"""A line goes to whoever showed that its owner's mailbox is theirs: a move that begins with the yes of both.

From then on it is a move like any other, with the same time in which either can call it off.
"""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts import cool_off
from accounts.locks import is_locked, refuse_if_locked
from accounts.models import User
from esim import moving_lines, sharing_notices
from esim.models import Line, LineMove
from esim.moving_lines import NotInService


def can_be_claimed(line: Line, *, now: datetime) -> bool:
    """Tell whether a code to its owner's mailbox may be enough now to take this line.

    It never is where the owner has a second step: a mailbox alone opens nothing of theirs then.
    """
    owner = line.owner
    return (
        owner.is_active
        and not is_locked(owner)
        and not is_mfa_enabled(owner)
        and EmailAddress.objects.filter(user=owner, email=owner.email, verified=True).exists()
        and cool_off.until(owner, now) is None
        and moving_lines.movable_profile(line) is not None
        and not _is_under_way(line, now=now)
    )


def agree(*, line: Line, owner: User, claimer: User, ip: str | None, now: datetime) -> LineMove:
    """Commit both's yes to a line that is `owner`'s; raises AccountLocked, and NotInService whatever else is against it."""
    refuse_if_locked(claimer)
    with transaction.atomic():
        held = moving_lines.hold(line.pk)
        if held.owner_id != owner.pk or held.owner_id == claimer.pk or not can_be_claimed(held, now=now):
            raise NotInService
        moving_lines.end_old_offers(held, now=now)
        moves_at = now + settings.PORTAL_COOL_OFF
        move = LineMove.objects.create(
            line=held,
            from_owner=held.owner,
            to_email=claimer.email.lower(),
            to_owner=claimer,
            by_claim=True,
            state=LineMove.State.AGREED,
            created_at=now,
            expires_at=now + moving_lines.OFFER_LASTS,
            agreed_at=now,
            moves_at=moves_at,
        )
        for subject in (held.owner, claimer):
            seen_ip = ip if subject == claimer else None
            moving_lines.leave_trace("line.claimed", move, actor=claimer, subject=subject, ip=seen_ip, now=now)
        sharing_notices.move_told(move, what="claimed", now=now)
    return move


def _is_under_way(line: Line, *, now: datetime) -> bool:
    """An offer that nobody answered in time stands in nobody's way."""
    old = Q(state=LineMove.State.OFFERED, expires_at__lte=now)
    return LineMove.objects.under_way().filter(line=line).exclude(old).exists()
