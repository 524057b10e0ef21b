"""PostgreSQL torn down again and again in mid-sweep: the workers come back by themselves, and the books are whole."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.db import connection

from billing.models import LedgerEntry, Order, Subscription
from tests.faults.figures.killed import LEASES_END, delivered, in_flight
from tests.faults.figures.scenery import due_renewals
from tests.faults.figures.stage import Scene, Stage
from tests.faults.figures.workers import BEHIND, Nursery, nursery, wait_until
from tests.own_cluster import Cluster, NoServer, SharedDatabase, Tearable, own_cluster

SHORTEST_PEACE, LONGEST_PEACE = 0.2, 0.8
AT_GATEWAY_SECONDS = 0.3
RECOVERY_SECONDS = 30
GIVE_UP_SECONDS = 5


def measure(stage: Stage) -> None:
    count, restarts, report = stage.sized(1000, quick=30), stage.sized(20, quick=2), stage.report
    with server(stage) as cluster, nursery() as home:
        with stage.scene("restarted") as scene:
            slowest = renew_over_restarts(stage, scene, cluster, home, count=count, restarts=restarts)
            report.at_most("restarted_recovery", slowest, "seconds", most=RECOVERY_SECONDS)
            report.gate("restarted_charges_at_gateway", len(stage.stripe.money_taken()), "charges", exactly=count)
            received = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.RECEIVED).count()
            report.gate("restarted_recorded", received, "charges", exactly=count)
            report.gate("restarted_lost", count - delivered(), "renewals", exactly=0)
            report.gate("restarted_still_in_flight", in_flight(), "renewals", exactly=0)
            scene.tick()
        with stage.control() as scene:
            renew_over_restarts(stage, scene, cluster, home, count=count, restarts=restarts, without="sweeper")
            report.control("restarted_lost", count - delivered(), "renewals", more_than=0)


@contextmanager
def server(stage: Stage) -> Iterator[Tearable]:
    """Yield a server of our own to tear down; where there can be none, our database of the shared one."""
    with ExitStack() as places:
        try:
            cluster = places.enter_context(own_cluster())
        except NoServer:
            stage.report.explain("No server of our own: connections to the shared one are cut instead.")
            yield SharedDatabase(address=os.environ["DATABASE_URL"])
        else:
            places.enter_context(moved_to(cluster))
            yield cluster


@contextmanager
def moved_to(cluster: Cluster) -> Iterator[None]:
    """Work on another server meanwhile, this process and the children it starts."""
    address, known = os.environ["DATABASE_URL"], dict(connection.settings_dict)
    cluster.load_schema_of(address)
    connection.close()
    connection.settings_dict.update(
        HOST="127.0.0.1", PORT=str(cluster.port), NAME="postgres", USER=urlsplit(cluster.address).username, PASSWORD=""
    )
    os.environ["DATABASE_URL"] = cluster.address
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(known)
        os.environ["DATABASE_URL"] = address


def renew_over_restarts(
    stage: Stage, scene: Scene, cluster: Tearable, home: Nursery, *, count: int, restarts: int, without: str = ""
) -> float:
    """Restart the server at random moments of a sweep; return how long it took at most until a worker wrote again."""
    chance = random.Random(stage.seed)  # noqa: S311 - repeatable, not secret
    scene.now = datetime.now(UTC) - BEHIND
    due_renewals(stage.stripe, count, now=scene.now)
    stage.stripe.fault("hang", "POST /v1/payment_intents*", seconds=AT_GATEWAY_SECONDS)
    slowest = 0.0
    with home.scene(clock=scene.now, without=without) as processes:
        for kind in ("worker", "beat"):
            processes.start(kind)
        wait_until(lambda: in_flight() > 0, seconds=RECOVERY_SECONDS)
        for _ in range(restarts):
            time.sleep(chance.uniform(SHORTEST_PEACE, LONGEST_PEACE))
            slowest = max(slowest, restart(cluster, until_written=not without))
        stage.stripe.clear_faults()
        seconds = GIVE_UP_SECONDS if without else RECOVERY_SECONDS + count / 10
        wait_until(lambda: delivered() == count and not in_flight(), seconds=seconds)
        scene.now = processes.now + LEASES_END
    return slowest


def restart(cluster: Tearable, *, until_written: bool) -> float:
    """Tear the server down and start it; return the seconds from when it was back until a row had moved."""
    connection.close()
    cluster.tear_down_and_start()
    back = time.monotonic()
    before = standing()
    if until_written:
        wait_until(lambda: standing() != before or not still_to_do(), seconds=2 * RECOVERY_SECONDS)
    return time.monotonic() - back


def standing() -> tuple[int, int]:
    fences = sum(Subscription.objects.values_list("fence", flat=True))
    return fences, Order.objects.filter(state=Order.State.FULFILLED).count()


def still_to_do() -> bool:
    return Subscription.objects.filter(period_index=1).exists()
