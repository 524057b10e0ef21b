"""What the operator's systems hear of orders, payments, renewals and lines, however these were written."""

from datetime import timedelta

import pytest

from accounts.models import WebhookCursor, WebhookEndpoint, WebhookMessage
from accounts.webhooks import KINDS
from billing import operator_events, orders, renewals
from billing.reminders import send_reminders
from esim import suspension
from esim.models import Allowance, SuspendedFor
from tests import make
from tests.billing.books import buy, delivered, paid_order, pay

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def endpoint():
    return WebhookEndpoint.objects.create(name="Billing", url="https://hooks.example/", kinds=list(KINDS))


def told():
    """Return what was told: kind, and whom or what it names."""
    return [(message.kind, message.data) for message in WebhookMessage.objects.order_by("pk")]


def kinds():
    return [kind for kind, _data in told()]


def test_what_was_delivered_and_paid_since_the_last_look_is_told_once(
    endpoint, line, plan, gateway, carrier, now, subscriber
):
    before = delivered(line, plan, gateway=gateway, carrier=carrier)
    operator_events.derive(now=now)
    order = delivered(line, plan, gateway=gateway, carrier=carrier)

    counts = [operator_events.derive(now=now + number * MINUTE) for number in range(30)]

    assert (sum(counts), sorted(kinds())) == (2, ["charge.succeeded", "order.fulfilled"])
    [(_kind, data)] = [one for one in told() if one[0] == "order.fulfilled"]
    assert data["order"] == order.public_id != before.public_id
    assert data["price"] == {"unit": "USD", "value": "14.90"}
    assert (data["line"], data["subscriber"]) == (line.public_id, subscriber.public_id)
    assert data["validFor"]["endDateTime"] == order.ends_at.isoformat()


def test_a_row_that_is_seen_late_is_told_all_the_same(endpoint, line, plan, gateway, carrier, now):
    operator_events.derive(now=now)
    order = delivered(line, plan, gateway=gateway, carrier=carrier)
    late = Allowance.objects.get(granted_for=order.public_id)
    number, late.public_id = late.pk, "alw_late"
    Allowance.objects.filter(pk=number).delete()
    make.make_allowance(line=line, plan=plan)
    operator_events.derive(now=now + MINUTE)
    late.pk = number
    late.save(force_insert=True)

    assert kinds().count("order.fulfilled") == 0
    for minutes in range(2, 14):
        operator_events.derive(now=now + minutes * MINUTE)

    assert kinds().count("order.fulfilled") == 1


def test_money_added_to_a_balance_is_an_order_fulfilled(endpoint, credit, now, line, plan, gateway, carrier):
    operator_events.derive(now=now - MINUTE)
    WebhookCursor.objects.update(marks=[[(now - MINUTE).isoformat(), 0]])

    operator_events.derive(now=now)

    assert sorted(kinds()) == ["charge.succeeded", "order.fulfilled"]


def test_nobody_who_listens_costs_one_query(django_assert_num_queries, db, now):
    with django_assert_num_queries(2):
        assert operator_events.derive(now=now) == 0


def test_a_renewal_by_itself_is_told_whichever_way_it_was_written(endpoint, subscription, gateway, carrier, now):
    operator_events.derive(now=now)

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    operator_events.derive(now=now + MINUTE)

    heard = dict(told())
    assert sorted(heard) == ["charge.succeeded", "order.fulfilled"]
    assert (heard["order.fulfilled"]["trigger"], heard["charge.succeeded"]["withoutPayer"]) == ("expiry", True)


def test_a_declined_renewal_is_told(endpoint, subscription, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    declined = dict(told())["renewal.declined"]
    assert sorted(kinds()) == ["charge.failed", "renewal.declined"]
    assert (declined["autoRenewal"], declined["declineCode"]) == (subscription.public_id, "insufficient_funds")
    assert declined["triedAgain"] is not None


def test_a_declined_payment_is_told_with_its_code(endpoint, line, plan, gateway, now):
    charge = buy(line, plan).charges.get()

    pay(charge, gateway=gateway, answer="insufficient_funds")

    [(kind, data)] = told()
    assert (kind, data["charge"], data["declineCode"]) == ("charge.failed", charge.public_id, "insufficient_funds")


def test_what_the_network_refuses_is_told(endpoint, line, plan, carrier, now):
    order = paid_order(line, plan)
    carrier.refusing = {"grant": "no_capacity"}

    orders.fulfil(order_id=order.pk, carrier=carrier, now=now)

    assert [(kind, data["order"], data["state"]) for kind, data in told()] == [
        ("order.undeliverable", order.public_id, "undeliverable")
    ]


def test_a_line_that_ends_soon_is_told_though_its_owner_wants_no_reminders(endpoint, line, plan, subscriber, now):
    type(subscriber).objects.update(notify_by_email=False)
    ends_at = now + timedelta(days=3)
    make.make_allowance(line=line, plan=plan, ends_at=ends_at, remind_due_at=now)

    for _ in range(2):
        send_reminders(now=now)

    assert told() == [
        ("line.expiring", {"line": line.public_id, "endDateTime": ends_at.isoformat(), "daysLeft": 3}),
    ]


def test_a_line_suspended_and_resumed_is_told(endpoint, line, carrier, now):
    suspension.suspend(line=line, why=SuspendedFor.STAFF, key="s1", carrier=carrier, now=now)
    suspension.resume(line=line, why=None, key="r1", carrier=carrier, now=now)

    assert [(kind, data["line"]) for kind, data in told()] == [
        ("line.suspended", line.public_id),
        ("line.resumed", line.public_id),
    ]
