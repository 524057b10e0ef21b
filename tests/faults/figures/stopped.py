"""A worker stopped in its tracks between claim and write, which wakes when others have done its work: it writes nothing.

It sleeps before or after one of its calls to the outside. Meanwhile its lease ends, a second worker finishes what it
held, and a third holds the same rows for what comes next: only the fence tells them apart.
"""

import random
import signal
from pathlib import Path

from django.db.models import Model

from accounts.models import Notification
from billing.models import Charge, LedgerEntry, Order, Subscription
from billing.renewal_claims import claim
from esim.models import Allowance
from tests.faults.figures.killed import LEASES_END
from tests.faults.figures.scenery import due_renewals
from tests.faults.figures.stage import Scene, Stage
from tests.faults.figures.workers import wait_until

ROWS = 3
CALLS = 2 * ROWS + 1
"""Prepare and charge for each, and one grant for all."""
STEPS = 2 * CALLS
"""Before and after each."""
SECONDS = 30
GONE = "XZ"
ASLEEP_OR_GONE = f"T{GONE}"
WRITTEN: tuple[type[Model], ...] = (Subscription, Order, Charge, LedgerEntry, Allowance, Notification)


def measure(stage: Stage) -> None:
    runs, report = stage.sized(100, quick=4), stage.report
    with stage.scene("stopped") as scene:
        stale = wake_late(stage, scene, runs=runs)
        report.gate("stopped_stale_writes", stale, "rows", exactly=0)
        report.gate("stopped_charges_at_gateway", len(stage.stripe.money_taken()), "charges", exactly=runs * ROWS)
        report.gate("stopped_charges", Charge.objects.count(), "charges", exactly=runs * ROWS)
    with stage.control() as scene:
        report.control("stopped_stale_writes", wake_until_stale(stage, scene), "rows", more_than=0)


def wake_late(stage: Stage, scene: Scene, *, runs: int) -> int:
    """Stop a sweep at a random step, so many times; return how many rows it changed after it woke."""
    chance = random.Random(stage.seed)  # noqa: S311 - repeatable, not secret
    return sum(wake_once(stage, scene, step=chance.randrange(STEPS)) for _ in range(runs))


def wake_until_stale(stage: Stage, scene: Scene) -> int:
    """Stop a sweep without its fence at one step after another; return how many rows the first that did harm changed.

    After some steps nothing is left that it would write.
    """
    steps = random.Random(stage.seed).sample(range(STEPS), STEPS)  # noqa: S311 - repeatable, not secret
    changed = (wake_once(stage, scene, step=step, without="fence") for step in steps)
    return next(filter(None, changed), 0)


def wake_once(stage: Stage, scene: Scene, *, step: int, without: str = "") -> int:
    due = [one.pk for one in due_renewals(stage.stripe, ROWS, now=scene.now)]
    claimed = Subscription.objects.filter(pk__in=due)
    with stage.nursery.scene(clock=scene.now, speed=0, without=without) as processes:
        sleeper = processes.start("sweep", step=step)
        assert wait_until(lambda: state_of(sleeper) in ASLEEP_OR_GONE, seconds=SECONDS), "it did not come to a stop"
        for _ in range(2):
            scene.wait(LEASES_END)
            scene.tick()
        claim(claimed, now=scene.now, limit=ROWS)
        before = rows()
        processes.signal(sleeper, signal.SIGCONT)
        assert wait_until(lambda: state_of(sleeper) in GONE, seconds=SECONDS), "it did not come to an end"
    stale = sum(one != other for one, other in zip(before, rows(), strict=False))
    claimed.update(state=Subscription.State.ACTIVE, lease_until=None)
    return stale


def state_of(pid: int) -> str:
    """Return the letter of a process's state: T when stopped, X when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "X"


def rows() -> list[dict[str, object]]:
    return [row for model in WRITTEN for row in model.objects.order_by("pk").values()]
