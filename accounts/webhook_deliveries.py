"""Sending what the operator's systems want to hear, until they say that they have it.

1. Claim: a conditional UPDATE takes the row for the length of a lease.
2. Send, outside any transaction. Whatever is no 2xx, an answer that got lost among it, is sent again under the same id.
3. Record, unless somebody else took the row over meanwhile.
"""

import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol

from django.db.models import F
from django.utils.translation import gettext_noop

from accounts import webhooks
from accounts.models import WebhookDelivery, WebhookEndpoint
from portal.lib.far_hosts import AddressRefused
from portal.lib.http import HttpAnswer, NoAnswer, NoConnection
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # longer than one request may take
BACK_OFF = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
]
"""Three days and a bit in all, as Standard Webhooks advises."""
FAILS_FOR = timedelta(days=5)
"""Without one success in between: then the endpoint is turned off, and staff are told."""
AT_ONCE = 16
"""To one endpoint, once it has shown that it takes them."""
LOG_KEPT = 20
TURNED_OFF = gettext_noop("Nothing was taken there for five days.")
GONE = gettext_noop("It answered 410 Gone.")

State = WebhookDelivery.State


class Post(Protocol):
    """What sends: `portal.lib.far_hosts.post`, or what stands in for it in a demo."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt; `status` is 0 where there was no answer."""

    status: int
    error: str
    milliseconds: int

    @property
    def is_taken(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


def deliver_due(*, post: Post, now: datetime, in_time: InTime = always) -> int:
    """Send what is due and return how much arrived.

    An endpoint that does not take a message is left alone until the next run: the others don't wait for it.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        active = WebhookEndpoint.objects.active()
        return sum(_deliver_to(endpoint, pool=pool, post=post, now=now, in_time=in_time) for endpoint in active)


def _deliver_to(
    endpoint: WebhookEndpoint, *, pool: ThreadPoolExecutor, post: Post, now: datetime, in_time: InTime
) -> int:
    """Send one message, and then more at a time as long as all of them arrive."""
    secrets = [secret.value for secret in endpoint.secrets.order_by("-pk")]
    due = WebhookDelivery.objects.due(now).filter(endpoint=endpoint).select_related("message")
    arrived, at_once = 0, 1
    while in_time():
        batch = [one for one in due.order_by("due_at", "pk")[:at_once] if _claim(one, now=now)]
        # Only the network is waited for side by side; rows are read and written here.
        outcomes = list(pool.map(lambda one: _send(one, endpoint, secrets=secrets, post=post, now=now), batch))
        for delivery, outcome in zip(batch, outcomes, strict=True):
            _record(delivery, outcome, endpoint=endpoint, now=now)
        arrived += sum(outcome.is_taken for outcome in outcomes)
        if not batch or not all(outcome.is_taken for outcome in outcomes):
            break
        at_once = min(2 * at_once, AT_ONCE)
    return arrived


def _claim(delivery: WebhookDelivery, *, now: datetime) -> bool:
    claimed = (
        WebhookDelivery.objects.due(now)
        .filter(pk=delivery.pk, claims=delivery.claims)
        .update(state=State.SENDING, due_at=now + LEASE, claims=F("claims") + 1, attempts=F("attempts") + 1)
    )
    delivery.claims += claimed
    delivery.attempts += claimed
    return claimed == 1


def _send(
    delivery: WebhookDelivery, endpoint: WebhookEndpoint, *, secrets: list[str], post: Post, now: datetime
) -> Outcome:
    """Send one message; asks no database, for it runs beside others."""
    body = webhooks.body_of(delivery.message)
    headers = webhooks.signed_headers(delivery.message, secrets=secrets, body=body, now=now)
    began = time.monotonic()
    status, error = 0, ""
    try:
        answer = post(endpoint.url, body, headers)
    except (AddressRefused, NoConnection, NoAnswer) as problem:
        error = f"{type(problem).__name__}: {problem}"
    except Exception as problem:  # one odd address must not keep the others waiting
        logger.exception("Webhook message %s not sent", delivery.message.public_id)
        error = type(problem).__name__
    else:
        status = answer.status
        error = "" if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else f"HTTP {status}"
    return Outcome(status, error, round((time.monotonic() - began) * 1000))


def _record(delivery: WebhookDelivery, outcome: Outcome, *, endpoint: WebhookEndpoint, now: datetime) -> None:
    entry = {"at": now.isoformat(), "status": outcome.status, "error": outcome.error, "ms": outcome.milliseconds}
    changes: dict[str, Any] = {
        "status": outcome.status or None,
        "error": outcome.error[:300],
        "log": [*delivery.log, entry][-LOG_KEPT:],
    }
    if outcome.is_taken:
        changes |= {"state": State.DELIVERED, "delivered_at": now}
    elif delivery.attempts > len(BACK_OFF):
        changes |= {"state": State.GIVEN_UP}
    else:
        changes |= {"state": State.WAITING, "due_at": now + BACK_OFF[delivery.attempts - 1]}
    ours = WebhookDelivery.objects.filter(pk=delivery.pk, state=State.SENDING, claims=delivery.claims)
    if ours.update(**changes):
        _judge(endpoint, outcome, now=now)


def _judge(endpoint: WebhookEndpoint, outcome: Outcome, *, now: datetime) -> None:
    """Remember since when nothing was taken there, and turn off an endpoint that is gone."""
    row = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    if outcome.is_taken:
        row.filter(failing_since__isnull=False).update(failing_since=None)
        return
    row.filter(failing_since=None).update(failing_since=now)
    is_gone = outcome.status == HTTPStatus.GONE
    hopeless = row.filter(is_active=True) if is_gone else row.filter(is_active=True, failing_since__lte=now - FAILS_FOR)
    why = GONE if is_gone else TURNED_OFF
    if hopeless.update(is_active=False, turned_off_at=now, turned_off_because=why):
        logger.error("Webhook endpoint %s is turned off: %s", endpoint.public_id, why)
