"""The sandbox calls back: a signed notice over HTTP for every state that something reaches."""

import json
import logging
from datetime import datetime, timedelta

from django.db.models import F

from billing.gateways.sandbox import SIGNATURE_HEADER
from billing.gateways.sandbox_events import Told, complete_due, event_of, told
from portal.lib import http

logger = logging.getLogger(__name__)

GIVES_UP_AFTER = timedelta(days=3)


def deliver_callbacks(*, url: str, secret: str, now: datetime, limit: int = 50) -> int:
    """Tell `url` about payments, refunds and disputes whose state it has not acknowledged; return how many it took.

    Delivered at least once: when the answer gets lost, the same event comes again.
    """
    taken = 0
    complete_due(now=now)
    for one in _untold(now)[:limit]:
        try:
            answer = _post(one, url=url, secret=secret, now=now)
        except http.NoConnection:
            break  # nobody listens; the others would not be heard either
        except http.NoAnswer:
            continue
        if 200 <= answer.status < 300:  # noqa: PLR2004 - any success
            type(one).objects.filter(pk=one.pk).update(notified_state=one.state)
            taken += 1
        else:
            logger.warning("Sandbox callback for %s answered with %s", one.reference, answer.status)
    return taken


def _untold(now: datetime) -> list[Told]:
    young = [rows.filter(created_at__gt=now - GIVES_UP_AFTER).order_by("pk") for rows in told()]
    return [one for rows in young for one in rows.exclude(state=F("notified_state"))]


def _post(one: Told, *, url: str, secret: str, now: datetime) -> http.HttpAnswer:
    body = json.dumps(event_of(one)).encode()
    signature = http.sign_body(body, secret, int(now.timestamp()))
    return http.post_json(url, body, headers={SIGNATURE_HEADER: signature}, timeout=(2, 5))
