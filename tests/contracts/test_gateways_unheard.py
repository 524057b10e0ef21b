"""Every gateway, with all of its webhooks lost: payments are settled, and the books agree, by asking alone."""

from datetime import UTC, timedelta

import pytest
from django.utils import timezone

from billing import charges
from billing.comparison import compare
from billing.gateway_events import apply_gateway_events
from billing.gateways.base import RefundRequest
from billing.missed_events import read_missed_events
from billing.models import Charge, GatewayEvent, Order, Refund
from billing.reconciliation import reconcile_charges
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy
from tests.contracts.gateway_worlds import BACK

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

MANY = 3


@pytest.fixture
def paid_pages(world, subscriber):
    """Charges whose payers paid; nobody has told us."""
    line = make.make_line(owner=subscriber)
    plan = make.make_plan()
    return [paid_page(world, line, plan) for _number in range(MANY)]


def paid_page(world, line, plan):
    now = timezone.now()
    charge = buy(line, plan, now=now, gateway=world.gateway.name).charges.get()
    charges.open_page(charge=charge, gateway=world.gateway, return_url=BACK, locale="en", now=now)
    world.pay(charge.gateway_payment_id)
    return charge


def read_and_apply(gateway):
    read_missed_events(gateway=gateway, now=timezone.now())
    return apply_gateway_events(gateway=gateway, now=timezone.now())


def differences(gateway):
    now = timezone.now()
    return compare(gateway=gateway, day=now.astimezone(UTC).date(), now=now).differences


def states():
    return {*Order.objects.values_list("state", flat=True), *Charge.objects.values_list("state", flat=True)}


def test_payments_are_settled_by_reading_what_the_gateway_keeps(gateway, paid_pages):
    assert read_and_apply(gateway) >= MANY

    assert states() == {"paid", "succeeded"}
    assert set(GatewayEvent.objects.values_list("state", "by_webhook")) == {("done", False)}


def test_payments_are_settled_by_asking_about_our_charges(gateway, paid_pages):
    assert reconcile_charges(gateway=gateway, now=timezone.now() + timedelta(minutes=6)) == MANY

    assert states() == {"paid", "succeeded"}


def test_reading_again_finds_nothing_that_was_not_heard(gateway, paid_pages):
    read_and_apply(gateway)
    heard = GatewayEvent.objects.count()

    assert read_missed_events(gateway=gateway, now=timezone.now()) == 0
    assert GatewayEvent.objects.count() == heard


def test_both_books_agree_on_what_is_settled(gateway, paid_pages):
    read_and_apply(gateway)

    assert differences(gateway) == []


def test_the_comparison_settles_what_everything_else_missed(gateway, paid_pages):
    assert differences(gateway) == []

    assert states() == {"paid", "succeeded"}


def test_a_refund_made_past_us_is_booked(gateway, paid_pages):
    read_and_apply(gateway)
    transaction_id = Charge.objects.get(pk=paid_pages[0].pk).gateway_transaction_id
    gateway.refund(RefundRequest(key="by hand", transaction_id=transaction_id, money=Money(500, "USD")))

    read_and_apply(gateway)

    refund = Refund.objects.get()
    assert (refund.charge_id, refund.money, refund.reason) == (paid_pages[0].pk, Money(500, "USD"), "gateway")
    assert differences(gateway) == []


def test_a_charge_the_gateway_never_saw_is_told(gateway, paid_pages):
    read_and_apply(gateway)
    invented = Charge.objects.filter(pk=paid_pages[0].pk)
    invented.update(gateway_payment_id="pi_invented", gateway_transaction_id="pi_invented", public_id="chg_invented")

    told = {(one.kind, one.movement_id == "pi_invented") for one in differences(gateway)}

    assert told == {("unknown_here", False), ("unknown_there", True)}
