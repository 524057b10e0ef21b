"""As many subscribers as wanted, out of one who was renewed by the portal itself: each with an earlier period in the books."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model

from accounts.models import Notification, User
from billing import renewals
from billing.models import Agreement, Charge, LedgerEntry, Order, PaymentMethod, Subscription
from esim.carriers.simulated import SimulatedCarrier
from esim.models import Allowance, Line, SimProfile
from tests import make
from tests.benchmarks.copies import FIRST, OWN, multiply, public_id, seeding
from tests.benchmarks.renewals.gateways import InstantGateway

DAY = timedelta(days=1)
SPREAD_SECONDS = 72_000
"""The moments of copies lie so far apart, less than the day from a charge to the end of the paid time."""
MONTHS = 24
"""Whoever is due today signed up on this day of one of so many months."""


@dataclass(frozen=True, slots=True)
class Example:
    """A subscriber with a line that renews by card; one period was charged and delivered, the next is due at `due_at`."""

    subscription: Subscription
    due_at: datetime

    @property
    def order(self) -> Order:
        return self.subscription.orders.get()


def make_example() -> Example:
    now = make.NOW
    owner = make.make_user()
    line = make.make_line(owner=owner)
    make.make_profile(line=line)
    plan = make.make_plan()
    make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
    subscription = make.make_subscription(line=line, plan=plan, anchor_at=now - 29 * DAY, charge_due_at=now)
    renewals.renew_due(gateways={"sandbox": InstantGateway()}, carrier=SimulatedCarrier(), now=now)
    Notification.objects.update(state=Notification.State.SENT, sent_at=now)
    subscription.refresh_from_db()
    return Example(subscription, subscription.charge_due_at)


def seed(count: int, *, scattered: bool = False) -> Example:
    """Fill an empty database with an example and so many copies of it, all due at `due_at` or a little before.

    Rows lie as they do in use: people in the order in which they signed up, at this time of the day or that in one of
    `MONTHS`, and what was written for their last period likewise. `scattered` is the worst there can be: what is due
    one after another lies nowhere near.
    """
    example = make_example()
    with seeding():
        for model, row, changes in _copies(example, shift=_scattered() if scattered else _as_signed_up(count)):
            multiply(model, row, count, changes)
    Subscription.objects.filter(pk=example.subscription.pk).update(mode=Subscription.Mode.OFF)
    return example


def _scattered() -> str:
    return f"(copy.n::bigint * 7919 %% {SPREAD_SECONDS}) * interval '1 second'"


def _as_signed_up(count: int) -> str:
    """One in ten renews at another time of the day than that of the sign-up: bought late, or changed the plan."""
    month = max(count // MONTHS, 1)
    in_order = f"(1 - (copy.n %% {month})::float / {month}) * {SPREAD_SECONDS} * interval '1 second'"
    return f"CASE WHEN copy.n %% 10 = 0 THEN {_scattered()} ELSE {in_order} END"


def _copies(example: Example, *, shift: str) -> Iterator[tuple[type[Model], Model, dict[str, str]]]:
    subscription, order = example.subscription, example.order
    line, charge = subscription.line, order.charges.get()
    owned, shifted = {"owner_id": OWN}, lambda *names: {name: f'"{name}" - {shift}' for name in names}
    moments = shifted("starts_at", "ends_at", "created_at")
    order_id = public_id("ord")
    yield User, line.owner, {"email": "'person' || copy.n || '@example.net'"}
    yield Line, line, {**owned, "msisdn": "'+1' || (2000000000 + copy.n)", "opened_for": "''"}
    yield SimProfile, line.profiles.get(), {"line_id": OWN, "iccid": "'8985' || lpad(copy.n::text, 15, '0')"}
    yield PaymentMethod, subscription.method, {**owned, "reference": "'card_of_' || copy.n"}
    yield Agreement, subscription.agreement, {**owned, "line_id": OWN}
    yield (
        Allowance,
        line.allowances.get(granted_for=order.public_id),
        {
            **moments,
            "line_id": OWN,
            "granted_for": order_id,
        },
    )
    yield (
        Subscription,
        subscription,
        {
            "line_id": OWN,
            "method_id": OWN,
            "agreement_id": OWN,
            **shifted("anchor_at", "charge_due_at", "created_at"),
        },
    )
    yield (
        Order,
        order,
        {
            **owned,
            **moments,
            "line_id": OWN,
            "subscription_id": OWN,
            "agreement_id": f'"agreement_id" * 0 + {OWN}',
            "form_key": f"'renewal:' || {public_id('sub')} || ':1:0'",
        },
    )
    yield Charge, charge, {"order_id": OWN, "method_id": OWN, "gateway_payment_id": "'paid_' || copy.n"}
    for place, entry in enumerate(LedgerEntry.objects.order_by("pk")):
        ours = {"order_id": OWN, "charge_id": f'"charge_id" * 0 + {OWN}', "id": f"{FIRST} + 2 * copy.n + {place}"}
        key = f"'{entry.kind}:' || {order_id}"
        yield LedgerEntry, entry, {**ours, "key": key}
    notice = Notification.objects.get()
    yield Notification, notice, {"user_id": OWN, "key": f"'order:' || {order_id} || ':fulfilled:email'"}
