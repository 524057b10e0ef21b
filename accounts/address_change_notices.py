"""Letters about a change of address by support: to every old address, and to the new one."""

from collections.abc import Iterable
from datetime import datetime

from accounts.address_change_links import PROVE, STOP
from accounts.masking import masked_address, masked_number
from accounts.models import AddressChange, User
from accounts.models.notifications import Channel
from accounts.new_addresses import Addresses
from accounts.notifications import every_channel, notify

Kind = AddressChange.Kind


def agreed(change: AddressChange, *, now: datetime) -> None:
    """Tell every old address how to stop it, and ask at the new one for a proof."""
    context = _about(change)
    _notify(change, kind=STOP, channels=every_channel(change.user), context=context, suffix="old", now=now)
    new = {"to_address": change.address} if change.kind == Kind.EMAIL else {"to_number": change.address}
    channel = Channel.EMAIL if change.kind == Kind.EMAIL else Channel.SMS
    _notify(change, kind=PROVE, channels=[channel], context={**context, **new}, suffix="new", now=now)


def done(change: AddressChange, *, user: User, former: Addresses, now: datetime) -> None:
    """Tell all of them that it is done; `user` has the new address."""
    kind, context = "address_changed", {**_about(change), "done_at": now.isoformat()}
    _notify(change, kind=kind, channels=every_channel(user), context=context, suffix="new", now=now)
    if former.email != user.email:
        old = {**context, "to_address": former.email}
        _notify(change, kind=kind, channels=[Channel.EMAIL], context=old, suffix="old", now=now)
    if former.phone and former.phone != user.phone:
        old = {**context, "to_number": former.phone}
        _notify(change, kind=kind, channels=[Channel.SMS], context=old, suffix="old", now=now)


def new_address_masked(change: AddressChange) -> str:
    """Return enough of it to be recognised by whoever knows it."""
    return masked_address(change.address) if change.kind == Kind.EMAIL else masked_number(change.address)


def _about(change: AddressChange) -> dict[str, str]:
    return {
        "change": change.public_id,
        "what": change.kind,
        "new_address": new_address_masked(change),
        "changes_at": change.changes_at.isoformat() if change.changes_at else "",
    }


def _notify(
    change: AddressChange,
    *,
    kind: str,
    channels: Iterable[Channel],
    context: dict[str, str],
    suffix: str,
    now: datetime,
) -> None:
    key = f"{kind}:{change.public_id}:{suffix}"
    notify(user=change.user, kind=kind, key=key, context=context, now=now, channels=channels)
