"""Worker and scheduler killed again and again while they renew: nothing charged twice, nothing lost, nothing unrecorded.

The processes are real, and so is SIGKILL; the gateway is a process of its own that survives and finishes what it was
asked. What was in flight is found again by the rows, never by the queue.
"""

import random
import time
from datetime import UTC, datetime, timedelta

from billing.asking_again import NEXT_CHECKS
from billing.models import LedgerEntry, Order, Subscription
from tests.faults.figures.scenery import PRICE, due_renewals
from tests.faults.figures.stage import Scene, Stage
from tests.faults.figures.workers import BEHIND, wait_until

LONGEST_LIFE = 0.6
"""From its first claim on, in seconds."""
WAKES_WITHIN = 15
AT_GATEWAY_SECONDS = 0.15
LEASES_END = timedelta(minutes=15)
LOOKS_END = NEXT_CHECKS[-1] + timedelta(minutes=15)
GIVE_UP_SECONDS = 5


def measure(stage: Stage) -> None:
    count, kills, report = stage.sized(1000, quick=30), stage.sized(200, quick=4), stage.report
    with stage.scene("killed") as scene:
        hits = renew_under_fire(stage, scene, count=count, kills=kills)
        report.figure("killed_in_mid_renewal", hits, "kills")
        sweep_twice(scene)
        taken = len(stage.stripe.money_taken())
        received = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.RECEIVED, amount=PRICE)
        report.gate("killed_charges_at_gateway", taken, "charges", exactly=count)
        report.gate("killed_charged_not_recorded", taken - received.count(), "charges", exactly=0)
        report.gate("killed_periods_paid", received.values("order").distinct().count(), "periods", exactly=count)
        report.gate("killed_lost", count - delivered(), "renewals", exactly=0)
        report.gate("killed_still_in_flight", in_flight(), "renewals", exactly=0)
    fewer, fewer_kills = min(count, 60), stage.sized(20, quick=2)
    with stage.control() as scene:
        renew_under_fire(stage, scene, count=fewer, kills=fewer_kills, without="keys")
        report.control("killed_charges_at_gateway", len(stage.stripe.money_taken()), "charges", more_than=fewer)
    with stage.control() as scene:
        renew_under_fire(stage, scene, count=fewer, kills=fewer_kills, without="sweeper")
        report.control("killed_lost", fewer - delivered(), "renewals", more_than=0)


def renew_under_fire(stage: Stage, scene: Scene, *, count: int, kills: int, without: str = "") -> int:
    """Kill both processes at so many random moments while they renew; return how often that left renewals in flight.

    In the end they live until nothing is left that they would do.
    """
    chance = random.Random(stage.seed)  # noqa: S311 - repeatable, not secret
    scene.now = datetime.now(UTC) - BEHIND
    due_renewals(stage.stripe, count, now=scene.now)
    stage.stripe.fault("hang", "POST /v1/payment_intents*", seconds=AT_GATEWAY_SECONDS)
    hits = 0
    with stage.nursery.scene(clock=scene.now, without=without) as processes:
        for _ in range(kills):
            before = claims()
            processes.start("worker")
            processes.start("beat")
            wait_until(lambda: claims() != before, seconds=WAKES_WITHIN)  # noqa: B023
            time.sleep(chance.uniform(0, LONGEST_LIFE))
            processes.kill_all()
            hits += in_flight() > 0
        stage.stripe.clear_faults()
        if without:
            processes.start("worker")
            processes.start("beat")
            wait_until(lambda: delivered() == count, seconds=GIVE_UP_SECONDS)
        scene.now = processes.now
    return hits


def sweep_twice(scene: Scene) -> None:
    # What was looked at twice while the processes died is looked at again a day later.
    for wait in (LEASES_END, LOOKS_END):
        scene.wait(wait)
        scene.tick()


def delivered() -> int:
    return Order.objects.filter(state=Order.State.FULFILLED).count()


def claims() -> int:
    return sum(Subscription.objects.values_list("fence", flat=True))


def in_flight() -> int:
    return Subscription.objects.filter(state=Subscription.State.IN_FLIGHT).count()
