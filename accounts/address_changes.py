"""Changing the e-mail address or number of somebody who has lost both: by two members of staff, slowly, and in the open.

1. `request` writes down what one of them was asked for and why; `approve` is the other one's yes.
2. A link goes to the new address, which `prove` opens, and one to every old address, with which `stop` ends it.
3. `carry_out_due` does it after PORTAL_COOL_OFF: old password, sessions and tokens end with the old address.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts import address_change_notices as letters
from accounts import audit, new_addresses
from accounts.models import AddressChange, User
from accounts.two_people import LockedByOwner, NotDone, decide, refuse_own
from portal.lib.due_rows import in_turn
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

LINK_LASTS = timedelta(days=7)
"""After the time to object is over; after it the change lapses."""

Kind = AddressChange.Kind
State = AddressChange.State


class CannotChange(NotDone):
    """Nothing was changed; `sentence` says why."""


class NotTheirs(CannotChange):
    """The account is closed or deactivated, or of whoever asks."""

    sentence = _("This account is closed or deactivated, or your own. Nothing was changed.")


class AddressTaken(CannotChange):
    """One address is one account, also where it is this one."""

    sentence = _("An account has this address or number already. Nothing was changed.")


class AskedAlready(CannotChange):
    """One at a time: two would be stopped by one link, and carried out in any order."""

    sentence = _("A change of address is under way for this account. Stop that one first.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The new e-mail address (in lower case) or number (E.164); with an address, the number may go as lost."""

    kind: Kind
    address: str
    removes_phone: bool = False


@transaction.atomic
def request(*, user: User, wish: Wish, reason: str, actor: User, ip: str | None, now: datetime) -> AddressChange:
    """Write down what somebody asks for; it always takes a second person.

    Raises NotTheirs, LockedByOwner, AddressTaken and AskedAlready.
    """
    held = User.objects.select_for_update().get(pk=user.pk)
    if not held.is_active or held.pk == actor.pk:
        raise NotTheirs
    if held.locked_at is not None:
        raise LockedByOwner
    if new_addresses.is_taken(wish.kind, wish.address):
        raise AddressTaken
    if AddressChange.objects.open().owned_by(held).exists():
        raise AskedAlready
    change = AddressChange.objects.create(
        user=held,
        kind=wish.kind,
        address=wish.address,
        removes_phone=wish.removes_phone and wish.kind == Kind.EMAIL,
        reason=reason,
        requested_by=actor,
        created_at=now,
    )
    _record("account.address_change_requested", change, actor=actor, ip=ip, now=now, reason=reason)
    return change


@transaction.atomic
def approve(*, change: AddressChange, actor: User, ip: str | None, now: datetime) -> bool:
    """Agree to what a colleague asked for, and tell every address, old and new; False where it waits for nobody.

    Raises OwnRequest and OwnAccount.
    """
    refuse_own(actor, requested_by=change.requested_by_id, about=change.user_id)
    changes_at = now + settings.PORTAL_COOL_OFF
    if not decide(change, to=State.AGREED, actor=actor, now=now, changes_at=changes_at):
        return False
    change.refresh_from_db()
    _record("account.address_change_approved", change, actor=actor, ip=ip, now=now)
    letters.agreed(change, now=now)
    return True


@transaction.atomic
def refuse(*, change: AddressChange, why: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Leave the address as it is; False where it waits for nobody. Raises OwnRequest."""
    if not decide(change, to=State.REFUSED, actor=actor, now=now, refusal=why, ended_at=now):
        return False
    _record("account.address_change_refused", change, actor=actor, ip=ip, now=now, reason=why)
    return True


@transaction.atomic
def prove(*, change: AddressChange, ip: str | None, now: datetime) -> bool:
    """Believe that whoever opened the link has the new address; False where that was done, or is of no use any more."""
    if not AddressChange.objects.agreed().filter(pk=change.pk, proved_at=None).update(proved_at=now):
        return False
    _record("account.new_address_proved", change, actor=None, ip=ip, now=now)
    return True


@transaction.atomic
def stop(*, change: AddressChange, actor: User | None, ip: str | None, now: datetime) -> bool:
    """Call it off: staff, or whoever has a link that went to an old address; False where it is over."""
    stopped = AddressChange.objects.open().filter(pk=change.pk)
    if not stopped.update(state=State.STOPPED, decided_at=Coalesce("decided_at", now), ended_at=now):
        return False
    _record("account.address_change_stopped", change, actor=actor, ip=ip, now=now)
    return True


def carry_out_due(*, now: datetime, in_time: InTime = always) -> int:
    """Do what is due and return how many addresses were changed; what nobody proved in time lapses."""
    due = AddressChange.objects.due(now).select_related("user", "decided_by")
    done = one_by_one(
        in_turn(due, order=("changes_at", "id"), in_time=in_time),
        lambda change: _carry_out(change, now=now),
        what="Changing an address",
        about=lambda change: {"change": change.public_id},
    )
    return sum(done)


@transaction.atomic
def _carry_out(change: AddressChange, *, now: datetime) -> bool:
    """Change the address of somebody whose account is open; while it is locked the change waits, and lapses."""
    user = User.objects.select_for_update().get(pk=change.user_id)
    can_be = change.proved_at is not None and user.is_active and user.locked_at is None
    if can_be and not new_addresses.is_taken(Kind(change.kind), change.address):
        return _change(change, user=user, now=now)
    if change.changes_at is not None and change.changes_at + LINK_LASTS <= now:
        _end(change, to=State.LAPSED, now=now)
    return False


def _change(change: AddressChange, *, user: User, now: datetime) -> bool:
    if not _end(change, to=State.DONE, now=now):
        return False
    former = new_addresses.Addresses.of(user)
    if change.kind == Kind.EMAIL:
        new_addresses.set_email(user, change.address, removes_phone=change.removes_phone)
    else:
        new_addresses.set_phone(user, change.address)
    new_addresses.end_access(user, now=now)
    action = "account.email_changed" if change.kind == Kind.EMAIL else "account.phone_changed"
    before = former.email if change.kind == Kind.EMAIL else former.phone
    _record(action, change, actor=change.decided_by, ip=None, now=now, before=before, after=change.address)
    letters.done(change, user=user, former=former, now=now)
    return True


def _end(change: AddressChange, *, to: State, now: datetime) -> bool:
    return AddressChange.objects.agreed().filter(pk=change.pk).update(state=to, ended_at=now) == 1


def _record(
    action: str, change: AddressChange, *, actor: User | None, ip: str | None, now: datetime, **detail: str
) -> None:
    audit.record(
        actor=actor,
        subject=change.user,
        action=action,
        target=change.public_id,
        detail={"kind": change.kind, **detail},
        ip=ip,
        now=now,
    )
