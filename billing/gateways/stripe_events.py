"""Stripe's events, by webhook and from its list: verified, sorted by what they are about, and trimmed.

Only ids, states and our own keys are kept: what an event says of people stays with Stripe, and what it says of money is
asked for again before we act.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from billing.gateways.base import BadSignature, GatewayNotice, Notices, Subject
from billing.gateways.stripe_client import Refused, StripeApi, StripeData
from billing.gateways.stripe_customers import id_of
from billing.gateways.stripe_settings import StripeSettings
from portal.lib import http

logger = logging.getLogger(__name__)

SIGNATURE_HEADER = "Stripe-Signature"
OLDEST_SECONDS = 300
CLOCKS_DIFFER_SECONDS = 60
"""How far ahead of ours the sender's clock may be; a later timestamp would make a letter that keeps for longer."""

PAYMENT_EVENTS = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.canceled",
)
CARD_EVENTS = {
    "setup_intent.succeeded": "card.succeeded",
    "payment_method.automatically_updated": "card.updated",
    "payment_method.detached": "card.detached",
}
REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed")
DISPUTE_EVENTS = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
LISTENED_TO = (*PAYMENT_EVENTS, *CARD_EVENTS, *REFUND_EVENTS, *DISPUTE_EVENTS)
"""What a webhook endpoint subscribes to; Stripe's list takes twenty names at most, and these are twenty."""

CARD_PAGE_DONE = "card.succeeded"
FIRST_LOOK_BACK = timedelta(hours=1)
OVERLAP = timedelta(minutes=5)
"""Events appear in the list a little out of order."""

BATCH = 100
MOST_EVENTS = 1000
"""How many are read in one go; the next reading goes on from there."""

LONGEST_KIND = 60


def read(*, body: bytes, headers: Mapping[str, str], settings: StripeSettings, now: datetime) -> GatewayNotice:
    """Verify and read a webhook; raise BadSignature."""
    try:
        http.verify_signature(
            body,
            headers.get(SIGNATURE_HEADER, ""),
            settings.webhook_secrets,
            now,
            tolerance_seconds=OLDEST_SECONDS,
            ahead_seconds=CLOCKS_DIFFER_SECONDS,
        )
        event = json.loads(body)
        if event["livemode"] != settings.is_live:
            raise BadSignature("A test event came to a live portal, or the other way round.")
        _tell_other_version(event, settings.api_version)
        return notice_of(event)
    # ValueError: no JSON, or no UTF-8; the others: JSON, and no event.
    except (http.BadSignature, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSignature(f"{type(error).__name__}: {error}") from error


def notice_of(event: StripeData) -> GatewayNotice:
    """Return what an event is about, with nothing in it that is not needed to look that up."""
    kind: str = event["type"]
    # A "thin" event names its object elsewhere; it belongs to nothing we subscribe to.
    about = (event.get("data") or {}).get("object") or event.get("related_object") or {}
    subject, kind = _sorted(kind, about)
    metadata = about.get("metadata") or {}
    payload = {
        "id": event["id"],
        "type": event["type"],
        "created": event["created"],
        "livemode": event["livemode"],
        "api_version": event.get("api_version"),
        "object": about.get("id", ""),
        "status": about.get("status"),
        "key": metadata.get("refund" if subject == Subject.REFUND else "charge", ""),
        "transaction": id_of(about.get("payment_intent")),
    }
    return GatewayNotice(
        event_id=event["id"], kind=kind[:LONGEST_KIND], about=subject, payment_id=about.get("id", ""), payload=payload
    )


def since(api: StripeApi, cursor: str, *, now: datetime) -> Notices:
    """Return the events after the one that `cursor` names, oldest first; without one, those of the last hour."""
    events = _after(api, cursor) if cursor else None
    if events is None:
        events = _of_the_last_hour(api, now=now)
    return Notices(notices=[notice_of(event) for event in events], cursor=_next_cursor(events, cursor, now=now))


def _sorted(kind: str, about: StripeData) -> tuple[Subject, str]:
    if kind in CARD_EVENTS:
        return Subject.CARD, CARD_EVENTS[kind]
    if kind in PAYMENT_EVENTS and about.get("mode") == "setup":
        done = kind == "checkout.session.completed"
        return (Subject.CARD, CARD_PAGE_DONE) if done else (Subject.OTHER, kind)
    if kind in PAYMENT_EVENTS:
        return Subject.PAYMENT, kind
    if kind in REFUND_EVENTS:
        return Subject.REFUND, kind
    if kind in DISPUTE_EVENTS:
        return Subject.DISPUTE, kind
    return Subject.OTHER, kind


def _after(api: StripeApi, cursor: str) -> list[StripeData] | None:
    """Return the events after one, None where Stripe no longer keeps that one (thirty days)."""
    try:
        oldest_first = api.walk(
            lambda stripe: stripe.v1.events.list({"types": list(LISTENED_TO), "ending_before": cursor, "limit": BATCH})
        )
        return [*islice(oldest_first, MOST_EVENTS)]
    except Refused as refusal:
        if not refusal.says_missing:
            raise
        logger.error("Stripe no longer keeps event %s: what came since may be missing", cursor)  # noqa: TRY400
        return None


def _of_the_last_hour(api: StripeApi, *, now: datetime) -> list[StripeData]:
    begin = int((now - FIRST_LOOK_BACK).timestamp())
    newest_first = api.walk(
        lambda stripe: stripe.v1.events.list({"types": list(LISTENED_TO), "created": {"gte": begin}, "limit": BATCH})
    )
    return [*newest_first][::-1]


def _next_cursor(events: Sequence[StripeData], cursor: str, *, now: datetime) -> str:
    if len(events) >= MOST_EVENTS:
        return str(events[-1]["id"])
    settled = [event["id"] for event in events if event["created"] <= (now - OVERLAP).timestamp()]
    return str(settled[-1]) if settled else cursor


def _tell_other_version(event: StripeData, version: str) -> None:
    """An event of another version is applied all the same: only ids and our own keys are read from it."""
    if event.get("api_version") not in (version, None):
        logger.warning("A webhook endpoint at Stripe is on version %s, the portal on %s", event["api_version"], version)
