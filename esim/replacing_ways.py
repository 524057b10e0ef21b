"""Which way a line comes to another device: what its carrier can do decides, and what happened to the old one."""

from enum import StrEnum, auto

from esim.carriers.base import Capabilities, Reinstall
from esim.models import Line, Replacement

Reason = Replacement.Reason


class Way(StrEnum):
    SAME_CODE = auto()
    NEW_PROFILE = auto()
    BY_SUPPORT = auto()


def way_of(*, capabilities: Capabilities, line: Line, reason: str) -> Way:
    """Return the way that never leaves the line without a working profile, as far as the carrier allows one.

    Where a line's number can move, the old profile works until the new one is online. The same profile once more
    must not be given to somebody whose phone is in other hands: it holds the same keys.
    """
    if line.form != Line.Form.ESIM or capabilities.reinstall == Reinstall.UNSUPPORTED:
        return Way.BY_SUPPORT
    is_gone = reason in {Reason.DELETED, Reason.BROKEN}
    if capabilities.reinstall == Reinstall.SAME_CODE and (is_gone or not capabilities.moving):
        return Way.BY_SUPPORT if reason == Reason.LOST else Way.SAME_CODE
    return Way.NEW_PROFILE if capabilities.moving else Way.BY_SUPPORT
