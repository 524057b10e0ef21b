"""The figures, one after another."""

import time
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.core.management import call_command

from tests import emptying, migrating
from tests.fakes.stripe.client import StripeFake
from tests.faults.figures import (
    any_order,
    broker_trouble,
    database_restarts,
    dying,
    failing_smdp,
    forgeries,
    killed,
    lost_answers,
    lost_webhooks,
    many_workers,
    one_balance,
    one_coupon,
    one_event,
    one_form,
    one_refund,
    sold_out,
    standstill,
    stopped,
)
from tests.faults.figures.report import Report
from tests.faults.figures.stage import Stage

MODULES = (
    lost_answers,
    one_event,
    any_order,
    forgeries,
    one_form,
    one_refund,
    one_balance,
    one_coupon,
    sold_out,
    failing_smdp,
    lost_webhooks,
    standstill,
    dying,
    killed,
    many_workers,
    stopped,
    database_restarts,
    broker_trouble,
)

TRIES = 3


def run(stripe: StripeFake, *, secret: str, seed: int, is_quick: bool, only: Collection[str] | None) -> int:
    """Measure everything, or some modules, and return the exit code."""
    with migrating.tables_together():
        call_command("migrate", verbosity=0)
    Path(settings.STATIC_ROOT).mkdir()
    report = Report()
    with ExitStack() as servers:
        # Truncating a hundred tables takes seconds each time.
        servers.enter_context(emptying.in_place_of_flush())
        stage = Stage(stripe=stripe, servers=servers, report=report, secret=secret, seed=seed, is_quick=is_quick)
        for module in MODULES:
            name = module.__name__.rpartition(".")[2]
            if only is None or name in only:
                began = time.monotonic()
                try:
                    measure(module, stage)
                except Exception:  # noqa: BLE001 - the others are measured all the same, and the run fails
                    report.broke_off(name)
                report.figure(f"{name}_took", round(time.monotonic() - began), "seconds")
    return report.close()


def measure(module: ModuleType, stage: Stage) -> None:
    """Measure a module, and all of it again where its controls provoked nothing: which moment is hit is chance."""
    for left in reversed(range(TRIES)):
        module.measure(stage)
        unprovoked = stage.report.take_unprovoked()
        for sentence in unprovoked:
            (stage.report.explain if left else stage.report.miss)(sentence)
        if not unprovoked:
            return
        # From the same seed the same moments would be hit.
        stage.seed += 1
