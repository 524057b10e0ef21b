"""Three schedulers and four workers over one backlog: each renewal is charged once."""

from collections.abc import Callable, Iterator
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
SECONDS_BEHIND = 10
"""How much later than the first somebody may come who took the same rows."""


def measure(stage: Stage) -> None:
    count, report = stage.sized(1000, quick=40), stage.report
    with stage.scene("crowded") as scene:
        renew_together(stage, scene, count=count)
        report.gate("crowded_charges", Charge.objects.count(), "charges", exactly=count)
        report.gate("crowded_charges_at_gateway", taken(stage), "charges", exactly=count)
        report.gate("crowded_delivered", delivered(), "renewals", exactly=count)
    with stage.control() as scene, periods_sold_again(stage):
        fewer = min(count, 40)
        renew_together(stage, scene, count=fewer, without="claims", harm=lambda: taken(stage) > fewer)
        report.control("crowded_charges_at_gateway", taken(stage), "charges", more_than=fewer)


def renew_together(
    stage: Stage, scene: Scene, *, count: int, without: str = "", harm: Callable[[], bool] = lambda: True
) -> None:
    """Renew until all is done and, without a protection, the `harm` as well, for which the slower ones have some time."""
    scene.now = datetime.now(UTC)
    due_renewals(stage.stripe, count, now=scene.now)
    with stage.nursery.scene(clock=scene.now, speed=1, without=without) as processes:
        for kind in ["worker"] * WORKERS + ["beat"] * BEATS:
            processes.start(kind)
        wait_until(lambda: delivered() >= count, seconds=30 + SECONDS_EACH * count)
        wait_until(harm, seconds=SECONDS_BEHIND)
        scene.now = processes.now


def taken(stage: Stage) -> int:
    """Return how many payments the gateway took."""
    return len(stage.stripe.money_taken())


@contextmanager
def periods_sold_again(stage: Stage) -> Iterator[None]:
    """Take away what refuses a second order for a period."""
    with ExitStack() as gone:
        for name in ("order_one_a_period", "order_one_a_form"):
            gone.enter_context(without_constraint(Order, name, clean_up=stage.clear))
        yield
