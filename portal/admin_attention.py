"""What needs a person: counted, and each count leading to its rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min, Model, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Notification, User
from billing import gateways
from billing.models import Charge, Discrepancy, Dispute, GatewayEvent, InvariantReport, Order, Refund, Subscription
from billing.silence import Silence, silences
from portal.lib.dates import format_moment

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FULFIL_WITHIN = timedelta(minutes=30)
SETTLE_WITHIN = timedelta(hours=1)
LOOK_BACK = timedelta(days=7)
UNSEEN = {"over_at__isnull": True, "acknowledged_at__isnull": True}


@dataclass(frozen=True, slots=True)
class Attention:
    title: "str | _StrPromise"
    count: int
    href: str


def needs_a_person(user: User, now: datetime) -> list[Attention]:
    """Return the groups of rows that somebody has to look at, as far as this person may see them."""
    groups = [*_orders(user, now), *_others(user, now), *_disputes(user), *_gateways(user, now)]
    return [group for group in groups if group.count]


def _orders(user: User, now: datetime) -> Iterator[Attention]:
    if not user.has_perm("billing.view_order"):
        return
    stuck = {"state__in": sorted(Order.State.IN_FLIGHT), "paid_at__lt": now - FULFIL_WITHIN}
    undeliverable = {"state__in": [Order.State.UNDELIVERABLE.value], "created_at__gte": now - LOOK_BACK}
    counts = Order.objects.filter(Q(**stuck) | Q(**undeliverable)).aggregate(
        stuck=Count("pk", filter=Q(**stuck)), undeliverable=Count("pk", filter=Q(**undeliverable))
    )
    yield Attention(_("Orders paid for more than 30 minutes, not fulfilled"), counts["stuck"], _list(Order, stuck))
    yield Attention(
        _("Orders of the last 7 days that could not be delivered"),
        counts["undeliverable"],
        _list(Order, undeliverable),
    )


def _others(user: User, now: datetime) -> Iterator[Attention]:
    watched: list[tuple[_StrPromise, type[Model], dict[str, Any]]] = [
        (
            _("Charges without an answer from the gateway for an hour"),
            Charge,
            {"state__in": [Charge.State.UNKNOWN.value], "created_at__lt": now - SETTLE_WITHIN},
        ),
        (_("Refunds that wait for a second person"), Refund, {"state__in": [Refund.State.REQUESTED.value]}),
        (
            _("Refunds that failed: try again, or give the money as balance"),
            Refund,
            {"state__in": [Refund.State.FAILED.value], "tried_again__isnull": True},
        ),
        (_("Gateway events that failed"), GatewayEvent, {"state__in": [GatewayEvent.State.FAILED.value]}),
        (_("Money that a gateway and our books tell differently"), Discrepancy, {"resolved_at__isnull": True}),
        (
            _("Money does not add up: nothing is charged automatically until somebody has looked"),
            InvariantReport,
            {**UNSEEN, "stops_money": True},
        ),
        (_("Something that must always be true is not"), InvariantReport, {**UNSEEN, "stops_money": False}),
        (
            _("Notifications of the last 7 days that failed"),
            Notification,
            {"state__in": [Notification.State.FAILED.value], "created_at__gte": now - LOOK_BACK},
        ),
        (
            _("Auto-renewals whose payment was declined"),
            Subscription,
            {
                "state__in": [Subscription.State.PAST_DUE.value],
                "mode__in": [Subscription.Mode.AUTOMATIC.value],
            },
        ),
    ]
    for title, model, filters in watched:
        meta = model._meta  # noqa: SLF001
        if user.has_perm(f"{meta.app_label}.view_{meta.model_name}") and meta.default_manager:
            yield Attention(title, meta.default_manager.filter(**filters).count(), _list(model, filters))


def _disputes(user: User) -> Iterator[Attention]:
    if not user.has_perm("billing.view_dispute"):
        return
    found = Dispute.objects.open().aggregate(count=Count("pk"), first=Min("respond_by"))
    title = gettext("Open disputes")
    if found["first"]:
        day = format_moment(timezone.localtime(found["first"]), get_language() or "en")
        title = gettext("Open disputes; the next has to be answered by %(moment)s") % {"moment": day}
    yield Attention(title, found["count"], _list(Dispute, {"state__in": [Dispute.State.OPEN.value]}))


def _gateways(user: User, now: datetime) -> Iterator[Attention]:
    if not user.has_perm("billing.view_charge"):
        return
    names = [gateway.name for gateway in gateways.configured()]
    yield from _out_of_reach(names)
    for silence in silences(gateway_names=names, now=now):
        yield Attention(_silent(silence), silence.count, _list(Charge, silence.filters))


def _out_of_reach(names: Iterable[str]) -> Iterator[Attention]:
    """Yield the open charges of each gateway that is not set up: nobody asks it about them."""
    left = Charge.objects.open().exclude(gateway__in=names).values("gateway").annotate(count=Count("pk"))
    for row in left.order_by("gateway"):
        title = gettext("Open charges of %(gateway)s, a gateway that is not set up") % {"gateway": row["gateway"]}
        filters = {"state__in": sorted(Charge.State.OPEN), "gateway__in": [row["gateway"]]}
        yield Attention(title, row["count"], _list(Charge, filters))


def _silent(silence: Silence) -> str:
    if silence.since is None:
        return gettext("Charges paid at %(gateway)s, which has never sent a notice") % {"gateway": silence.gateway}
    since = format_moment(timezone.localtime(silence.since), get_language() or "en")
    told = gettext("Charges paid at %(gateway)s, from which no notice has come since %(since)s")
    return told % {"gateway": silence.gateway, "since": since}


def _list(model: type[Model], filters: dict[str, Any]) -> str:
    """Return the address of the admin's list with the same filters."""
    meta = model._meta  # noqa: SLF001
    query = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in filters.items()}
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist", query=query)
