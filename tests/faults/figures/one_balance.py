"""A balance that is enough for one purchase, and a hundred purchases at the same moment: one is bought."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from django.db import connection
from django.db.models import Min

from billing.models import LedgerAccount, Order
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund
from tests.fakes.crowd import slowed
from tests.faults.figures.posting import post_all
from tests.faults.figures.scenery import PRICE, make_line, make_person, open_shared_accounts
from tests.faults.figures.stage import Stage
from tests.faults.figures.visitors import Subscriber
from tests.servers import Server

BOUGHT, REFUSED = 302, 422
SAMPLE_EVERY_SECONDS = 0.01


def measure(stage: Stage) -> None:
    buyers, report = stage.sized(100, quick=40), stage.report
    with stage.scene("balance") as scene:
        with lowest_balance() as lowest:
            statuses = buy_at_once(stage.portal, buyers)
        report.gate("balance_purchases", statuses.count(BOUGHT), "purchases", exactly=1)
        report.gate("balance_refusals", statuses.count(REFUSED), "refusals", exactly=buyers - 1)
        report.gate("balance_orders", Order.objects.count(), "orders", exactly=1)
        report.gate("balance_lowest", min(lowest), "cents", exactly=0)
        scene.tick()
    with stage.control():
        statuses = buy_at_once(stage.unguarded_portal, buyers)
        report.control("balance_purchases", statuses.count(BOUGHT), "purchases", more_than=1)


def buy_at_once(server: Server, buyers: int) -> list[int]:
    """Send as many forms, each opened on its own, that pay from the same balance."""
    owner = make_person()
    fund(owner, Money(PRICE, "USD"))
    open_shared_accounts()
    line, plan = make_line(owner), make.make_plan(prices={"USD": PRICE})
    subscriber = Subscriber(owner, server)
    path = f"/lines/{line.public_id}/renew/?plan={plan.public_id}"
    form = {**subscriber.form(path, having="form_key"), "pay_with": "balance"}
    posts = [subscriber.sending(path, {**form, "form_key": str(uuid4())}) for _number in range(buyers)]
    with slowed("billing_order", "INSERT", seconds=0.02):
        return [answer.status for answer in post_all(server.port, posts, at_once=buyers)]


@contextmanager
def lowest_balance() -> Iterator[list[int]]:
    """Look at the balances again and again, and keep the lowest that were seen."""
    seen: list[int] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_EVERY_SECONDS):
            lowest = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.WALLET).aggregate(lowest=Min("balance"))
            seen.append(lowest["lowest"] or 0)
        connection.close()

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
