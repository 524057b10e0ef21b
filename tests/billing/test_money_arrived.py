"""What was refused for want of balance is tried as soon as the money is there."""

from datetime import timedelta

import pytest

from billing import renewals, top_up_run
from billing.models import Order, Subscription, TopUpRule
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund, pay

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
FROM_BALANCE = {"pay_from": Subscription.PayFrom.WALLET, "method": None}


@pytest.fixture
def subscription(line, plan, now):
    make.make_allowance(line=line, plan=plan, starts_at=now - 29 * 1440 * MINUTE, ends_at=now + 1440 * MINUTE)
    return make.make_subscription(line=line, plan=plan, charge_due_at=now, **FROM_BALANCE)


@pytest.fixture
def add(line, gateway, now):
    """Add money to the balance by card, a minute after the refusal."""

    def add_money(minor):
        what = {"kind": Order.Kind.CREDIT, "line": None, "price": Money(minor, "USD")}
        order = buy(line, None, now=now + MINUTE, **what)
        pay(order.charges.get(), gateway=gateway, now=now + MINUTE)

    return add_money


@pytest.mark.parametrize(("minor", "state"), [(1490, "active"), (1489, "past_due")], ids=["enough", "not enough"])
def test_a_renewal_goes_on_when_the_balance_holds_it(subscription, add, gateway, carrier, now, minor, state):
    ways = {"gateways": {gateway.name: gateway}, "carrier": carrier}
    renewals.renew_due(**ways, now=now)

    add(minor)
    renewals.retry_declined(**ways, now=now + MINUTE)

    subscription.refresh_from_db()
    assert (subscription.state, subscription.declines) == (state, 0 if state == "active" else 1)


def test_another_refusal_waits_for_its_rung(subscription, add, now):
    rung = now + timedelta(hours=6)
    Subscription.objects.update(state="past_due", reason="declined:insufficient_funds", charge_due_at=rung)

    add(2000)

    subscription.refresh_from_db()
    assert subscription.charge_due_at == rung


def test_a_pack_is_bought_when_the_balance_holds_it(line, pack, running, add, gateway, carrier, now):
    rule = make.make_top_up_rule(line=line, plan=pack, **FROM_BALANCE)
    fund(line.owner, Money(100, "USD"))
    ways = {"gateways": {gateway.name: gateway}, "carrier": carrier}
    top_up_run.top_up_low(**ways, now=now)
    assert TopUpRule.objects.get().reason == "declined:balance_too_low"

    add(500)
    top_up_run.top_up_low(**ways, now=now + MINUTE)

    rule.refresh_from_db()
    assert (rule.next_index, rule.reason) == (2, "bought")
