"""Lines that the network gives up when nobody uses them: counted from the last use, and told in time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.conf import settings

from accounts.notice_sets import Draft, Recipient, draft
from esim.models import Line, ServiceState
from portal.lib.dates import midnight
from portal.lib.one_by_one import one_by_one
from portal.lib.rungs import Standing, standing

WARNING_DAYS = (30, 7, 1)
IN_USE = frozenset({ServiceState.ACTIVE, ServiceState.SUSPENDED})


def lapses_at(line: Line) -> datetime | None:
    """Return when a line is lost unless it is used before; None where it isn't, or was never used."""
    days = settings.ESIM_LAPSES_AFTER_DAYS
    if not days or line.last_used_at is None or line.service_state not in IN_USE:
        return None
    return line.last_used_at + timedelta(days=days)


class Used(Protocol):
    """A line as far as its last use goes."""

    @property
    def last_used_at(self) -> datetime | None: ...


def used(line: Used, at: datetime | None) -> dict[str, Any]:
    """Return what a use at that moment changes on the line's row; reports come late and out of order."""
    if at is None or (line.last_used_at is not None and at <= line.last_used_at):
        return {}
    return {"last_used_at": at, "keep_alive_due_at": _first_look(at)}


def record_use(line: Line, *, at: datetime) -> None:
    if changes := used(line, at):
        Line.objects.filter(pk=line.pk).update(**changes)


def look(ids: Sequence[int], *, now: datetime) -> tuple[list[Draft], dict[int, datetime | None]]:
    """Return whom to tell now that a line is about to be lost, and when to look at each line again."""
    lines = Line.objects.filter(pk__in=ids).select_related("owner").order_by("keep_alive_due_at", "pk")
    looks = one_by_one(
        lines, lambda line: _look(line, now=now), what="A keep-alive reminder", about=lambda line: {"line": line}
    )
    return [draft for draft, _pk, _at in looks if draft is not None], {pk: at for _draft, pk, at in looks}


def _look(line: Line, *, now: datetime) -> tuple[Draft | None, int, datetime | None]:
    where = _standing(line, now=now)
    is_told = where is not None and where.rung is not None
    return _draft(line, where, now=now) if where and is_told else None, line.pk, where.next_at if where else None


def _first_look(used_at: datetime) -> datetime | None:
    """Return a day before the first warning anywhere; the same all day, so that usage seldom moves it."""
    days = settings.ESIM_LAPSES_AFTER_DAYS
    if not days:
        return None
    day = (used_at + timedelta(days=days - WARNING_DAYS[0] - 1)).astimezone(UTC).date()
    return midnight(day, UTC)


def _standing(line: Line, *, now: datetime) -> Standing | None:
    ends_at = lapses_at(line)
    if ends_at is None or line.last_used_at is None or ends_at <= now:
        return None
    return standing(WARNING_DAYS, begins_at=line.last_used_at, ends_at=ends_at, zone=line.owner.zone, now=now)


def _draft(line: Line, where: Standing, *, now: datetime) -> Draft:
    last_used_at, ends_at = line.last_used_at, lapses_at(line)
    if last_used_at is None or ends_at is None:
        raise ValueError(f"{line.public_id} does not lapse.")
    context = {
        "line": str(line),
        "line_id": line.public_id,
        "last_used_at": line.own_last_use.isoformat() if line.own_last_use else None,
        "lapses_at": ends_at.isoformat(),
        "days_left": where.days_left,
        "days": settings.ESIM_LAPSES_AFTER_DAYS,
    }
    key = f"keep-alive-{where.rung}d:{line.public_id}:{last_used_at.astimezone(UTC):%Y%m%dT%H%M%S}"
    return draft(recipient=Recipient.of(line.owner), kind="keep_alive_reminder", key=key, context=context, now=now)
