"""Fifty profiles in stock and two hundred buyers at the same moment: fifty are sold, and the others keep their money."""

from contextlib import ExitStack
from uuid import uuid4

from django.db.models import Count

from billing.models import LedgerAccount, Order
from esim.models import ProfileOrder, SimCard, SimProfile
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund
from tests.faults.figures.operators import Operator, operator
from tests.faults.figures.posting import Answer, post_all
from tests.faults.figures.scenery import PRICE, make_person, open_shared_accounts
from tests.faults.figures.stage import SETTINGS, THREADS, Scene, Stage
from tests.faults.figures.visitors import Subscriber
from tests.servers import Server, gunicorn

SOLD_OUT = 409


def measure(stage: Stage) -> None:
    profiles, buyers, report = stage.sized(50, quick=10), stage.sized(200, quick=40), stage.report
    with ExitStack() as running:
        there = running.enter_context(operator())
        portal = running.enter_context(gunicorn("portal.wsgi", settings=SETTINGS, threads=THREADS, **there.environ))
        with stage.scene("stock") as scene:
            answers = buy_at_once(there, portal, profiles=profiles, buyers=buyers)
            judge(stage, scene, there, answers, profiles=profiles, buyers=buyers)
    with ExitStack() as running, stage.control():
        there = running.enter_context(operator())
        hurried = "tests.faults.figures.unguarded_server"
        portal = running.enter_context(gunicorn(hurried, settings=SETTINGS, threads=THREADS, **there.environ))
        buy_at_once(there, portal, profiles=10, buyers=40)
        report.control("stock_given_twice", given_twice(), "profiles", more_than=0)


def judge(stage: Stage, scene: Scene, there: Operator, answers: list[Answer], *, profiles: int, buyers: int) -> None:
    """Report what each buyer has in the end: an eSIM, or all of the money."""
    report = stage.report
    scene.carrier = there.carrier()
    scene.tick()
    refused = sum(answer.status == SOLD_OUT for answer in answers)
    orders = Order.objects.filter(kind=Order.Kind.NEW_LINE)
    paid_back = orders.filter(state=Order.State.UNDELIVERABLE).count()
    wallets = LedgerAccount.objects.filter(kind=LedgerAccount.Kind.WALLET)
    report.gate("stock_sold", orders.filter(state=Order.State.FULFILLED).count(), "eSIMs", exactly=profiles)
    report.figure("stock_told_before_payment", refused, "buyers")
    report.figure("stock_paid_back", paid_back, "buyers")
    report.gate("stock_told_sold_out", refused + paid_back, "buyers", exactly=buyers - profiles)
    report.gate(
        "stock_with_all_their_money", wallets.filter(balance=PRICE).count(), "buyers", exactly=buyers - profiles
    )
    report.gate("stock_that_paid", wallets.filter(balance=0).count(), "buyers", exactly=profiles)
    report.gate("stock_given_twice", given_twice(), "profiles", exactly=0)
    report.gate("stock_taken_at_smdp", len(there.taken()), "profiles", exactly=profiles)
    report.gate("stock_left", SimCard.objects.exclude(state=SimCard.State.USED).count(), "profiles", exactly=0)
    report.gate("stock_malformed_calls", len(there.smdp.es2plus.complaints), "calls", exactly=0)
    on_lines = set(SimProfile.objects.filter(is_current=True).values_list("iccid", flat=True))
    report.gate("stock_on_lines", len(on_lines & there.taken()), "profiles", exactly=profiles)


def buy_at_once(there: Operator, portal: Server, *, profiles: int, buyers: int) -> list[Answer]:
    """Let everybody open the check page while there is stock, and send the form at the same moment."""
    there.stock(profiles)
    open_shared_accounts()
    plan = make.make_plan(prices={"USD": PRICE})
    path = f"/plans/{plan.public_id}/buy/"
    posts = []
    for _number in range(buyers):
        owner = make_person()
        fund(owner, Money(PRICE, "USD"))
        subscriber = Subscriber(owner, portal)
        form = {**subscriber.form(path, having="form_key"), "pay_with": "balance", "form_key": str(uuid4())}
        posts.append(subscriber.sending(path, form))
    return post_all(portal.port, posts, at_once=buyers)


def given_twice() -> int:
    """Return how many profiles were ordered for more than one buyer."""
    named = ProfileOrder.objects.exclude(iccid="").order_by().values("iccid")
    return named.annotate(times=Count("pk")).filter(times__gt=1).count()
