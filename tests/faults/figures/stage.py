"""Where the figures are measured: one portal and one Stripe, both emptied before each scene."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http import HTTPStatus

from django.core.cache import cache
from django.core.management import call_command
from django.db import connection, transaction

from accounts import notifications
from billing import disputes, gateways, invoices, refunds, taking_back
from billing.gateways.base import PaymentGateway
from billing.invariants import broken_invariants
from tests.append_only import triggers_resting
from tests.fakes.carrier import FakeCarrier
from tests.fakes.crowd import together
from tests.fakes.stripe.client import StripeFake
from tests.faults import crashes
from tests.faults.figures.posting import ask
from tests.faults.figures.report import Report
from tests.faults.figures.workers import Nursery, nursery
from tests.servers import Server, gunicorn

SETTINGS = "tests.faults.figures.settings"
THREADS = 10
BREATH_SECONDS = 0.02


@dataclass(kw_only=True)
class Stage:
    """`portal` is a server of real processes, `unguarded_portal` the same without its guards; `secret` signs webhooks.

    They start when they are first asked for, and end with `servers`.
    """

    stripe: StripeFake
    servers: ExitStack
    report: Report
    secret: str
    seed: int
    is_quick: bool

    @cached_property
    def portal(self) -> Server:
        return self._serve("portal.wsgi")

    @cached_property
    def unguarded_portal(self) -> Server:
        return self._serve("tests.faults.figures.unguarded_server")

    @cached_property
    def nursery(self) -> Nursery:
        """Where workers and schedulers come from."""
        return self.servers.enter_context(nursery())

    def _serve(self, application: str) -> Server:
        server = self.servers.enter_context(gunicorn(application, settings=SETTINGS, threads=THREADS))
        assert ask(server.port, "GET", "/readyz", headers={}).status == HTTPStatus.OK
        return server

    def sized(self, full: int, *, quick: int) -> int:
        return quick if self.is_quick else full

    @contextmanager
    def scene(self, name: str) -> Iterator["Scene"]:
        """Begin with nothing; in the end, nothing may be broken that must always hold."""
        self.clear()
        scene = Scene(self.stripe)
        yield scene
        broken = broken_invariants(now=scene.now)
        for sentence in (one for sentences in broken.values() for one in sentences):
            self.report.explain(sentence)
        self.report.gate(f"{name}_invariants_broken", len(broken), "invariants", exactly=0)
        self.report.gate(f"{name}_impossible_answers", len(self.stripe.wrong_answers()), "answers", exactly=0)

    @contextmanager
    def control(self) -> Iterator["Scene"]:
        """Begin with nothing, and leave whatever broke to the scene after it."""
        self.clear()
        yield Scene(self.stripe)

    def clear(self) -> None:
        """Empty the database, the cache and the account at Stripe."""
        with transaction.atomic(), triggers_resting(connection):
            # Numbers are not used again: the servers may remember what they belonged to.
            call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
        cache.clear()
        self.stripe.reset()


@dataclass
class Scene:
    """A moment that everybody is told, a carrier, a gateway, and the timetable's ticks."""

    stripe: StripeFake
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    carrier: FakeCarrier = field(default_factory=FakeCarrier)
    gateway: PaymentGateway = field(default_factory=gateways.chosen)

    @property
    def gateways(self) -> dict[str, PaymentGateway]:
        return {self.gateway.name: self.gateway}

    def wait(self, time: timedelta) -> None:
        """Let time pass for the portal and for Stripe."""
        self.now += time
        self.stripe.advance(time)

    def tick(self) -> None:
        """Let every entry of the timetable that moves money come round once."""
        crashes.tick(gateway=self.gateway, carrier=self.carrier, now=self.now)
        taking_back.take_back_due(carrier=self.carrier, now=self.now)
        refunds.settle_refunds(gateway=self.gateway, now=self.now)
        disputes.settle_disputes(gateway=self.gateway, now=self.now)
        invoices.issue_due(now=self.now)
        while notifications.deliver_due(now=self.now):
            pass

    @contextmanager
    def at_work(self, workers: int, work: Callable[[datetime], object]) -> Iterator[None]:
        """Let so many workers do `work(now)` over and over meanwhile, and once more in the end."""
        over = threading.Event()

        def go_on(_worker: int) -> None:
            try:
                while not over.wait(BREATH_SECONDS):
                    work(datetime.now(UTC))
                work(datetime.now(UTC))
            finally:
                connection.close()

        with ThreadPoolExecutor(workers) as pool:
            under_way = pool.map(go_on, range(workers))
            try:
                yield
            finally:
                over.set()
            list(under_way)


def crowd(count: int, work: Callable[[int], object]) -> None:
    """Do `work(i)` in `count` threads that start at the same moment; none of them may fail."""
    for outcome in together(count, work):
        if isinstance(outcome, Exception):
            raise outcome
