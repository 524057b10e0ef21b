"""Taking the money of many renewals: side by side where a gateway is far away, one after another where it isn't.

Each takes the two steps of `charges.charge_saved`: the payment is prepared and its id committed, then charged. Only
this thread touches the database; what a gateway has to know is looked up before it is asked.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from django.conf import settings
from django.db import connection

from billing.gateways.base import PaymentGateway, PaymentResult, SavedCharge
from portal.lib.log_context import log_named

LINGER_SECONDS = 0.02
"""How long answers wait for others to share a commit with."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride:
    """How many renewals take a step together.

    `batch` are claimed and written down in one commit, `group` outcomes recorded in one, and `at_once` gateways asked
    at the same time. A group of 1 is the strict mode: each charge has a commit of its own.
    """

    batch: int = 500
    group: int = 100
    at_once: int = 64

    @classmethod
    def configured(cls) -> "Stride":
        """Return what the settings say, for the edge."""
        return cls(
            batch=settings.RENEWAL_BATCH, group=settings.RENEWALS_IN_A_COMMIT, at_once=settings.RENEWAL_CALLS_AT_ONCE
        )


@dataclass(slots=True, eq=False)
class Attempt(Generic[T]):
    """One charge of a kept card on its way; `about` is whose it is, `answer` what came of it."""

    about: T
    charge_id: int
    gateway: PaymentGateway
    request: SavedCharge
    answer: PaymentResult | Exception | None = None

    def __str__(self) -> str:
        return self.request.key

    def prepare(self) -> None:
        if not self.request.payment_id:
            self._ask(self._prepare)

    def charge(self) -> None:
        self._ask(self._charge)

    def _prepare(self) -> None:
        self.request = replace(self.request, payment_id=self.gateway.prepare(self.request))

    def _charge(self) -> None:
        self.answer = self.gateway.charge_saved(self.request)

    def _ask(self, call: Callable[[], None]) -> None:
        try:
            with log_named({"charge": self.request.key}):
                call()
        except Exception as error:  # noqa: BLE001 - who writes it down looks at what it was
            self.answer = error


class Desk(Protocol[T]):
    """Who writes down how far attempts have got; called in one thread, outside any transaction."""

    def write_prepared(self, attempts: Sequence[Attempt[T]]) -> Sequence[Attempt[T]]:
        """Commit the ids of prepared payments; return the attempts that may take money."""

    def settle(self, attempts: Sequence[Attempt[T]]) -> None:
        """Record the answers, in one commit."""

    def deliver(self) -> None:
        """Have delivered, and conclude, what was settled since this was last asked for."""


def take_money(batches: Iterable[list[Attempt[T]]], *, desk: Desk[T], stride: Stride) -> None:
    """Take the money of one batch after another; the next is claimed while far gateways still work on the last."""
    with ThreadPoolExecutor(stride.at_once, thread_name_prefix="charge") as pool:
        far = _SideBySide(pool, desk=desk, stride=stride)
        for batch in batches:
            _one_after_another([one for one in batch if one.gateway.in_process], desk=desk, stride=stride)
            far.take_on([one for one in batch if not one.gateway.in_process])
        far.finish()


def _one_after_another(attempts: Sequence[Attempt[T]], *, desk: Desk[T], stride: Stride) -> None:
    for attempt in attempts:
        attempt.prepare()
    refused, prepared = _parted(attempts)
    for group in _in_groups([*refused, *desk.write_prepared(prepared)], stride.group):
        for attempt in group:
            if attempt.answer is None:
                attempt.charge()
        desk.settle(group)
    desk.deliver()


class _SideBySide(Generic[T]):
    """Keeps a pool of threads busy with calls, and writes down what comes back."""

    def __init__(self, pool: ThreadPoolExecutor, *, desk: Desk[T], stride: Stride) -> None:
        self._pool, self._desk, self._stride = pool, desk, stride
        self._back: SimpleQueue[Attempt[T]] = SimpleQueue()
        self._out = 0

    def take_on(self, attempts: Iterable[Attempt[T]]) -> None:
        for attempt in attempts:
            # As many wait for a thread as have one, so that none is idle while answers are written down.
            while self._out >= 2 * self._stride.at_once:
                self._collect()
            self._send(attempt, attempt.prepare)

    def finish(self) -> None:
        while self._out:
            self._collect()

    def _send(self, attempt: Attempt[T], call: Callable[[], None]) -> None:
        self._out += 1
        self._pool.submit(self._run, attempt, call)

    def _run(self, attempt: Attempt[T], call: Callable[[], None]) -> None:
        try:
            call()
        finally:
            # A gateway that had to look something up after all leaves no connection behind.
            if connection.connection is not None:
                connection.close()
            self._back.put(attempt)

    def _collect(self) -> None:
        back = list(self._come_back())
        self._out -= len(back)
        over, prepared = _parted(back)
        for attempt in self._desk.write_prepared(prepared):
            self._send(attempt, attempt.charge)
        for group in _in_groups(over, self._stride.group):
            self._desk.settle(group)
        self._desk.deliver()

    def _come_back(self) -> Iterator[Attempt[T]]:
        yield self._back.get()
        time.sleep(LINGER_SECONDS)
        while True:
            try:
                yield self._back.get_nowait()
            except Empty:
                return


def _parted(attempts: Iterable[Attempt[T]]) -> tuple[list[Attempt[T]], list[Attempt[T]]]:
    """Tell those that have their answer from those that are prepared."""
    over: list[Attempt[T]] = []
    prepared: list[Attempt[T]] = []
    for attempt in attempts:
        (prepared if attempt.answer is None else over).append(attempt)
    return over, prepared


def _in_groups(attempts: Sequence[Attempt[T]], size: int) -> Iterator[Sequence[Attempt[T]]]:
    return (attempts[start : start + size] for start in range(0, len(attempts), size))
