"""What needs a person: counted, and each count leading to its rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Min, Model, Q
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountClosing, AddressChange, Notification, Ticket, User, WebhookEndpoint
from billing import gateways
from billing.left_behind import left_behind
from billing.models import (
    Charge,
    Discrepancy,
    Dispute,
    GatewayEvent,
    InvariantReport,
    LedgerAccount,
    Leftover,
    Order,
    Payout,
    Refund,
    Subscription,
)
from billing.silence import Silence, silences
from esim import carriers, delivery, stock
from esim.models import Line, ProfileOrder, Replacement, ServiceChange, SimApplication, SimCard
from portal.admin_links import listed
from portal.lib.dates import format_moment

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

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
    groups = [
        *_orders(user, now),
        *_others(user, now),
        *_left_behind(user),
        *_disputes(user),
        *_gateways(user, now),
        *_stock(user),
    ]
    return [group for group in groups if group.count]


def _orders(user: User, now: datetime) -> Iterator[Attention]:
    if not user.has_perm("billing.view_order"):
        return
    stuck = {"state__in": sorted(Order.State.IN_FLIGHT), "paid_at__lt": now - settings.PORTAL_PROMISE}
    silent = {"state__in": [Order.State.FULFILLING.value], "paid_at__lt": now - settings.PORTAL_STUCK_AFTER}
    # What waits its turn by wish is not late; the list behind the link may show it all the same.
    overdue = Q(pk__in=Order.objects.late(now - settings.PORTAL_PROMISE).values("pk"))
    unheard = Q(**silent, pk__in=Order.objects.late(now - settings.PORTAL_STUCK_AFTER).values("pk"))
    undeliverable = {"state__in": [Order.State.UNDELIVERABLE.value], "created_at__gte": now - LOOK_BACK}
    counts = Order.objects.filter(overdue | Q(**undeliverable)).aggregate(
        stuck=Count("pk", filter=overdue),
        silent=Count("pk", filter=unheard),
        undeliverable=Count("pk", filter=Q(**undeliverable)),
    )
    hours = int(settings.PORTAL_STUCK_AFTER.total_seconds() // 3600)
    asked = gettext("Orders for which the network has had no answer for %(hours)d hours: ask there, then decide")
    yield Attention(asked % {"hours": hours}, counts["silent"], listed(Order, silent))
    minutes = int(settings.PORTAL_PROMISE.total_seconds() // 60)
    late = gettext("Orders paid for more than %(minutes)d minutes, not fulfilled") % {"minutes": minutes}
    yield Attention(late, counts["stuck"], listed(Order, stuck))
    yield Attention(
        _("Orders of the last 7 days that could not be delivered"),
        counts["undeliverable"],
        listed(Order, undeliverable),
    )


def _others(user: User, now: datetime) -> Iterator[Attention]:
    watched: list[tuple[_StrPromise, type[Model], dict[str, Any]]] = [
        (
            _("Charges without an answer from the gateway for an hour"),
            Charge,
            {"state__in": [Charge.State.UNKNOWN.value], "created_at__lt": now - SETTLE_WITHIN},
        ),
        (_("Requests for help that wait for our answer"), Ticket, {"state__in": sorted(Ticket.State.OURS)}),
        (
            _("Applications for a SIM card that wait to be checked"),
            SimApplication,
            {"state__in": [SimApplication.State.SUBMITTED.value]},
        ),
        (
            _("Lines whose network has had no answer about suspending or resuming for an hour"),
            Line,
            {"service_change__in": sorted(ServiceChange.values), "service_change_at__lt": now - SETTLE_WITHIN},
        ),
        (
            _("Lines on their way to another device whose network has had no answer for an hour"),
            Replacement,
            {"state__in": sorted(Replacement.NETWORK_ASKED), "moved_at__lt": now - SETTLE_WITHIN},
        ),
        (
            _("Orders for profiles in doubt: ask the operator of the SM-DP+ what it allocated"),
            ProfileOrder,
            {"state__in": [ProfileOrder.State.IN_DOUBT.value]},
        ),
        (_("Refunds that wait for a second person"), Refund, {"state__in": [Refund.State.REQUESTED.value]}),
        (
            _("Refunds that failed: try again, or give the money as balance"),
            Refund,
            {"state__in": [Refund.State.FAILED.value], "tried_again__isnull": True},
        ),
        (
            _("Balances of closed accounts that wait for a second person"),
            Leftover,
            {"state__in": [Leftover.State.REQUESTED.value]},
        ),
        (
            _("Payouts of balances that wait for a second person"),
            Payout,
            {"state__in": [Payout.State.REQUESTED.value]},
        ),
        (
            _("Payouts to transfer at your bank: then write down its reference"),
            Payout,
            {"state__in": [Payout.State.TO_TRANSFER.value]},
        ),
        (
            _("Changes of address that wait for a second person"),
            AddressChange,
            {"state__in": [AddressChange.State.REQUESTED.value]},
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
            _("Webhook endpoints that were turned off because nothing arrived"),
            WebhookEndpoint,
            {"is_active": False, "turned_off_at__isnull": False},
        ),
        (
            _("Auto-renewals whose payment was declined"),
            Subscription,
            {
                "state__in": [Subscription.State.PAST_DUE.value],
                "mode__in": list(Subscription.Mode.ON),
            },
        ),
    ]
    for title, model, filters in watched:
        meta = model._meta  # noqa: SLF001
        if user.has_perm(f"{meta.app_label}.view_{meta.model_name}") and meta.default_manager:
            yield Attention(title, meta.default_manager.filter(**filters).count(), listed(model, filters))


def _left_behind(user: User) -> Iterator[Attention]:
    if not user.has_perm("billing.view_ledgeraccount"):
        return
    # The list behind the link also shows those that wait for a second person; they are counted as that.
    of_the_closed = {
        "kind__in": [LedgerAccount.Kind.WALLET.value],
        "balance__gt": 0,
        "owner__closings__state__in": sorted(AccountClosing.State.GONE),
    }
    title = _("Balances of closed accounts that did not go back by themselves: pay them out, or write them off")
    yield Attention(title, left_behind().count(), listed(LedgerAccount, of_the_closed))


def _disputes(user: User) -> Iterator[Attention]:
    if not user.has_perm("billing.view_dispute"):
        return
    found = Dispute.objects.open().aggregate(count=Count("pk"), first=Min("respond_by"))
    title = gettext("Open disputes")
    if found["first"]:
        day = format_moment(timezone.localtime(found["first"]), get_language() or "en")
        title = gettext("Open disputes; the next has to be answered by %(moment)s") % {"moment": day}
    yield Attention(title, found["count"], listed(Dispute, {"state__in": [Dispute.State.OPEN.value]}))


def _gateways(user: User, now: datetime) -> Iterator[Attention]:
    if not user.has_perm("billing.view_charge"):
        return
    names = [gateway.name for gateway in gateways.configured()]
    yield from _out_of_reach(names)
    for silence in silences(gateway_names=names, now=now):
        yield Attention(_silent(silence), silence.count, listed(Charge, silence.filters))


def _stock(user: User) -> Iterator[Attention]:
    if not user.has_perm("esim.view_simcard"):
        return
    carrier, below = carriers.chosen(), settings.ESIM_LOW_STOCK
    able = carrier.capabilities
    needed = able.profile_type if able.order_by_iccid else None
    low = stock.kinds_running_low(carrier=carrier.name, needed=needed, below=below)
    title = gettext("Kinds of eSIM of which fewer than %(count)d are left to sell") % {"count": below}
    yield Attention(title, len(low), listed(SimCard, {"state__exact": SimCard.State.AVAILABLE.value, "sold": "here"}))
    yield from _physical_cards()


def _physical_cards() -> Iterator[Attention]:
    """Yield how many cards are left for applicants, where too few are: to somebody who gives out cards at all."""
    applicants = delivery.applicants()
    if not applicants.ever:
        return
    left = delivery.in_stock().count()
    is_low = left < max(applicants.waiting, settings.ESIM_LOW_STOCK)
    filters = {"state__exact": SimCard.State.AVAILABLE.value, "form__exact": Line.Form.PHYSICAL.value}
    title = gettext("Too few SIM cards for applicants are left: %(left)d") % {"left": left}
    yield Attention(title, int(is_low), listed(SimCard, filters))
    approved = {"state__exact": SimApplication.State.APPROVED.value}
    yield Attention(
        _("Approved applications that wait for a SIM card"), applicants.waiting, listed(SimApplication, approved)
    )


def _out_of_reach(names: Iterable[str]) -> Iterator[Attention]:
    """Yield the open charges of each gateway that is not set up: nobody asks it about them."""
    left = Charge.objects.open().exclude(gateway__in=names).values("gateway").annotate(count=Count("pk"))
    for row in left.order_by("gateway"):
        title = gettext("Open charges of %(gateway)s, a gateway that is not set up") % {"gateway": row["gateway"]}
        filters = {"state__in": sorted(Charge.State.OPEN), "gateway__in": [row["gateway"]]}
        yield Attention(title, row["count"], listed(Charge, filters))


def _silent(silence: Silence) -> str:
    if silence.since is None:
        return gettext("Charges paid at %(gateway)s, which has never sent a notice") % {"gateway": silence.gateway}
    since = format_moment(timezone.localtime(silence.since), get_language() or "en")
    told = gettext("Charges paid at %(gateway)s, from which no notice has come since %(since)s")
    return told % {"gateway": silence.gateway, "since": since}
