"""What an SM-DP+ tells by HandleDownloadProgressInfo (SGP.22 §5.3.5), read liberally.

The schema, the example in the same specification and what is sent in the field differ in names and types: all of
them are taken, and what nobody asked for is left aside.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.utils.dateparse import parse_datetime

from esim.models import DownloadState
from esim.profile_news import ProfileNews
from portal.lib.redaction import redacted

POINTS = {"1": "eligibility", "2": "confirmation", "3": "download", "4": "installation"}
REACHED = {"3": DownloadState.DOWNLOADED, "4": DownloadState.INSTALLED}
BY_NAME = {
    "installed": DownloadState.INSTALLED,
    "enabled": DownloadState.ENABLED,
    "disabled": DownloadState.DISABLED,
    "deleted": DownloadState.DELETED,
}
ENDS_THE_ORDER = frozenset({"1", "3", "4"})
NO_TRIES_LEFT = "6.4"
UNDEFINED = ("8", "4.2")
MILLISECONDS_FROM = 10**11  # as seconds that is in the year 5138
EID_DIGITS = 32

Points = Mapping[str, Sequence[str]]


class UnreadableNotice(Exception):
    """Not JSON, or it names no profile and no point."""


def read_notice(body: bytes, *, points: Points, now: datetime) -> ProfileNews:
    """Return what a notice tells; `points` names what those of 5 and more mean here. Raises UnreadableNotice."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise UnreadableNotice from None
    if not isinstance(told, dict):
        raise UnreadableNotice
    iccid, point = _text(told.get("iccid"), 20), _text(told.get("notificationPointId"), 10)
    if not iccid or not point:
        raise UnreadableNotice
    status = _part(told, "notificationPointStatus")
    has_failed = _text(status.get("status"), 40).lower() in {"failed", "expired"}
    subject, reason = _codes(status) if has_failed else ("", "")
    eid = _text(told.get("eid"), EID_DIGITS + 1)
    happened_at = _moment(told.get("timestamp") or told.get("timeStamp"), now=now)
    return ProfileNews(
        event_id=_event_id(told, iccid=iccid, point=point, has_failed=has_failed, happened_at=happened_at),
        iccid=iccid,
        kind=POINTS.get(point, f"point_{point}") + ("_failed" if has_failed else ""),
        state=_failed(point, reason) if has_failed else _reached(point, points),
        subject_code=subject,
        reason_code=reason,
        happened_at=happened_at,
        eid=eid if len(eid) == EID_DIGITS and eid.isascii() and eid.isdigit() else "",
        detail=_detail(told, status),
    )


def _failed(point: str, reason_code: str) -> DownloadState | None:
    """A wrong confirmation code may be tried again, until there were too many."""
    is_over = point in ENDS_THE_ORDER or (point == "2" and reason_code == NO_TRIES_LEFT)
    return DownloadState.ERROR if is_over else None


def _reached(point: str, points: Points) -> DownloadState | None:
    if point in POINTS:
        return REACHED.get(point)
    return next((BY_NAME[name] for name in points.get(point, ()) if name in BY_NAME), None)


def _codes(status: Mapping[str, Any]) -> tuple[str, str]:
    data = _part(status, "statusCodeData")
    codes = _text(data.get("subjectCode"), 19), _text(data.get("reasonCode"), 19)
    return codes if all(codes) else UNDEFINED


def _event_id(
    told: Mapping[str, Any], *, iccid: str, point: str, has_failed: bool, happened_at: datetime | None
) -> str:
    """Name what is told by the call that told it, or by its time; an identifier used for several steps tells several."""
    header = _part(told, "header")
    requester = _text(header.get("functionRequesterIdentifier"), 200)
    call = _text(header.get("functionCallIdentifier"), 200)
    named = f"{requester}:{call or happened_at}:{iccid}:{point}:{has_failed}"
    return sha256(named.encode()).hexdigest()


def _detail(told: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, str]:
    header, data = _part(told, "header"), _part(status, "statusCodeData")
    detail = {
        "requester": _text(header.get("functionRequesterIdentifier"), 80),
        "call": _text(header.get("functionCallIdentifier"), 80),
        "status": _text(status.get("status"), 40),
        "codes": f"{_text(data.get('subjectCode'), 19)}/{_text(data.get('reasonCode'), 19)}".strip("/"),
        "message": redacted(_text(data.get("message"), 200)),
        "profile_type": _text(told.get("profileType"), 64),
    }
    return {name: text for name, text in detail.items() if text}


def _moment(given: object, *, now: datetime) -> datetime | None:
    """Read ISO 8601 or seconds since 1970, as text or number; the future is now, for no state may wait for it."""
    text = _text(given, 40)
    try:
        if text.isascii() and text.replace(".", "", 1).isdigit():
            seconds = float(text)
            moment = datetime.fromtimestamp(seconds / 1000 if seconds > MILLISECONDS_FROM else seconds, tz=UTC)
        else:
            parsed = parse_datetime(text)
            if parsed is None:
                return None
            moment = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return min(moment, now)


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = told.get(name)
    return part if isinstance(part, dict) else {}


def _text(value: object, most: int) -> str:
    """Return a string or a number as text that a database takes; anything else as empty."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip().replace("\x00", "").encode(errors="replace").decode()[:most]
