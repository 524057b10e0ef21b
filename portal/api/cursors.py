"""Going through long lists in parts: a cursor names the last row that was seen, so new rows shift nothing."""

import base64
import binascii
import json
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from django.db.models import Model, Q, QuerySet
from pydantic import Field

from portal.api.refusals import refused
from portal.api.shapes import Wish
from portal.lib.dates import instant

ModelT = TypeVar("ModelT", bound=Model)


class Part(Wish):
    """Which part of a list is wished for."""

    limit: Annotated[int, Field(ge=1, le=100, description="How many at most.")] = 20
    cursor: Annotated[str | None, Field(max_length=200, description="`nextCursor` of the part before.")] = None


def newest_first(rows: QuerySet[ModelT], *, part: Part) -> tuple[list[ModelT], str | None]:
    """Return a part of rows by their ids, the highest first, and the cursor for the next one."""
    if part.cursor is not None:
        [last] = _read(part.cursor, int)
        rows = rows.filter(pk__lt=last)
    page = list(rows.order_by("-pk")[: part.limit + 1])
    more = len(page) > part.limit
    return page[: part.limit], _write(page[part.limit - 1].pk) if more else None


def latest_first(rows: QuerySet[ModelT], *, part: Part) -> tuple[list[ModelT], str | None]:
    """Return a part of rows by `at`, the latest first, those of one moment by their ids."""
    if part.cursor is not None:
        text, last = _read(part.cursor, str, int)
        at = _moment(text)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=last))
    page: list[Any] = list(rows.order_by("-at", "-pk")[: part.limit + 1])
    more = len(page) > part.limit
    return page[: part.limit], _write(page[part.limit - 1].at.isoformat(), page[part.limit - 1].pk) if more else None


def moment_in(cursor: str | None) -> datetime | None:
    """Return the moment before which a list goes on that knows moments only; None: from its beginning."""
    if cursor is None:
        return None
    [text] = _read(cursor, str)
    return _moment(text)


def cursor_at(moment: datetime | None) -> str | None:
    """Return the cursor that `moment_in` reads."""
    return _write(moment.isoformat()) if moment else None


def _write(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _read(cursor: str, *kinds: type) -> list[Any]:
    try:
        parts = json.loads(base64.urlsafe_b64decode(f"{cursor}{'=' * (-len(cursor) % 4)}".encode("ascii")))
    except (ValueError, binascii.Error, RecursionError):
        raise _unknown() from None
    if not isinstance(parts, list) or [type(part) for part in parts] != list(kinds):
        raise _unknown()
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in parts):
        raise _unknown()
    return parts


def _moment(text: str) -> datetime:
    at = instant(text)
    if at is None:
        raise _unknown()
    return at


def _unknown() -> Exception:
    return refused(HTTPStatus.NOT_FOUND, "unknown-cursor", "This cursor is not one of ours. Begin again without it.")
