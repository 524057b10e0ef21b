"""The five events of a payment in every order they can come in, with and without a duplicate: one end."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.db.models.functions import Coalesce
from django.test import Client

from accounts.models import Notification
from billing import charges
from billing.gateway_events import apply_gateway_events
from billing.invariants import broken_invariants
from billing.models import Charge, Dispute, GatewayEvent, LedgerAccount, Order, Refund
from esim.models import Allowance
from tests import make
from tests.billing.books import buy
from tests.fakes.carrier import FakeCarrier
from tests.faults.figures.scenery import PRICE, keep_card, make_line, make_payer
from tests.faults.figures.stage import Scene, Stage

EVENTS = (
    "payment_intent.created",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "refund.created",
    "charge.dispute.created",
)
HOST = "127.0.0.1"
REFUNDED = 500
ROUNDS = [timedelta(minutes=minutes) for minutes in (2, 8)]
"""By when an event that came too early has been tried again."""

StripeEvent = dict[str, Any]


def measure(stage: Stage) -> None:
    for kind in (Order.Kind.RENEWAL, Order.Kind.CREDIT):
        measure_story(stage, kind)


def measure_story(stage: Stage, kind: Order.Kind) -> None:
    name, report = f"any_order_{kind}", stage.report
    chance = random.Random(stage.seed)  # noqa: S311 - repeatable, not secret
    with stage.scene(name) as scene:
        charge = live_through(stage, scene, kind)
        told = [stage.stripe.events(event_type)[0] for event_type in EVENTS]
        orders = list(permutations(told))
        if stage.is_quick:
            orders = chance.sample(orders, 8)
        runs = [*orders, *(with_a_duplicate(order, chance) for order in orders)]
        endings = Counter(ending(stage, scene, charge, order, is_answer_lost=chance.random() < 0.5) for order in runs)
        report.figure(f"{name}_runs", endings.total(), "orders")
        report.gate(f"{name}_endings", len(endings), "endings", exactly=1)
        for other in endings if len(endings) > 1 else ():
            report.explain(f"{endings[other]} ended as {other}")
        hear(stage, scene, told)
        believed = {ending_by_belief(charge, order) for order in orders}
        report.control(f"{name}_endings", len(believed), "endings", more_than=1)


def live_through(stage: Stage, scene: Scene, kind: Order.Kind) -> Charge:
    """Pay with a card whose bank takes its time; then somebody refunds a part, and the payer disputes all of it."""
    owner = make_payer()
    card = keep_card(stage.stripe, owner, outcome="processing")
    line, plan = make_line(owner), make.make_plan(prices={"USD": PRICE})
    bought = {"line": None, "plan": None} if kind == Order.Kind.CREDIT else {}
    order = buy(line, plan, kind=kind, gateway="stripe", method=card, now=scene.now, **bought)
    charge = charges.charge_saved(charge=order.charges.get(), gateway=scene.gateway, now=scene.now)
    stage.stripe.finish(charge.gateway_payment_id)
    stage.stripe.client().v1.refunds.create({"payment_intent": charge.gateway_payment_id, "amount": REFUNDED})
    stage.stripe.dispute(charge.gateway_payment_id)
    return charge


def with_a_duplicate(events: Sequence[StripeEvent], chance: random.Random) -> list[StripeEvent]:
    """Return the events with one of them coming once more, later."""
    first = chance.randrange(len(events))
    again = chance.randrange(first + 1, len(events) + 1)
    return [*events[:again], events[first], *events[again:]]


def ending(stage: Stage, scene: Scene, charge: Charge, events: Iterable[StripeEvent], *, is_answer_lost: bool) -> str:
    """Return how it ends when the events come in this order, and forget it again.

    `is_answer_lost`: the first event comes before we know what Stripe called the payment.
    """
    with forgotten_afterwards():
        if is_answer_lost:
            unknown = {"state": Charge.State.UNKNOWN, "gateway_payment_id": None, "gateway_transaction_id": ""}
            Charge.objects.filter(pk=charge.pk).update(**unknown)
        hear(stage, scene, events)
        return json.dumps(world(), default=str)


@contextmanager
def forgotten_afterwards() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def hear(stage: Stage, scene: Scene, events: Iterable[StripeEvent]) -> None:
    """Deliver events one by one to a portal that works on each at once, and let the timetable do the rest."""
    began, scene.carrier = scene.now, FakeCarrier()
    for event in events:
        body, headers = stage.stripe.letter(event["id"], stage.secret)
        signature = {"Stripe-Signature": headers["Stripe-Signature"]}
        answer = Client(HTTP_HOST=HOST).post(
            "/webhooks/stripe/", body, content_type="application/json", headers=signature
        )
        assert answer.status_code == 202
        apply_gateway_events(gateway=scene.gateway, now=datetime.now(UTC))
    for later in ROUNDS:
        scene.now = began + later
        scene.tick()
    scene.now = began


def world() -> dict[str, Any]:
    """Return all that is left of a payment, without the moments in it."""
    return {
        "orders": list(Order.objects.values_list("state", "note")),
        "charges": list(Charge.objects.values_list("state", "amount", "refunded_amount", "decline_code")),
        "refunds": list(Refund.objects.values_list("state", "amount", "reason", "taken_from")),
        "disputes": list(Dispute.objects.values_list("state", "amount", "frozen_amount", "is_withdrawn")),
        "books": sorted((account.kind, in_the_books(account)) for account in LedgerAccount.objects.all()),
        "allowances": Allowance.objects.standing().count(),
        "notices": sorted(Notification.objects.values_list("kind", flat=True)),
        "events": sorted(GatewayEvent.objects.values_list("kind", "state")),
        "broken": broken_invariants(now=datetime.now(UTC)),
    }


def in_the_books(account: LedgerAccount) -> int:
    credited = account.credits.aggregate(total=Coalesce(Sum("amount"), 0))["total"]
    debited = account.debits.aggregate(total=Coalesce(Sum("amount"), 0))["total"]
    return credited - debited


def ending_by_belief(charge: Charge, events: Iterable[StripeEvent]) -> str:
    """Return how it ends for a portal that takes each event at its word."""
    believed = {"requires_payment_method": "created", "processing": "pending", "succeeded": "succeeded"}
    with forgotten_afterwards():
        for event in events:
            if event["type"].startswith("payment_intent."):
                state = believed[event["data"]["object"]["status"]]
                Charge.objects.filter(pk=charge.pk).update(state=state)
        return Charge.objects.get(pk=charge.pk).state
