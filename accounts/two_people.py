"""What staff ask for waits until somebody else of them agrees: the part that all such requests have in common."""

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import TwoPeopleRequest, User
from accounts.models.two_people import REQUESTED


class NotDone(Exception):
    """Nothing was changed; `sentence` says why."""

    sentence: Promise


class OwnRequest(NotDone):
    """Two people look at it; who asked for it is not the second one."""

    sentence = _("You asked for this yourself. Somebody else has to decide on it.")


class OwnAccount(NotDone):
    """Nobody decides alone about what is done for themselves."""

    sentence = _("This is about your own account. A colleague decides about it.")


class LockedByOwner(NotDone):
    """The person locked the account, perhaps because somebody else tries to get in."""

    sentence = _("The subscriber locked this account. Make sure that it is them who asks, and lift the lock first.")


def decide(request: TwoPeopleRequest, *, to: str, actor: User, now: datetime, **columns: object) -> bool:
    """Move on what somebody else asked for; False where it waits for nobody any more. Raises OwnRequest."""
    refuse_own(actor, requested_by=request.requested_by_id)
    return move_on(request, to=to, decided_by=actor, now=now, **columns)


def refuse_own(actor: User, *, requested_by: int | None, about: int | None = None) -> None:
    """Raise OwnRequest where somebody would decide on what they asked for, OwnAccount where it is for themselves."""
    if requested_by == actor.pk:
        raise OwnRequest
    if about == actor.pk:
        raise OwnAccount


def move_on(request: TwoPeopleRequest, *, to: str, decided_by: User | None, now: datetime, **columns: object) -> bool:
    """End the waiting, with a second person or, where it takes none, without."""
    waiting = type(request)._default_manager.filter(pk=request.pk, state=REQUESTED)  # noqa: SLF001 - the documented name
    return waiting.update(state=to, decided_by=decided_by, decided_at=now, **columns) == 1
