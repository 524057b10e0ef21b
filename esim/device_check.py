"""What somebody found out about their device before they buy: kept in their session, and in the way of nothing."""

from collections.abc import MutableMapping
from dataclasses import asdict, dataclass
from typing import Any

KEPT_AS = "device_check"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCheck:
    """`model` may be empty: what counts is that the device shows an EID and is not locked to another operator."""

    model: str
    shows_eid: bool
    is_unlocked: bool

    @property
    def is_passed(self) -> bool:
        return self.shows_eid and self.is_unlocked


def remember(session: MutableMapping[str, Any], *, model: str, shows_eid: bool, is_unlocked: bool) -> None:
    """Keep the answers; the EID itself is nobody's business before a profile is bound to it."""
    found = DeviceCheck(model=model, shows_eid=shows_eid, is_unlocked=is_unlocked)
    session[KEPT_AS] = asdict(found)


def recall(session: MutableMapping[str, Any]) -> DeviceCheck | None:
    """Return what was kept; None for nothing, or what another release kept in another form."""
    try:
        return DeviceCheck(**session[KEPT_AS])
    except (KeyError, TypeError):
        return None
