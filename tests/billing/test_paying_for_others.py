"""A payer's order for somebody else's line: whose it is, who is told, and where money goes back to."""

from datetime import timedelta

import pytest
from django.db.models import F

from accounts.models import Notification
from billing import ledger, taking_back, top_up_run
from billing.disputes import record
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Refund, Subscription
from billing.orders import fulfil
from billing.verdicts import Action, judge
from esim.models import Allowance
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, delivered, fund

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now", "books_are_right")]

DAY = timedelta(days=1)


@pytest.fixture
def payer(line, stranger):
    """Sam, who may pay for Ada's line."""
    make.make_member(line=line, user=stranger, role="payer")
    return stranger


@pytest.fixture
def bought(line, plan, payer, carrier, now):
    """Sam's renewal of Ada's line, delivered."""
    fund(payer, price := make_price(plan))
    order = buy(line, plan, owner=payer, gateway="", use_wallet=True, price=price)
    fulfil(order_id=order.pk, carrier=carrier, now=now)
    return Order.objects.get(pk=order.pk)


def make_price(plan):
    return plan.prices.get().money


def told(person):
    return set(Notification.objects.filter(user=person).values_list("kind", flat=True))


def test_the_payer_gets_the_order_and_the_owner_hears_of_it(bought, payer, subscriber, line):
    assert (bought.owner, bought.line.owner, bought.state) == (payer, subscriber, Order.State.FULFILLED)
    assert told(payer) == {"order_fulfilled"}
    assert told(subscriber) == {"paid_for_you"}
    assert "money" not in Notification.objects.get(user=subscriber).context


def test_each_sees_their_own_orders_only(client, bought, payer, subscriber, line):
    for person, status in ((payer, 200), (subscriber, 404)):
        client.force_login(person)
        assert client.get(f"/orders/{bought.public_id}/").status_code == status
        assert ("Recent orders" in client.get(f"/lines/{line.public_id}/").content.decode()) == (status == 200)


def test_a_page_of_a_former_payer_leads_nowhere(client, bought, payer, line):
    line.members.all().delete()
    client.force_login(payer)

    text = client.get(f"/orders/{bought.public_id}/").content.decode()

    assert f"/lines/{line.public_id}/" not in text


def test_given_back_it_returns_to_the_payer_and_the_owners_renewal_stays_on(
    bought, line, plan, payer, subscriber, carrier, now
):
    subscription = make.make_subscription(line=line, plan=plan, charge_due_at=now + 25 * DAY)

    goes_to = Refund.Destination.BALANCE
    taking_back.undo(order=bought, goes_to=goes_to, ip=None, carrier=carrier, within=14 * DAY, now=now)
    taking_back.take_back(order_id=bought.pk, carrier=carrier, now=now)

    subscription.refresh_from_db()
    assert subscription.mode == Subscription.Mode.AUTOMATIC
    assert ledger.wallet_balance(payer, "USD") == bought.total
    assert not ledger.wallet_balance(subscriber, "USD")
    told = Notification.objects.filter(user=subscriber).order_by("pk")
    assert [note.context["what"] for note in told] == ["delivered", "taken_back"]


def test_a_pack_that_the_payer_gives_back_does_not_bring_back_what_the_owner_skipped(
    line, plan, pack, payer, gateway, carrier, now
):
    make.make_allowance(line=line, plan=plan, starts_at=now - 20 * DAY, ends_at=now + 10 * DAY)
    subscription = make.make_subscription(line=line, plan=plan, state="paused", reason="skipped")
    order = delivered(
        line, pack, kind=Order.Kind.TOP_UP, price=Money(600, "USD"), owner=payer, gateway=gateway, carrier=carrier
    )

    taking_back.undo(order=order, goes_to=Refund.Destination.PAYER, ip=None, carrier=carrier, within=DAY, now=now)
    taking_back.take_back(order_id=order.pk, carrier=carrier, now=now)

    subscription.refresh_from_db()
    assert Order.objects.get().state == Order.State.REFUNDED
    assert (subscription.state, subscription.reason) == ("paused", "skipped")


def test_the_owners_auto_renewal_follows_what_the_payer_bought(line, plan, payer, carrier, now):
    make.make_allowance(line=line, plan=plan, starts_at=now - 20 * DAY, ends_at=now + 10 * DAY)
    subscription = make.make_subscription(line=line, plan=plan, charge_due_at=now + 9 * DAY)
    fund(payer, make_price(plan))
    order = buy(line, plan, owner=payer, gateway="", use_wallet=True)

    fulfil(order_id=order.pk, carrier=carrier, now=now)

    subscription.refresh_from_db()
    assert subscription.charge_due_at > now + 30 * DAY
    assert broken_invariants(now=now) == {}


@pytest.mark.parametrize("by_link", [True, False])
def test_a_dispute_of_who_paid_for_once_lets_the_owners_rule_buy(
    line, plan, pack, payer, gateway, carrier, now, by_link
):
    make.make_top_up_rule(line=line, plan=pack)
    owner = line.owner if by_link else payer
    order = delivered(line, plan, gateway=gateway, carrier=carrier, owner=owner)
    Charge.objects.update(by_link=by_link)
    Allowance.objects.update(used_bytes=F("data_bytes"))
    charge = order.charges.get()
    dispute_id = gateway.dispute(charge.gateway_payment_id)
    record(charge=charge, report=gateway.look_up_dispute(dispute_id), now=now)

    top_up_run.top_up_low(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    assert Order.objects.get(kind=Order.Kind.TOP_UP).state == Order.State.FULFILLED


def test_a_dispute_of_the_payer_leaves_the_owners_renewal_alone(line, plan, payer, gateway, carrier, now):
    make.make_allowance(line=line, plan=plan, starts_at=now - 20 * DAY, ends_at=now + 10 * DAY)
    subscription = make.make_subscription(line=line, plan=plan, charge_due_at=now + 9 * DAY)
    order = delivered(line, plan, gateway=gateway, carrier=carrier, owner=payer)

    charge = order.charges.get()
    dispute_id = gateway.dispute(charge.gateway_payment_id)
    record(charge=charge, report=gateway.look_up_dispute(dispute_id), now=now)

    subscription.refresh_from_db()
    [verdict] = judge([subscription], now=subscription.charge_due_at)
    assert (subscription.state, verdict.action) == (Subscription.State.ACTIVE, Action.CHARGE)
    assert "dispute_opened" in told(payer)
    assert "dispute_opened" not in told(line.owner)
