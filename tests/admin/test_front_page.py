"""The front page names what needs a person, leads there, and tells how the day goes."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Notification
from billing.models import Charge, Discrepancy, GatewayEvent, InvariantReport, LedgerAccount, LedgerEntry, Payout
from portal.admin_dashboard import renewals, sales_by_currency
from portal.lib.money import Money
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _clock(now):
    with time_machine.travel(now, tick=False):
        yield


def attention(client):
    """Return what needs a person: title → group."""
    return {str(group.title): group for group in client.get("/admin/").context["attention"]}


def make_trouble(owner, now):
    """Make one row of each kind that needs a person, and one beside it that does not."""
    for minutes, note in ((31, "stuck"), (29, "on its way")):
        paid_at = now - timedelta(minutes=minutes)
        make.make_order(owner=owner, state="paid", paid_at=paid_at, note=note)
    make.make_order(owner=owner, state="undeliverable")
    make.make_order(owner=owner, state="undeliverable", created_at=now - timedelta(days=8))
    for minutes in (61, 59):
        order = make.make_order(owner=owner)
        created_at = now - timedelta(minutes=minutes)
        Charge.objects.create(
            order=order, gateway="sandbox", currency="USD", amount=1, state="unknown", created_at=created_at
        )
    for state in ("failed", "done"):
        GatewayEvent.objects.create(gateway="sandbox", event_id=state, kind="x", payload={}, state=state)
        Notification.objects.create(user=owner, channel="sms", kind="x", key=state, state=state.replace("done", "sent"))
    for state in ("past_due", "active"):
        make.make_subscription(line=make.make_line(owner=owner), plan=make.make_plan(), state=state)
    for resolved_at in (None, now):
        Discrepancy.objects.create(
            gateway="sandbox",
            kind="unknown_here",
            movement_id=str(resolved_at),
            currency="USD",
            amount=1,
            day=now.date(),
            resolved_at=resolved_at,
        )
    for stops_money in (True, False):
        InvariantReport.objects.create(broken={"I2": ["x"]}, stops_money=stops_money)
        InvariantReport.objects.create(broken={"I2": ["x"]}, stops_money=stops_money, over_at=now)
        InvariantReport.objects.create(
            broken={"I2": ["x"]}, stops_money=stops_money, acknowledged_at=now, acknowledged_by=owner
        )
    Charge.objects.create(order=make.make_order(owner=owner), gateway="former", currency="USD", amount=1)
    make.make_ticket(owner=owner)
    undecided = {"state": "requested", "decided_by": None, "decided_at": None, "changes_at": None}
    make.make_address_change(user=owner, **undecided)
    make.make_address_change(user=make.make_user())
    wallet = LedgerAccount.objects.create(kind="wallet", owner=owner, currency="USD")
    payout = {"account": wallet, "currency": "USD", "amount": 1, "reason": "Asked", "requested_by": owner}
    Payout.objects.create(**payout)
    Payout.objects.create(**payout, state="to_transfer", by_hand_amount=1, decided_at=now)
    Payout.objects.create(**payout, state="refused", decided_at=now)
    make.make_line(
        owner=owner, service_change="suspending", service_change_at=now - timedelta(hours=2), service_change_until=now
    )
    for state, hours in (("moving", 2), ("moving", 0), ("online", 2)):
        moved_at = now - timedelta(hours=hours)
        make.make_replacement(line=make.make_line(owner=owner), state=state, moved_at=moved_at)
    for state in ("requested", "refused"):
        make.make_refund(charge=make.make_charge(order=make.make_order(owner=owner)), state=state)
    failed, tried = (
        make.make_refund(charge=make.make_charge(order=make.make_order(owner=owner)), state="failed") for _ in range(2)
    )
    make.make_refund(charge=tried.charge, tries_again=tried, state="created")
    make.make_dispute(charge=failed.charge)
    make.make_dispute(charge=tried.charge, state="won", closed_at=now)


def test_orders_without_an_answer_for_a_day_are_named_for_themselves(as_staff, subscriber):
    make.make_order(owner=subscriber, state="fulfilling", paid_at=timezone.now() - timedelta(hours=25))

    groups = attention(as_staff)

    title = "Orders for which the network has had no answer for 24 hours: ask there, then decide"
    assert {title: group.count for title, group in groups.items()} == {
        title: 1,
        "Orders paid for more than 30 minutes, not fulfilled": 1,
    }


def test_each_trouble_is_counted_once(as_staff, subscriber, now):
    make_trouble(subscriber, now)

    groups = attention(as_staff)

    assert {title: group.count for title, group in groups.items()} == {
        "Orders paid for more than 30 minutes, not fulfilled": 1,
        "Orders of the last 7 days that could not be delivered": 1,
        "Charges without an answer from the gateway for an hour": 1,
        "Requests for help that wait for our answer": 1,
        "Lines whose network has had no answer about suspending or resuming for an hour": 1,
        "Lines on their way to another device whose network has had no answer for an hour": 1,
        "Gateway events that failed": 1,
        "Money that a gateway and our books tell differently": 1,
        "Money does not add up: nothing is charged automatically until somebody has looked": 1,
        "Something that must always be true is not": 1,
        "Refunds that wait for a second person": 1,
        "Payouts of balances that wait for a second person": 1,
        "Payouts to transfer at your bank: then write down its reference": 1,
        "Changes of address that wait for a second person": 1,
        "Refunds that failed: try again, or give the money as balance": 1,
        "Open disputes; the next has to be answered by 28 Nov 2026, 10:00": 1,
        "Open charges of former, a gateway that is not set up": 1,
        "Notifications of the last 7 days that failed": 1,
        "Auto-renewals whose payment was declined": 1,
    }


def test_each_trouble_leads_to_the_list_with_just_its_rows(as_staff, subscriber, now):
    make_trouble(subscriber, now)

    for group in attention(as_staff).values():
        listed = as_staff.get(group.href)

        assert listed.status_code == 200
        assert listed.context["cl"].result_count == group.count


def make_paid(owner, *, minutes_ago, number=1):
    """Make a charge of the sandbox that was paid so long ago, a minute after it was made."""
    settled_at = timezone.now() - timedelta(minutes=minutes_ago)
    return Charge.objects.create(
        order=make.make_order(owner=owner),
        gateway="sandbox",
        gateway_payment_id=f"pay_{number}",
        currency="USD",
        amount=1490,
        state="succeeded",
        created_at=settled_at - timedelta(minutes=1),
        settled_at=settled_at,
    )


def hear(*, minutes_ago, by_webhook=True):
    GatewayEvent.objects.create(
        gateway="sandbox",
        event_id=f"evt_{minutes_ago}",
        kind="payment.succeeded",
        payload={},
        state="done",
        by_webhook=by_webhook,
        received_at=timezone.now() - timedelta(minutes=minutes_ago),
    )


SILENT = "Charges paid at sandbox, from which no notice has come since 21 Nov 2026, 08:20"


def test_gateway_whose_webhooks_stopped_is_named_with_what_it_did_not_tell(as_staff, subscriber):
    hear(minutes_ago=100)
    hear(minutes_ago=10, by_webhook=False)
    for number, minutes in enumerate((101, 60, 16, 14)):
        make_paid(subscriber, minutes_ago=minutes, number=number)

    groups = attention(as_staff)

    assert {title: group.count for title, group in groups.items()} == {SILENT: 2}
    assert as_staff.get(groups[SILENT].href).context["cl"].result_count == 2


def test_gateway_that_never_sent_a_webhook_is_named(as_staff, subscriber):
    make_paid(subscriber, minutes_ago=60)

    groups = attention(as_staff)

    assert list(groups) == ["Charges paid at sandbox, which has never sent a notice"]
    assert [as_staff.get(group.href).context["cl"].result_count for group in groups.values()] == [1]


@pytest.mark.parametrize(("paid", "heard"), [(60, 59), (60, 61), (14, 100), (8 * 24 * 60, 9 * 24 * 60)], ids=str)
def test_gateway_that_tells_or_may_yet_tell_is_not_named(as_staff, subscriber, paid, heard):
    make_paid(subscriber, minutes_ago=paid)
    hear(minutes_ago=heard)

    assert attention(as_staff) == {}


def test_quiet_day_says_so(as_staff):
    page = as_staff.get("/admin/")

    assert "Nothing. Orders, charges, events and notifications are all on their way." in page.content.decode()


def make_sale(now, number, *, amount, currency="USD"):
    held, sales = (LedgerAccount.objects.get_or_create(kind=kind, currency=currency)[0] for kind in ("held", "sales"))
    LedgerEntry.objects.create(
        key=f"sale-{number}",
        kind="sold",
        debit_account=held,
        credit_account=sales,
        currency=currency,
        amount=amount,
        at=now,
    )


def test_sales_are_summed_by_currency_and_day(now):
    midnight = now.replace(hour=0, minute=0)
    make_sale(now, 1, amount=1490)
    make_sale(now, 2, amount=10)
    make_sale(midnight - timedelta(seconds=1), 3, amount=5)
    make_sale(midnight - timedelta(days=6), 4, amount=7)
    make_sale(midnight - timedelta(days=6, seconds=1), 5, amount=1000)
    make_sale(now, 6, amount=220, currency="JPY")

    dollars, yen = sales_by_currency(midnight)

    assert dollars.today == Money(1500, "USD")
    assert dollars.week == Money(1512, "USD")
    assert [amount.minor for amount in dollars.amounts] == [7, 0, 0, 0, 0, 5, 1500]
    assert yen.week == Money(220, "JPY")


def test_renewals_due_and_their_success(subscriber, now):
    plan = make.make_plan()
    for index, (due_in, paid) in enumerate([(23, True), (24, True), (25, False)], start=1):
        subscription = make.make_subscription(
            line=make.make_line(owner=subscriber), plan=plan, charge_due_at=now + timedelta(hours=due_in)
        )
        make.make_order(
            owner=subscriber,
            plan=plan,
            subscription=subscription,
            period_index=index,
            state="paid" if paid else "pending",
            paid_at=now if paid else None,
        )

    figures = renewals(now)

    assert (figures.due, figures.tried, figures.paid, figures.percent) == (2, 3, 2, 66)


@pytest.mark.parametrize("count", [1, 3])
def test_front_page_costs_the_same_however_much_there_is(
    as_staff, subscriber, now, django_assert_max_num_queries, count
):
    for number in range(count):
        make_sale(now, number, amount=100)
        make.make_order(owner=subscriber, state="undeliverable")
        make_paid(subscriber, minutes_ago=60 + number, number=number)
        Charge.objects.create(order=make.make_order(owner=subscriber), gateway="former", currency="USD", amount=1)
    hear(minutes_ago=1)
    as_staff.get("/admin/")

    with django_assert_max_num_queries(35):
        as_staff.get("/admin/")


def test_a_stock_that_runs_low_is_named(as_staff, settings):
    settings.ESIM_LOW_STOCK = 2
    title = "Kinds of eSIM of which fewer than 2 are left to sell"
    for kind in ("DATA", "DATA", "VOICE"):
        make.make_card(profile_type=kind)
    make.make_card(pin="4711", profile_type="SOLD ELSEWHERE")

    group = attention(as_staff)[title]

    assert group.count == 1
    assert as_staff.get(group.href).context["cl"].result_count == 3
    make.make_card(profile_type="VOICE")
    assert title not in attention(as_staff)
