"""Payments of which no webhook is heard: settled all the same, by reading Stripe's events and asking about our charges."""

from datetime import timedelta

from billing.gateway_events import apply_gateway_events
from billing.missed_events import read_missed_events
from billing.models import GatewayEvent, LedgerEntry
from billing.orders import fulfil_due
from tests.faults.figures.scenery import open_pages
from tests.faults.figures.stage import Scene, Stage

ROUND = timedelta(minutes=6)
"""From one reading of the events to the next, and time enough for a charge to be asked about."""
TICKS_A_ROUND = 10
FAST = timedelta(minutes=10)


def measure(stage: Stage) -> None:
    count, report = stage.sized(200, quick=40), stage.report
    with stage.scene("lost_webhooks") as scene:
        pay(stage, scene, count=count, never_told=count // 4)
        look_around(scene)
        report.figure("lost_webhooks_settled_in_one_round", count_settled(), "payments")
        look_around(scene)
        report.gate("lost_webhooks_settled", count_settled(), "payments", exactly=count)
    with stage.scene("fast_clock") as scene:
        scene.now += FAST
        pay(stage, scene, count=count)
        late = (scene.now - FAST - FAST).timestamp()
        answers = stage.stripe.deliver(
            f"http://127.0.0.1:{stage.portal.port}/webhooks/stripe/", stage.secret, at=int(late)
        )
        report.gate("fast_clock_webhooks_refused", answers.count(400), "webhooks", exactly=len(stage.stripe.events()))
        report.gate("fast_clock_rows", GatewayEvent.objects.count(), "rows", exactly=0)
        look_around(scene)
        look_around(scene)
        report.gate("fast_clock_settled", count_settled(), "payments", exactly=count)
    with stage.control() as scene:
        pay(stage, scene, count=count)
        scene.wait(ROUND)
        apply_gateway_events(gateway=scene.gateway, now=scene.now)
        fulfil_due(carrier=scene.carrier, now=scene.now)
        report.control("lost_webhooks_settled", count_settled(), "payments", fewer_than=count)


def pay(stage: Stage, scene: Scene, *, count: int, never_told: int = 0) -> None:
    """Have so many payers pay on Stripe's page; of some of them Stripe never makes an event, either."""
    stage.stripe.silence("checkout.session.completed", count=never_told)
    stage.stripe.silence("payment_intent.succeeded", count=never_told)
    for charge in open_pages(count, now=scene.now):
        stage.stripe.pay(charge.gateway_payment_id)


def look_around(scene: Scene) -> None:
    """Let the timetable go on for one round: the events are read once, everything else comes more often."""
    scene.wait(ROUND)
    read_missed_events(gateway=scene.gateway, now=scene.now)
    for _tick in range(TICKS_A_ROUND):
        scene.tick()


def count_settled() -> int:
    return LedgerEntry.objects.filter(kind=LedgerEntry.Kind.RECEIVED, order__state="fulfilled").count()
