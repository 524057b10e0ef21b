"""Three schedulers and four workers over one backlog: each renewal is charged once."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from billing.models import Charge, Order
from tests.fakes.crowd import without_constraint
from tests.faults.figures.killed import delivered
from tests.faults.figures.scenery import due_renewals
from tests.faults.figures.stage import Scene, Stage
from tests.faults.figures.workers import wait_until

BEATS, WORKERS = 3, 4
SECONDS_EACH = 0.2
"""How long one renewal may take all of them together, on a busy machine."""


def measure(stage: Stage) -> None:
    count, report = stage.sized(1000, quick=40), stage.report
    with stage.scene("crowded") as scene:
        renew_together(stage, scene, count=count)
        report.gate("crowded_charges", Charge.objects.count(), "charges", exactly=count)
        report.gate("crowded_charges_at_gateway", len(stage.stripe.money_taken()), "charges", exactly=count)
        report.gate("crowded_delivered", delivered(), "renewals", exactly=count)
    with stage.control() as scene, periods_sold_again(stage):
        renew_together(stage, scene, count=min(count, 40), without="claims")
        taken = len(stage.stripe.money_taken())
        report.control("crowded_charges_at_gateway", taken, "charges", more_than=min(count, 40))


def renew_together(stage: Stage, scene: Scene, *, count: int, without: str = "") -> None:
    scene.now = datetime.now(UTC)
    due_renewals(stage.stripe, count, now=scene.now)
    with stage.nursery.scene(clock=scene.now, speed=1, without=without) as processes:
        for kind in ["worker"] * WORKERS + ["beat"] * BEATS:
            processes.start(kind)
        wait_until(lambda: delivered() >= count, seconds=30 + SECONDS_EACH * count)
        scene.now = processes.now


@contextmanager
def periods_sold_again(stage: Stage) -> Iterator[None]:
    """Take away what refuses a second order for a period."""
    with ExitStack() as gone:
        for name in ("order_one_a_period", "order_one_a_form"):
            gone.enter_context(without_constraint(Order, name, clean_up=stage.clear))
        yield
