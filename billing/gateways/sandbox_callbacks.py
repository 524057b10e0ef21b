"""The sandbox calls back: a signed notice over HTTP for every state a payment reaches."""

import json
import logging
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from billing.gateways import sandbox_bank as bank
from billing.gateways.sandbox import SIGNATURE_HEADER
from billing.gateways.sandbox_events import UNTOLD, event_of
from billing.models import SandboxPayment
from portal.lib import http

logger = logging.getLogger(__name__)

GIVES_UP_AFTER = timedelta(days=3)


def deliver_callbacks(*, url: str, secret: str, now: datetime, limit: int = 50) -> int:
    """Tell `url` about payments whose state it has not acknowledged; return how many it took.

    Delivered at least once: when the answer gets lost, the same event comes again.
    """
    taken = 0
    bank.complete_due(now=now)
    for payment in _untold(now)[:limit]:
        try:
            answer = _post(payment, url=url, secret=secret, now=now)
        except http.NoConnection:
            break  # nobody listens; the others would not be heard either
        except http.NoAnswer:
            continue
        if 200 <= answer.status < 300:  # noqa: PLR2004 - any success
            SandboxPayment.objects.filter(pk=payment.pk).update(notified_state=payment.state)
            taken += 1
        else:
            logger.warning("Sandbox callback for %s answered with %s", payment.reference, answer.status)
    return taken


def _untold(now: datetime) -> QuerySet[SandboxPayment]:
    untold = SandboxPayment.objects.exclude(state=F("notified_state")).exclude(state__in=UNTOLD)
    return untold.filter(created_at__gt=now - GIVES_UP_AFTER).order_by("pk")


def _post(payment: SandboxPayment, *, url: str, secret: str, now: datetime) -> http.HttpAnswer:
    body = json.dumps(event_of(payment)).encode()
    signature = http.sign_body(body, secret, int(now.timestamp()))
    return http.post_json(url, body, headers={SIGNATURE_HEADER: signature}, timeout=(2, 5))
