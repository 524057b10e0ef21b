"""A form that is sent twenty times at once, and again afterwards: one order, charged once."""

from billing.models import Charge, Order
from tests import make
from tests.fakes.crowd import slowed, without_constraint
from tests.faults.figures.posting import Answer, post_all
from tests.faults.figures.scenery import PRICE, keep_card, make_line, make_payer
from tests.faults.figures.stage import Stage
from tests.faults.figures.visitors import Subscriber

TIMES = 20


def measure(stage: Stage) -> None:
    report = stage.report
    with stage.scene("form") as scene:
        answers = send_one_form(stage)
        report.gate("form_answers", len({(answer.status, answer.location) for answer in answers}), "answers", exactly=1)
        report.gate("form_orders", Order.objects.count(), "orders", exactly=1)
        report.gate("form_charges", Charge.objects.count(), "charges", exactly=1)
        report.gate("form_charges_at_gateway", len(stage.stripe.money_taken()), "charges", exactly=1)
        scene.tick()
    with stage.control(), without_constraint(Order, "order_one_a_form", clean_up=stage.clear):
        send_one_form(stage)
        report.control("form_orders", Order.objects.count(), "orders", more_than=1)
        report.control("form_charges_at_gateway", len(stage.stripe.money_taken()), "charges", more_than=1)


def send_one_form(stage: Stage) -> list[Answer]:
    """Open the page that renews a line, and send its form: by many tabs at the same moment, then once more."""
    owner = make_payer()
    card, line, plan = keep_card(stage.stripe, owner), make_line(owner), make.make_plan(prices={"USD": PRICE})
    subscriber = Subscriber(owner, stage.portal)
    path = f"/lines/{line.public_id}/renew/?plan={plan.public_id}"
    form = {**subscriber.form(path, having="form_key"), "pay_with": card.public_id}
    posts = [subscriber.sending(path, form)] * TIMES
    with slowed("billing_order", "INSERT"):
        answers = post_all(stage.portal.port, posts, at_once=TIMES)
    return answers + post_all(stage.portal.port, posts[:1], at_once=1)
