"""A renewal that is due waits while it is not known until when its line will be paid."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from billing import charges, orders, renewals, taking_back
from billing.models import Order, Refund, Subscription
from esim.models import Line
from tests import make
from tests.billing.books import buy, paid_order

pytestmark = pytest.mark.usefixtures("books_are_right")

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def tick(gateway, carrier):
    gateways = {gateway.name: gateway}

    def run(*moments):
        for at in moments:
            renewals.renew_due(gateways=gateways, carrier=carrier, now=at)
            renewals.retry_declined(gateways=gateways, carrier=carrier, now=at)
            orders.fulfil_due(carrier=carrier, now=at)

    return run


@pytest.fixture
def bought_by_hand(line, plan, carrier, now):
    """Paid by hand a minute ago, and the network keeps silent."""
    order = paid_order(line, plan, now=now - MINUTE)
    carrier.losing.add("grant")
    orders.fulfil(order_id=order.pk, carrier=carrier, now=now - MINUTE)
    return order


def standing(subscription):
    subscription.refresh_from_db()
    return subscription.state, subscription.reason, subscription.charge_due_at


def test_what_was_bought_by_hand_is_not_bought_again_while_the_network_keeps_silent(
    subscription, bought_by_hand, tick, gateway, carrier, now
):
    tick(now, now + HOUR)
    assert standing(subscription) == ("active", "line_in_hand", now), "nobody is told of another charge"

    carrier.losing.clear()
    tick(now + 2 * HOUR, now + 3 * HOUR)

    assert gateway.taken == []
    assert standing(subscription) == ("active", "", now + 30 * DAY)


def test_what_the_network_refuses_then_is_renewed(subscription, bought_by_hand, tick, gateway, carrier, now):
    tick(now)
    carrier.refusing["grant"] = "no capacity"
    tick(now + HOUR)
    carrier.refusing.clear()
    carrier.losing.clear()

    tick(now + 2 * HOUR)

    assert len(gateway.taken) == 1


def test_who_is_paying_by_hand_is_not_charged_as_well(subscription, line, plan, tick, gateway, now):
    order = buy(line, plan, now=now)

    tick(now)
    assert standing(subscription)[1] == "line_in_hand"

    charges.abandon(charge=order.charges.get(), gateway=gateway, now=now + MINUTE)
    tick(now + HOUR)
    assert len(gateway.taken) == 1


def test_what_is_being_taken_back_is_not_bought_again(line, plan, tick, gateway, carrier, now):
    order = paid_order(line, plan)
    orders.fulfil(order_id=order.pk, carrier=carrier, now=now)
    make.make_subscription(line=line, plan=plan, anchor_at=now, charge_due_at=now + 29 * DAY)
    carrier.losing.add("revoke")
    due = now + 29 * DAY
    goes_to = Refund.Destination.BALANCE
    taking_back.undo(order=order, goes_to=goes_to, ip=None, carrier=carrier, within=30 * DAY, now=due - MINUTE)
    taking_back.take_back(order_id=order.pk, carrier=carrier, now=due - MINUTE)

    tick(due)
    carrier.losing.clear()
    taking_back.take_back_due(carrier=carrier, now=due + HOUR)
    tick(due + HOUR)

    assert gateway.taken == []
    assert Subscription.objects.get().mode == Subscription.Mode.OFF


def test_a_line_that_is_being_ended_is_not_renewed(subscription, tick, gateway, now):
    Line.objects.update(service_change="terminating", service_change_at=now, service_change_until=now + DAY)

    tick(now)

    assert gateway.calls == []
    assert standing(subscription) == ("active", "line_in_hand", now)


def test_nobody_is_asked_or_told_of_an_end_meanwhile(subscription, bought_by_hand, tick, now):
    Subscription.objects.update(mode="ask")

    tick(now, now + 2 * DAY)

    assert standing(subscription)[:2] == ("active", "line_in_hand")


def test_a_refused_renewal_keeps_its_place_on_the_ladder(subscription, line, plan, tick, gateway, now):
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"
    tick(now)
    buy(line, plan, now=now + 6 * HOUR)

    tick(now + 6 * HOUR)

    assert standing(subscription) == ("past_due", "declined:insufficient_funds", now + 6 * HOUR)


def test_its_own_refused_order_is_gone_on_with(subscription, line, tick, gateway, now):
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"
    tick(now)
    gateway.outcomes.clear()

    tick(now + 6 * HOUR)

    assert Order.objects.get().state == Order.State.FULFILLED


def test_a_dry_run_says_so(subscription, bought_by_hand, now, capsys):
    call_command("renew_due", "--dry-run", "--at", now.isoformat())

    assert "would put off: Line" in capsys.readouterr().out
