"""The jobs of the timetable about money, by hand and by task."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
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


def test_read_missed_events(paid_at_the_sandbox, capsys):
    now = timezone.now()

    call_command("read_missed_events", at=now, dry_run=True)
    call_command("read_missed_events", at=now)
    call_command("apply_gateway_events", at=now + timedelta(seconds=1))

    told = capsys.readouterr().out.splitlines()
    assert told == ["would read sandbox from an hour ago", "sandbox: 1 notices had not come", "applied 1 events"]
    assert Order.objects.get().state == "paid"


def test_compare_with_gateways(paid_at_the_sandbox, capsys):
    payment = SandboxPayment.objects.get()
    today = payment.moved_at.date()
    known = f"We know it as {paid_at_the_sandbox.public_id}: USD 14.90, pending."

    call_command("compare_with_gateways", day=today, dry_run=True)
    assert Order.objects.get().state == "pending"
    call_command("compare_with_gateways", day=today)

    assert capsys.readouterr().out.splitlines() == [
        f"sandbox {today}: 1 movements, 1 differences",
        f"  unknown_here {payment.reference}: USD 14.90. {known}",
        f"sandbox {today}: 1 movements, 0 differences",
    ]
    assert Order.objects.get().state == "paid"


def test_compare_with_gateways_takes_the_days_that_are_due(db, capsys):
    call_command("compare_with_gateways", at=NOW)
    call_command("compare_with_gateways", at=NOW)

    *days, last = capsys.readouterr().out.splitlines()
    assert days == [f"sandbox 2026-11-{day}: 0 movements, 0 differences" for day in range(14, 21)]
    assert last == "nothing is due"


def test_a_day_that_is_none_is_refused(db):
    with pytest.raises(CommandError, match="'yesterday' is not a day; write it like 2026-12-21"):
        call_command("compare_with_gateways", "--day", "yesterday")


def test_a_payment_nobody_told_of_is_settled_by_the_task_that_reads(paid_at_the_sandbox):
    tasks.read_missed_events()

    assert Order.objects.get().state == "fulfilled"


def test_the_tasks_do_the_same_with_the_real_clock(paid_at_the_sandbox):
    Charge.objects.update(check_due_at=timezone.now())

    tasks.reconcile_charges()
    tasks.fulfil_paid_orders()
    tasks.apply_gateway_events()
    tasks.expire_unpaid_orders()
    tasks.compare_with_gateways()

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
