"""What is logged about money names the order, the charge and the line it is about."""

import io
import json
import logging

import pytest

from billing import orders, renewals
from billing.models import Charge, Order
from portal.logs import JsonLines, Subjects
from tests import make
from tests.billing.books import NOW, paid_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines():
    """Return what was logged, a dictionary a line."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(Subjects())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def renew(line, plan, gateway, carrier):
    subscription = make.make_subscription(line=line, plan=plan)

    def run():
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)
        return subscription

    return run


def test_a_lost_answer_names_order_charge_line_and_subscription(renew, gateway, lines):
    gateway.losing = {"charge_saved"}

    renew()

    (told,) = [line for line in lines() if "the answer got lost" in line["message"]]
    order, charge = Order.objects.get(), Charge.objects.get()
    assert (told["charge"], told["order"]) == (charge.public_id, order.public_id)


def test_a_renewal_that_breaks_names_its_subscription_and_line(renew, gateway, lines, line):
    gateway.charge_saved = lambda _request: 1 / 0

    subscription = renew()

    told = [one for one in lines() if "exc_info" in one]
    assert told
    assert {one.get("subscription") for one in told} == {subscription.public_id}
    assert {one.get("line") for one in told} == {line.public_id}


def test_a_refusing_network_names_order_and_line(subscriber, plan, carrier, lines):
    line = make.make_line(owner=subscriber)
    order = paid_order(line, plan)

    orders.fulfil(order_id=order.pk, carrier=carrier, now=NOW)

    (told,) = [one for one in lines() if "undeliverable" in one["message"]]
    assert (told["order"], told["line"]) == (order.public_id, line.public_id)
