"""A process that dies before or after every commit and every outside call of a batch: the end is as without a death."""

from datetime import timedelta

from billing import renewals
from tests import make
from tests.billing.books import NOW
from tests.faults import crashes
from tests.faults.figures.stage import Scene, Stage

ROWS = 3
DAY = timedelta(days=1)
MOST = 400


def measure(stage: Stage) -> None:
    every, report = stage.sized(1, quick=5), stage.report
    with stage.scene("dying") as scene:
        differing, steps = die_at_each(scene, first=1 + stage.seed % every, every=every)
        report.figure("dying_steps", steps, "steps")
        report.gate("dying_other_endings", differing, "endings", exactly=0)
    with stage.control() as scene:
        differing, _steps = die_at_each(scene, first=1, every=5 * every, rounds=[])
        report.control("dying_other_endings", differing, "endings", more_than=0)


def die_at_each(scene: Scene, *, first: int, every: int, rounds=crashes.ROUNDS) -> tuple[int, int]:
    """Die at each so-manieth step of a batch; return how many endings differed, and at how many steps it died."""
    make_batch()
    scene.now = NOW
    _died, ending, _broken = crashes.die_at(0, renew, rounds=rounds)
    differing = deaths = 0
    for step in range(first, MOST, every):
        died, end, broken = crashes.die_at(step, renew, rounds=rounds)
        if not died:
            break
        deaths += 1
        differing += end != ending or broken != {}
    return differing, deaths


def renew(*, gateway, carrier) -> None:
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)


def make_batch() -> None:
    plan = make.make_plan()
    for number in range(ROWS):
        line = make.make_line(owner=make.make_user())
        make.make_profile(line=line)
        method = make.make_method(owner=line.owner, reference=f"card_{number}")
        make.make_allowance(line=line, plan=plan, starts_at=NOW - 29 * DAY, ends_at=NOW + DAY)
        make.make_subscription(line=line, plan=plan, method=method, anchor_at=NOW - 29 * DAY, charge_due_at=NOW)
