"""The jobs of the timetable about money, by hand and by task."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from kombu.exceptions import OperationalError

from billing import gateways, tasks
from billing.charges import open_page
from billing.gateways.sandbox_bank import pay_with
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR
from billing.models import Charge, GatewayEvent, Order, SandboxPayment
from tests.billing.books import NOW, buy, paid_order

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def paid_at_the_sandbox(line, plan):
    """A charge that was paid on the sandbox's page; nobody has told us."""
    charge = buy(line, plan).charges.get()
    open_page(charge=charge, gateway=gateways.chosen(), return_url="/back/", locale="en", now=NOW)
    pay_with(SandboxPayment.objects.get(), CARDS_BY_LAST_FOUR["4242"], keep=False)
    return charge


def test_fulfil_paid_orders(line, plan, capsys):
    order = paid_order(line, plan)

    call_command("fulfil_paid_orders", at=NOW, dry_run=True)
    call_command("fulfil_paid_orders", at=NOW)

    assert capsys.readouterr().out == f"would fulfil {order.public_id}\nfulfilled 1 orders\n"
    assert Order.objects.get().state == "fulfilled"


def test_reconcile_charges(paid_at_the_sandbox, capsys):
    call_command("reconcile_charges", at=LATER, dry_run=True)
    call_command("reconcile_charges", at=LATER)

    assert capsys.readouterr().out == (
        f"would ask about {paid_at_the_sandbox.public_id} (pending)\nsettled 1 charges\n"
    )
    assert Order.objects.get().state == "paid"


def test_expire_unpaid_orders(line, plan, capsys):
    order = buy(line, plan)

    call_command("expire_unpaid_orders", at=LATER, dry_run=True)
    call_command("expire_unpaid_orders", at=LATER)

    assert capsys.readouterr().out == f"would expire {order.public_id}\nexpired 1 orders\n"
    assert Charge.objects.get().state == "abandoned"


def test_apply_gateway_events(paid_at_the_sandbox, capsys):
    GatewayEvent.objects.insert_once(
        gateway="sandbox",
        event_id="evt_1",
        kind="payment.succeeded",
        about="payment",
        payment_id=paid_at_the_sandbox.gateway_payment_id,
        payload={},
        now=NOW,
    )

    call_command("apply_gateway_events", at=LATER, dry_run=True)
    call_command("apply_gateway_events", at=LATER)

    assert capsys.readouterr().out == "would apply evt_1\napplied 1 events\n"
    assert Order.objects.get().state == "paid"


def test_the_tasks_do_the_same_with_the_real_clock(paid_at_the_sandbox):
    Charge.objects.update(check_due_at=timezone.now())

    tasks.reconcile_charges()
    tasks.fulfil_paid_orders()
    tasks.apply_gateway_events()
    tasks.expire_unpaid_orders()

    assert Order.objects.get().state == "fulfilled"


def test_one_order_can_be_fulfilled_by_a_nudge(line, plan):
    order = paid_order(line, plan, now=timezone.now())

    tasks.nudge(tasks.fulfil_order, order_id=order.pk)

    assert Order.objects.get().state == "fulfilled"


def test_a_nudge_without_a_broker_is_only_a_warning(caplog):
    class Unreachable:
        name = "billing.fulfil_order"

        def delay(self, **arguments):
            raise OperationalError("no broker")

    tasks.nudge(Unreachable(), order_id=1)

    assert "billing.fulfil_order waits for the timetable" in caplog.text
