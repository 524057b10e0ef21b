"""The figures, one after another."""

import time
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from tests.fakes.stripe.client import StripeFake
from tests.faults.figures import (
    any_order,
    forgeries,
    lost_answers,
    lost_webhooks,
    one_balance,
    one_event,
    one_form,
    one_refund,
)
from tests.faults.figures.posting import ask
from tests.faults.figures.report import Report
from tests.faults.figures.stage import Stage
from tests.servers import gunicorn

SETTINGS = "tests.faults.figures.settings"
THREADS = 10
MODULES = (lost_answers, one_event, any_order, forgeries, one_form, one_refund, one_balance, lost_webhooks)


def run(stripe: StripeFake, *, secret: str, seed: int, is_quick: bool, only: str | None) -> int:
    """Measure everything, or one module, and return the exit code."""
    call_command("migrate", verbosity=0)
    Path(settings.STATIC_ROOT).mkdir()
    report = Report()
    with (
        gunicorn("portal.wsgi", settings=SETTINGS, threads=THREADS) as portal,
        gunicorn("tests.faults.figures.unguarded_server", settings=SETTINGS, threads=THREADS) as unguarded_portal,
    ):
        for server in (portal, unguarded_portal):
            assert ask(server.port, "GET", "/readyz", headers={}).status == HTTPStatus.OK
        stage = Stage(
            stripe=stripe,
            portal=portal,
            unguarded_portal=unguarded_portal,
            report=report,
            secret=secret,
            seed=seed,
            is_quick=is_quick,
        )
        for module in MODULES:
            name = module.__name__.rpartition(".")[2]
            if only in (None, name):
                began = time.monotonic()
                module.measure(stage)
                report.figure(f"{name}_took", round(time.monotonic() - began), "seconds")
    return report.close()
