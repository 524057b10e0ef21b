"""What needs a person: counted, and each count leading to its rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Model, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Notification, User
from billing.models import Charge, GatewayEvent, Order, Subscription

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

FULFIL_WITHIN = timedelta(minutes=30)
SETTLE_WITHIN = timedelta(hours=1)
LOOK_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Attention:
    title: "_StrPromise"
    count: int
    href: str


def needs_a_person(user: User, now: datetime) -> list[Attention]:
    """Return the groups of rows that somebody has to look at, as far as this person may see them."""
    groups = [*_orders(user, now), *_others(user, now)]
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
        (_("Gateway events that failed"), GatewayEvent, {"state__in": [GatewayEvent.State.FAILED.value]}),
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


def _list(model: type[Model], filters: dict[str, Any]) -> str:
    """Return the address of the admin's list with the same filters."""
    meta = model._meta  # noqa: SLF001
    query = {name: ",".join(value) if isinstance(value, list) else value.isoformat() for name, value in filters.items()}
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist", query=query)
