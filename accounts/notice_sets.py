"""Writing the notices of many people at once: one statement a page on PostgreSQL, the ORM elsewhere.

Both ways write the same rows, under the keys that `notifications.notify` would give them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat

from accounts import quiet_hours
from accounts.models import Notification
from accounts.models.notifications import Channel
from accounts.notifications import wanted_channels
from portal.lib.dates import zone_or_utc
from portal.lib.public_ids import make_public_id


@dataclass(frozen=True, slots=True)
class Recipient:
    """What it takes to tell a person something: read with `values_list`, a model would take several times as long."""

    pk: int
    public_id: str
    time_zone: str
    quiet_from: time | None
    quiet_until: time | None
    notify_by_email: bool
    notify_by_sms: bool
    phone_verified: bool

    @classmethod
    def columns(cls, prefix: str) -> list[str]:
        """Return what to read of a person, in the order of the fields."""
        return [f"{prefix}{name}" for name in cls.__slots__]

    @classmethod
    def of(cls, user: Any) -> "Recipient":
        return cls(*(getattr(user, name) for name in cls.__slots__))

    @property
    def zone(self) -> ZoneInfo:
        return zone_or_utc(self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One thing to tell one person; `key` names the fact, so that it is told once, on whichever channels."""

    key: str
    kind: str
    recipient: Recipient
    channels: Sequence[Channel]
    context: dict[str, Any]
    due_at: datetime


def draft(*, recipient: Recipient, kind: str, key: str, context: dict[str, Any], now: datetime) -> Draft:
    """Return a notice on the channels the person wants, due now or when their quiet hours end."""
    return Draft(
        key=key,
        kind=kind,
        recipient=recipient,
        channels=wanted_channels(recipient),
        context=context,
        due_at=quiet_hours.send_at(kind=kind, context=context, reader=recipient, now=now),
    )


def write(drafts: Iterable[Draft], *, now: datetime) -> list[Draft]:
    """Write what was not told before and return it; two workers at once are kept apart by the unique key.

    Told on one channel is told: who turns SMS on later doesn't want yesterday's news.
    """
    page = [one for one in drafts if one.channels]
    if not page:
        return []
    written = _by_statement(page, now=now) if connection.vendor == "postgresql" else _by_orm(page, now=now)
    return [one for one in page if f"{one.key}:{one.channels[0]}" in written]


def take_up_left_out(drafts: Iterable[Draft]) -> None:
    """Have told after all what was left out because it was not so when its time came, and is so again."""
    left_out = Notification.objects.filter(key__in=_every_key(drafts), state=Notification.State.LEFT_OUT)
    left_out.update(key=Concat(Value("left-out:"), F("public_id")))


def untold(drafts: Iterable[Draft]) -> list[Draft]:
    """Return those not told before, writing nothing."""
    page = [one for one in drafts if one.channels]
    told = Notification.objects.filter(key__in=_every_key(page)).values_list("key", flat=True)
    told_of = {key.rpartition(":")[0] for key in told}
    return [one for one in page if one.key not in told_of]


def _every_key(drafts: Iterable[Draft]) -> list[str]:
    """Return the keys under which these may be written, whichever channel tells them."""
    return [f"{one.key}:{channel}" for one in drafts for channel in Channel.values]


def _by_orm(page: list[Draft], *, now: datetime) -> set[str]:
    rows = [
        Notification(
            key=f"{one.key}:{channel}",
            user_id=one.recipient.pk,
            channel=channel,
            kind=one.kind,
            context=one.context,
            due_at=one.due_at,
            created_at=now,
        )
        for one in untold(page)
        for channel in one.channels
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    return {row.key for row in rows}


INSERT = """
    INSERT INTO accounts_notification
        (public_id, key, user_id, channel, kind, context, state, attempts, due_at, subject, body, error, created_at)
    SELECT public_id, fact || ':' || channel, user_id, channel, kind, context, 'queued', 0, due_at, '', '', '', %s
    FROM jsonb_to_recordset(%s::jsonb) AS draft
        (public_id text, fact text, user_id bigint, channel text, kind text, context jsonb, due_at timestamptz)
    WHERE NOT EXISTS (
        SELECT 1 FROM accounts_notification AS told
        WHERE told.key = ANY (ARRAY[draft.fact || ':email', draft.fact || ':sms'])
    )
    ON CONFLICT (key) DO NOTHING
    RETURNING key
"""


def _by_statement(page: list[Draft], *, now: datetime) -> set[str]:
    # One value for all rows: to write each as an element of a list takes the driver longer.
    rows = [
        {
            "public_id": make_public_id("ntf"),
            "fact": one.key,
            "user_id": one.recipient.pk,
            "channel": channel.value,
            "kind": one.kind,
            "context": one.context,
            "due_at": one.due_at.isoformat(),
        }
        for one in page
        for channel in one.channels
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [now, json.dumps(rows)])
        return {key for (key,) in cursor.fetchall()}
