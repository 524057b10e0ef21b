"""A refund button that is pressed fifty times at once: the money goes back once."""

from datetime import timedelta

from billing.models import Refund
from tests import make
from tests.billing.books import buy
from tests.fakes.crowd import slowed, without_constraint
from tests.faults.figures.posting import post_all
from tests.faults.figures.scenery import PRICE, keep_card, make_line, make_payer, open_shared_accounts
from tests.faults.figures.stage import Scene, Stage
from tests.faults.figures.visitors import Subscriber
from tests.servers import Server

TIMES = 50
ASKED = "POST /v1/refunds"


def measure(stage: Stage) -> None:
    report = stage.report
    with stage.scene("refund") as scene:
        press(stage, scene, server=stage.portal)
        report.gate("refund_rows", Refund.objects.count(), "refunds", exactly=1)
        report.gate("refund_requests", stage.stripe.calls()[ASKED], "requests", exactly=1)
        report.gate("refund_at_gateway", len(stage.stripe.objects("refund")), "refunds", exactly=1)
        scene.tick()
    with stage.control() as scene, without_constraint(Refund, "refund_one_open_a_charge", clean_up=stage.clear):
        press(stage, scene, server=stage.unguarded_portal)
        report.control("refund_rows", Refund.objects.count(), "refunds", more_than=1)


def press(stage: Stage, scene: Scene, *, server: Server) -> None:
    """Buy a plan with a kept card, and give it back, unused, by a button that is pressed again and again."""
    open_shared_accounts()
    owner = make_payer()
    card, line, plan = keep_card(stage.stripe, owner), make_line(owner), make.make_plan(prices={"USD": PRICE})
    order = buy(line, plan, gateway="stripe", method=card, now=scene.now)
    scene.wait(timedelta(minutes=1))
    scene.tick()
    subscriber = Subscriber(owner, server)
    path = f"/orders/{order.public_id}/refund/"
    form = {**subscriber.form(path, having="goes_to"), "goes_to": Refund.Destination.PAYER}
    with slowed("billing_refund", "INSERT", seconds=0.5):
        post_all(server.port, [subscriber.sending(path, form)] * TIMES, at_once=TIMES)
