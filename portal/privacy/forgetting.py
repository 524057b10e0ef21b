"""What is forgotten by itself, and after which time: rows that were needed for something that is over.

Books, orders, agreements and the audit trail are not here: they are kept for the term of the law, the trail
append-only. Documents and applications have jobs of their own (`erase_documents`, `tidy_applications`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Model, Q, QuerySet

from accounts.models import HeldValue, KnownDevice, Notification, Referral, TicketMessage, TicketNote
from billing.models import CodeAttempt, GatewayEvent, LineClaim
from esim.models import BindingAttempt, CarrierEvent, DailyUsage, LineInvitation, QuarantinedUsage
from portal.lib.ticks import InTime, always

AT_ONCE = 2_000
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rows older than `after` are removed, or emptied of `blanked`; `find` returns those not forgotten yet."""

    name: str
    after: Callable[[], timedelta]
    find: Callable[[datetime], "QuerySet[Any]"]
    blanked: Mapping[str, Any] = field(default_factory=dict)


def _days(count: int) -> Callable[[], timedelta]:
    return lambda: count * DAY


def _older(model: type[Model], column: str, **of: Any) -> Callable[[datetime], "QuerySet[Any]"]:
    return lambda before: model._base_manager.filter(**{f"{column}__lt": before}, **of)  # noqa: SLF001


CLOSED_TICKET = Q(ticket__state="closed")
RULES = (
    Rule(
        name="notifications",
        after=lambda: settings.PORTAL_NOTICES_KEPT,
        # What still waits to be sent is not over, however old.
        find=_older(Notification, "created_at", state__in=["sent", "failed", "left_out"]),
    ),
    Rule(name="values_held", after=_days(1), find=_older(HeldValue, "ends_at")),
    Rule(name="tries_to_bind", after=_days(90), find=_older(BindingAttempt, "at")),
    Rule(name="tries_of_codes", after=_days(90), find=_older(CodeAttempt, "at")),
    Rule(name="claims_to_lines", after=_days(90), find=_older(LineClaim, "asked_at")),
    Rule(name="devices", after=_days(365), find=_older(KnownDevice, "seen_at")),
    Rule(
        name="traces_of_referrals",
        after=_days(365),
        find=lambda before: Referral.objects.filter(joined_at__lt=before).exclude(mailbox="", device=""),
        blanked={"mailbox": "", "device": ""},
    ),
    Rule(
        name="invitations",
        after=_days(365),
        find=lambda before: LineInvitation.objects.filter(
            Q(ended_at__lt=before) | Q(ended_at__isnull=True, expires_at__lt=before)
        ),
    ),
    Rule(
        name="payloads_of_gateways",
        after=lambda: settings.PORTAL_EVENTS_KEPT,
        find=lambda before: GatewayEvent.objects.filter(done_at__lt=before).exclude(payload={}),
        blanked={"payload": {}},
    ),
    Rule(
        name="details_of_carriers",
        after=lambda: settings.PORTAL_EVENTS_KEPT,
        find=lambda before: CarrierEvent.objects.filter(received_at__lt=before, applied=True).exclude(detail={}),
        blanked={"detail": {}},
    ),
    Rule(name="usage_put_aside", after=_days(400), find=_older(QuarantinedUsage, "received_at")),
    Rule(
        name="usage_of_days",
        after=lambda: settings.PORTAL_USAGE_KEPT,
        find=lambda before: DailyUsage.objects.filter(date__lt=before.date()),
    ),
    Rule(
        name="requests_for_help",
        after=lambda: settings.PORTAL_TICKETS_KEPT,
        find=lambda before: TicketMessage.objects.filter(CLOSED_TICKET, ticket__closed_at__lt=before).exclude(
            text__in=["", "—"]
        ),
        blanked={"text": "—"},
    ),
    Rule(
        name="notes_of_staff",
        after=lambda: settings.PORTAL_TICKETS_KEPT,
        find=lambda before: TicketNote.objects.filter(CLOSED_TICKET, ticket__closed_at__lt=before),
    ),
)


def due(rule: Rule, *, now: datetime) -> "QuerySet[Any]":
    return rule.find(now - rule.after())


def forget_old(*, now: datetime, in_time: InTime = always) -> dict[str, int]:
    """Forget what is old, some at a time so that nobody waits for it, and return how many rows of each."""
    done: dict[str, int] = {}
    for rule in RULES:
        done[rule.name] = 0
        while in_time():
            ids = list(due(rule, now=now).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
            if not ids:
                break
            rows = due(rule, now=now).filter(pk__in=ids)
            done[rule.name] += rows.update(**rule.blanked) if rule.blanked else rows.delete()[0]
    return done
