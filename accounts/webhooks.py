"""Telling the operator's own systems what happened: a row first, in the transaction of the fact, a request later.

The form is that of Standard Webhooks (standardwebhooks.com): headers `webhook-id`, `webhook-timestamp` and
`webhook-signature`. A receiver may hear one message more than once, always under the same id.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User, WebhookDelivery, WebhookEndpoint, WebhookMessage, WebhookSecret

TEST = "test"
KINDS = {
    "order.fulfilled": _("An order was delivered"),
    "order.undeliverable": _("An order could not be delivered; the money goes back"),
    "charge.succeeded": _("A payment arrived"),
    "charge.failed": _("A payment was declined"),
    "renewal.declined": _("A renewal was declined"),
    "line.expiring": _("A line’s paid time ends soon"),
    "line.suspended": _("A line was suspended"),
    "line.resumed": _("A line is back in service"),
}
MARK = "whsec_"
"""What a secret begins with; the key is behind it, in base64."""
KEPT = timedelta(days=30)
DELETED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; `key` names the fact, so that it is told once."""

    kind: str
    key: str
    data: dict[str, Any]
    at: datetime


def wanted() -> set[str]:
    """Return the kinds somebody wants to hear of. One query, of a table with a handful of rows."""
    return {kind for endpoint in WebhookEndpoint.objects.active() for kind in endpoint.kinds}


def untold(keys: Iterable[str]) -> set[str]:
    """Return those of the keys under which nothing was told."""
    asked = set(keys)
    return asked - set(WebhookMessage.objects.filter(key__in=asked).values_list("key", flat=True))


def tell(events: Iterable[Event], *, now: datetime) -> int:
    """Write down what is to be told, in the caller's transaction; return how many were not told before."""
    endpoints = list(WebhookEndpoint.objects.active())
    heard = {kind for endpoint in endpoints for kind in endpoint.kinds}
    by_key = {event.key: event for event in events if event.kind in heard}
    if not by_key:
        return 0
    fresh = [by_key[key] for key in untold(by_key)]
    rows = [
        WebhookMessage(key=one.key, kind=one.kind, data=one.data, at=one.at, created_at=now)
        for one in sorted(fresh, key=lambda event: (event.at, event.key))
    ]
    WebhookMessage.objects.bulk_create(rows, ignore_conflicts=True)
    # Of two workers with the same fact one has written it: that one's rows carry the ids we made.
    ids = [row.public_id for row in rows]
    written = WebhookMessage.objects.filter(public_id__in=ids).order_by("pk")
    return _hand_out(written, endpoints=endpoints, now=now)


def test(endpoint: WebhookEndpoint, *, now: datetime) -> WebhookMessage:
    """Write a message that says nothing, for one endpoint, so that its owner sees one arrive."""
    key = f"test:{endpoint.public_id}:{secrets.token_hex(8)}"
    message = WebhookMessage.objects.create(
        key=key, kind=TEST, data={"endpoint": endpoint.public_id}, at=now, created_at=now
    )
    WebhookDelivery.objects.create(message=message, endpoint=endpoint, due_at=now)
    return message


@transaction.atomic
def new_secret(endpoint: WebhookEndpoint, *, actor: User | None, ip: str | None, now: datetime) -> str:
    """Make another secret that messages are signed with, too; return it, to be shown once."""
    secret = MARK + base64.b64encode(secrets.token_bytes(32)).decode()
    row = WebhookSecret(endpoint=endpoint, created_at=now)
    row.value = secret
    row.save()
    _record(endpoint, action="webhook_secret.made", actor=actor, ip=ip, now=now)
    return secret


@transaction.atomic
def drop_old_secrets(endpoint: WebhookEndpoint, *, actor: User | None, ip: str | None, now: datetime) -> int:
    """Sign with the latest secret alone from now on; return how many others there were."""
    latest = endpoint.secrets.order_by("-pk").first()
    dropped, _by_model = endpoint.secrets.exclude(pk=latest.pk).delete() if latest else (0, {})
    if dropped:
        _record(endpoint, action="webhook_secret.dropped", actor=actor, ip=ip, now=now)
    return dropped


def send_again(ids: Sequence[int], *, now: datetime) -> int:
    """Have deliveries sent once more, under the ids they had; return how many. What is being sent is left alone."""
    ready = WebhookDelivery.objects.filter(pk__in=ids).exclude(state=WebhookDelivery.State.SENDING)
    return ready.update(state=WebhookDelivery.State.WAITING, attempts=0, due_at=now, delivered_at=None)


def delete_old(*, now: datetime) -> int:
    """Forget what was told long ago, delivered or not, and return how many messages were."""
    old = WebhookMessage.objects.filter(created_at__lt=now - KEPT).order_by("created_at").values_list("pk", flat=True)
    deleted = 0
    while ids := list(old[:DELETED_AT_ONCE]):
        WebhookMessage.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted


def body_of(message: WebhookMessage) -> bytes:
    """Return what is sent, the same each time."""
    body = {"type": message.kind, "timestamp": message.at.isoformat(), "data": message.data}
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def signed_headers(message: WebhookMessage, *, secrets: Iterable[str], body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that let a receiver check who sent the body, and when: one signature for each secret."""
    timestamp = str(int(now.timestamp()))
    content = b".".join([message.public_id.encode(), timestamp.encode(), body])
    signatures = [_signature(content, secret) for secret in secrets]
    return {
        "webhook-id": message.public_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        "Content-Type": "application/json",
    }


def _signature(content: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(MARK))
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def _hand_out(messages: Iterable[WebhookMessage], *, endpoints: list[WebhookEndpoint], now: datetime) -> int:
    found = list(messages)
    deliveries = [
        WebhookDelivery(message=message, endpoint=endpoint, due_at=now)
        for message in found
        for endpoint in endpoints
        if message.kind in endpoint.kinds
    ]
    WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    return len(found)


def _record(endpoint: WebhookEndpoint, *, action: str, actor: User | None, ip: str | None, now: datetime) -> None:
    audit.record(actor=actor, subject=None, action=action, target=endpoint.public_id, ip=ip, now=now)
