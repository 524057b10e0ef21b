"""What eSIM Go posts to us, checked and read (https://docs.esim-go.com/guides/webhooks/ and /api/notifications/).

Their guide signs with HMAC-SHA256 in hexadecimal, their reference in base64; either is believed. The version without
a signature (V2) is not.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from esim.carriers.esimgo_answers import PROFILE_STATES, moment_of, text_of
from esim.models import DownloadState
from portal.lib.http import BadSignature

SIGNATURE_HEADER = "X-Signature-SHA256"
TIMES = ("date", "timestamp", "actionDate", "dateTime", "time")

IN_USE = frozenset({"firstattachment", "firstuse"})
"""Sent once, when an eSIM first reaches a network and first uses data: a device has switched it on."""

TOLD_STATES = {**PROFILE_STATES, "released": DownloadState.DELETED}
"""They tell of changes only, and an eSIM becomes released a second time by being deleted from its device."""


class Unreadable(Exception):
    """Signed, but not about an eSIM in any form that we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One message; `event_id` is the same for the same body. It may tell of usage, whose amounts nobody believes."""

    event_id: str
    kind: str
    iccid: str
    state: DownloadState | None
    happened_at: datetime | None
    eid: str
    detail: dict[str, str]


def read(*, body: bytes, headers: Mapping[str, str], key: str) -> Callback:
    """Return what a signed body says; raises BadSignature or Unreadable."""
    _verify(body, headers.get(SIGNATURE_HEADER, ""), key)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("no JSON") from None
    iccid = text_of(said, "iccid")
    if not iccid:
        raise Unreadable("about no eSIM")
    status = text_of(said, "profileStatus")
    kind = text_of(said, "alertType") or text_of(said, "event") or (status and "ProfileStatusChange") or "unknown"
    device = said.get("device")
    return Callback(
        event_id=sha256(body).hexdigest(),
        kind=kind[:40],
        iccid=iccid,
        state=_state(kind, status),
        happened_at=next((at for name in TIMES if (at := moment_of(said, name))), None),
        eid=_eid(device),
        detail=_detail(said, status=status, device=device),
    )


def _verify(body: bytes, given: str, key: str) -> None:
    if not key:
        raise BadSignature("No key to check with.")
    digest = hmac.new(key.encode(), body, sha256).digest()
    header = given.strip().encode(errors="replace")
    spellings = [digest.hex().encode(), base64.b64encode(digest)]
    # All are compared, whichever fits, so that time tells nothing.
    fits = [hmac.compare_digest(header, spelling) for spelling in spellings]
    fits.append(hmac.compare_digest(header.lower(), spellings[0]))
    if not any(fits):
        raise BadSignature("Signed with another key, or changed on the way.")


def _state(kind: str, status: str) -> DownloadState | None:
    if kind.replace(" ", "").lower() in IN_USE:
        return DownloadState.ENABLED
    return TOLD_STATES.get(status.lower()) if status else None


def _eid(device: Any) -> str:
    eid = text_of(device, "eid")
    return eid if len(eid) == 32 and eid.isascii() and eid.isdigit() else ""  # noqa: PLR2004 - SGP.22 §5.2.1


def _detail(said: Any, *, status: str, device: Any) -> dict[str, str]:
    """Return what helps staff, and no whole message: nobody knows what they may put in one."""
    told = {"status": status, "make": text_of(device, "make"), "model": text_of(device, "model")}
    told["bundle"] = text_of(said.get("bundle"), "name")
    return {name: value[:80] for name, value in told.items() if value}
