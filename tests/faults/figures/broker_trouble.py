"""The broker emptied, dead and hung while people buy and lines renew: pages are served, and no work is lost."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from billing.models import Order
from tests import make
from tests.faults.figures.killed import delivered, sweep_twice
from tests.faults.figures.posting import Answer, ask
from tests.faults.figures.scenery import PRICE, due_renewals, keep_card, make_line, make_payer
from tests.faults.figures.stage import Scene, Stage
from tests.faults.figures.visitors import Subscriber
from tests.faults.figures.workers import Workers, nursery, wait_until
from tests.own_broker import Broker, own_broker
from tests.servers import Server, gunicorn

VISITORS = 4
PATIENCE_SECONDS = 5
SERVED_PERCENT = 99.5
BUYS_EVERY = 4
"""One request in so many is a purchase, the others read."""
SETTLED_WITHIN = 60
QUEUED, HURRIED = "tests.faults.figures.queue_settings", "tests.faults.figures.hurried_queue_settings"


def measure(stage: Stage) -> None:
    count, seconds, report = stage.sized(1000, quick=30), stage.sized(60, quick=3), stage.report
    with own_broker() as broker:
        with stage.scene("broker") as scene, at_work(stage, scene, broker, count=count) as (server, processes):
            wait_until(lambda: delivered() > 0, seconds=SETTLED_WITHIN)
            broker.flush()
            for name, trouble in (("dead", broker.dead), ("hung", broker.hung)):
                answers = visit_during(stage, server, trouble, seconds=seconds)
                report.figure(f"broker_{name}_requests", len(answers), "requests")
                report.at_least(f"broker_{name}_served", served_percent(answers), "%", least=SERVED_PERCENT)
            report.figure("broker_messages_lost", waiting(), "orders")
            wait_until(lambda: renewed() == count, seconds=SETTLED_WITHIN + count / 10)
            report.gate("broker_renewed", renewed(), "renewals", exactly=count)
            processes.kill_all()
            scene.now = processes.now
            sweep_twice(scene)
            report.gate("broker_work_lost", waiting(), "orders", exactly=0)
        with (
            stage.control(),
            gunicorn("portal.wsgi", settings=HURRIED, threads=VISITORS, REDIS_URL=broker.url) as hurried,
        ):
            answers = visit_during(stage, hurried, broker.hung, seconds=min(seconds, 6))
            report.control("broker_hung_served", int(served_percent(answers)), "%", fewer_than=int(SERVED_PERCENT))


@contextmanager
def at_work(stage: Stage, scene: Scene, broker: Broker, *, count: int) -> Iterator[tuple[Server, Workers]]:
    """Run a web server, a worker and a scheduler that know only this broker, with so many renewals due."""
    scene.now = datetime.now(UTC)
    due_renewals(stage.stripe, count, now=scene.now)
    with (
        gunicorn("portal.wsgi", settings=QUEUED, threads=VISITORS, REDIS_URL=broker.url) as server,
        nursery(REDIS_URL=broker.url) as home,
        home.scene(clock=scene.now, speed=1) as processes,
    ):
        processes.start("worker")
        processes.start("beat")
        yield server, processes


def visit_during(
    stage: Stage, server: Server, trouble: Callable[[], AbstractContextManager[None]], *, seconds: float
) -> list[Answer]:
    """Let several people read and buy during trouble that lasts so long; return what they were answered."""
    visitors = [Visitor(stage, server) for _ in range(VISITORS)]
    with trouble(), ThreadPoolExecutor(VISITORS) as pool:
        ends_at = time.monotonic() + seconds
        return [answer for answers in pool.map(lambda one: one.visit(until=ends_at), visitors) for answer in answers]


class Visitor:
    """A subscriber with a line and a kept card, who reads, and renews by hand every now and then."""

    def __init__(self, stage: Stage, server: Server) -> None:
        owner = make_payer()
        card, line, plan = keep_card(stage.stripe, owner), make_line(owner), make.make_plan(prices={"USD": PRICE})
        self._port = server.port
        self._subscriber = Subscriber(owner, server)
        self._path = f"/lines/{line.public_id}/renew/?plan={plan.public_id}"
        self._pages = ["/", "/plans/", f"/lines/{line.public_id}/"]
        self._form = {**self._subscriber.form(self._path, having="form_key"), "pay_with": card.public_id}

    def visit(self, *, until: float) -> list[Answer]:
        answers: list[Answer] = []
        while time.monotonic() < until:
            number = len(answers)
            answers.append(self._buy() if number % BUYS_EVERY == 0 else self._read(number))
        return answers

    def _read(self, number: int) -> Answer:
        page = self._subscriber.reading(self._pages[number % len(self._pages)])
        return ask(self._port, "GET", page.path, headers=page.headers, patience_seconds=PATIENCE_SECONDS)

    def _buy(self) -> Answer:
        post = self._subscriber.sending(self._path, {**self._form, "form_key": str(uuid4())})
        return ask(
            self._port, "POST", post.path, headers=post.headers, body=post.body, patience_seconds=PATIENCE_SECONDS
        )


def served_percent(answers: list[Answer]) -> float:
    return 100 * sum(200 <= answer.status < 400 for answer in answers) / len(answers)


def renewed() -> int:
    return Order.objects.filter(subscription__isnull=False, state=Order.State.FULFILLED).count()


def waiting() -> int:
    return Order.objects.exclude(state=Order.State.FULFILLED).count()
