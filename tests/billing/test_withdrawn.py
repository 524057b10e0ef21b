"""A charge that was written down, and then its worker died: what was turned off or stopped meanwhile is not charged."""

from datetime import timedelta
from itertools import product

import pytest
from django.urls import reverse

from billing import agreements, charging_stops, ledger, reconciliation, renewals, top_up_rules, top_up_run
from billing.charging_stops import ChargingStopped
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Subscription
from billing.withdrawn import STILL_WANTED, TURNED_OFF, is_off, still_wanted
from portal.lib.money import Money
from portal.lib.set_sql import run
from tests import make
from tests.billing.books import fund
from tests.billing.test_crashes import Crash
from tests.fakes.gateway import FakeGateway

LATER = timedelta(minutes=15)


class DiesBeforeItAsks(FakeGateway):
    """Takes the process along when it is first to prepare a payment: nothing has left the house."""

    def prepare(self, charge):
        if "prepare" not in self.calls:
            self.calls.append("prepare")
            raise Crash
        return super().prepare(charge)


@pytest.fixture
def gateway(db):
    return DiesBeforeItAsks()


@pytest.fixture
def at_work(gateway, carrier):
    """Run the ticks that charge what is due and ask about what is open."""

    def tick(now):
        gateways = {gateway.name: gateway}
        reconciliation.reconcile_charges(gateway=gateway, now=now)
        renewals.renew_due(gateways=gateways, carrier=carrier, now=now)
        top_up_run.top_up_low(gateways=gateways, carrier=carrier, now=now)

    return tick


@pytest.fixture
def renewal_begun(subscription, at_work, now):
    with pytest.raises(Crash):
        at_work(now)
    assert Charge.objects.get().state == Charge.State.CREATED
    subscription.refresh_from_db()
    return subscription


def turn_off(subscription, now):
    agreements.turn_off(subscription=subscription, actor=subscription.line.owner, ip=None, now=now)


def states():
    return list(Charge.objects.order_by("pk").values_list("state", flat=True))


@pytest.mark.slow
@pytest.mark.parametrize("first", ["reconciled", "renewed"])
def test_a_renewal_turned_off_before_anybody_was_asked_is_not_charged(
    renewal_begun, at_work, gateway, carrier, now, first
):
    turn_off(renewal_begun, now)

    if first == "renewed":
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now + LATER)
    at_work(now + LATER)
    at_work(now + 2 * LATER)

    renewal_begun.refresh_from_db()
    assert (gateway.taken, states()) == ([], ["abandoned"])
    assert (renewal_begun.state, renewal_begun.mode) == ("active", "off")
    assert (Order.objects.get().state, Order.objects.get().note) == (Order.State.CANCELLED, TURNED_OFF)
    assert broken_invariants(now=now + LATER) == {}


@pytest.mark.slow
def test_turned_on_again_it_is_charged_once(renewal_begun, at_work, gateway, now):
    turn_off(renewal_begun, now)
    at_work(now + LATER)
    type(renewal_begun).objects.filter(pk=renewal_begun.pk).update(mode="automatic")
    at_work(now + 2 * LATER)
    at_work(now + 3 * LATER)

    assert (len(gateway.taken), states()) == (1, ["abandoned", "succeeded"])
    assert list(Order.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "fulfilled"]


@pytest.mark.slow
def test_while_everything_is_stopped_it_is_given_up_and_charged_once_when_that_is_over(
    renewal_begun, at_work, gateway, now
):
    charging_stops.stop(reason="Wrong prices", actor=None, ip=None, now=now)
    with pytest.raises(ChargingStopped):
        at_work(now + LATER)
    assert (gateway.taken, states()) == ([], ["abandoned"])

    charging_stops.lift(reason="Prices are right", actor=None, ip=None, now=now)
    at_work(now + 2 * LATER)
    at_work(now + 3 * LATER)

    assert (len(gateway.taken), states()) == (1, ["abandoned", "succeeded"])
    assert Order.objects.get().state == Order.State.FULFILLED
    assert broken_invariants(now=now + LATER) == {}


def test_control_what_nobody_turned_off_is_made_good(renewal_begun, at_work, gateway, now):
    at_work(now + LATER)

    assert (len(gateway.taken), states()) == (1, ["succeeded"])


@pytest.mark.slow
def test_what_the_gateway_has_heard_of_is_finished_all_the_same(subscription, at_work, gateway, carrier, now):
    gateway.calls.append("prepare")  # it lives on
    gateway.losing = {"charge_saved"}
    at_work(now)
    subscription.refresh_from_db()
    turn_off(subscription, now)
    gateway.losing = set()

    at_work(now + LATER)

    assert (len(gateway.taken), states()) == (1, ["succeeded"])


@pytest.fixture
def only_prepared(subscription, at_work, gateway, now):
    """The gateway prepared the payment; that its money was asked for, it never heard."""
    gateway.calls.append("prepare")  # it lives on
    gateway.down = {"charge_saved"}
    at_work(now)
    gateway.down = set()
    assert states() == ["unknown"]
    subscription.refresh_from_db()
    return subscription


def test_what_was_only_prepared_is_closed_where_it_was_turned_off_since(only_prepared, at_work, gateway, now):
    turn_off(only_prepared, now)

    at_work(now + LATER)
    at_work(now + 2 * LATER)

    assert (gateway.taken, states()) == ([], ["abandoned"])
    assert (Order.objects.get().state, Order.objects.get().note) == (Order.State.CANCELLED, TURNED_OFF)
    assert [one.state for one in gateway.payments.values()] == ["abandoned"]


def test_what_was_only_prepared_is_not_charged_while_everything_is_stopped(only_prepared, at_work, gateway, now):
    charging_stops.stop(reason="Wrong prices", actor=None, ip=None, now=now)
    with pytest.raises(ChargingStopped):
        at_work(now + LATER)
    assert (gateway.taken, states()) == ([], ["abandoned"])

    charging_stops.lift(reason="Prices are right", actor=None, ip=None, now=now)
    at_work(now + 2 * LATER)
    at_work(now + 3 * LATER)

    assert (len(gateway.taken), states()) == (1, ["abandoned", "succeeded"])


def test_control_what_was_only_prepared_and_is_wanted_is_charged(only_prepared, at_work, gateway, now):
    at_work(now + LATER)

    assert (len(gateway.taken), states()) == (1, ["succeeded"])


@pytest.mark.slow
def test_a_rule_turned_off_before_anybody_was_asked_buys_nothing(line, pack, running, at_work, gateway, now):
    rule = make.make_top_up_rule(line=line, plan=pack)
    type(running).objects.update(used_bytes=running.data_bytes)
    with pytest.raises(Crash):
        at_work(now)
    rule.refresh_from_db()
    top_up_rules.turn_off(rule=rule, actor=line.owner, ip=None, now=now)

    at_work(now + LATER)
    at_work(now + 2 * LATER)

    assert (gateway.taken, states()) == ([], ["abandoned"])
    assert Order.objects.get().state == Order.State.CANCELLED


class AsksWhile(FakeGateway):
    """Has something happen when it has prepared, or charged, its first payment."""

    def __init__(self):
        super().__init__()
        self.meanwhile = {}

    def prepare(self, charge):
        payment_id = super().prepare(charge)
        self.meanwhile.pop("prepare", lambda: None)()
        return payment_id

    def charge_saved(self, charge):
        result = super().charge_saved(charge)
        self.meanwhile.pop("charge", lambda: None)()
        return result


@pytest.fixture
def watched():
    return AsksWhile()


@pytest.mark.parametrize(("when", "taken", "ends"), [("prepare", 0, "cancelled"), ("charge", 1, "fulfilled")])
def test_off_counts_until_the_money_is_asked_for(subscription, watched, carrier, now, when, taken, ends):
    watched.meanwhile[when] = lambda: Subscription.objects.update(mode="off")

    renewals.renew_due(gateways={watched.name: watched}, carrier=carrier, now=now)

    subscription.refresh_from_db()
    order = Order.objects.get()
    assert (len(watched.taken), order.state) == (taken, ends)
    assert order.note == ("" if taken else TURNED_OFF)
    assert (subscription.state, subscription.mode) == ("active", "off")
    assert [one.state for one in watched.payments.values()] == ["succeeded" if taken else "abandoned"]
    assert broken_invariants(now=now) == {}


def test_its_page_says_why_it_was_not_bought(as_subscriber, subscription, watched, carrier, now):
    watched.meanwhile["prepare"] = lambda: Subscription.objects.update(mode="off")
    renewals.renew_due(gateways={watched.name: watched}, carrier=carrier, now=now)

    page = as_subscriber.get(reverse("billing:order", args=[Order.objects.get().public_id])).content.decode()

    assert "was turned off before your bank was asked" in page


def test_what_the_balance_was_to_pay_of_it_is_free_again(subscription, watched, carrier, now):
    owner = subscription.line.owner
    fund(owner, Money(400, "USD"))
    Subscription.objects.update(pay_from="wallet_then_method")
    watched.meanwhile["prepare"] = lambda: Subscription.objects.update(mode="off")

    renewals.renew_due(gateways={watched.name: watched}, carrier=carrier, now=now)

    assert (watched.taken, ledger.wallet_balance(owner, "USD")) == ([], Money(400, "USD"))
    assert broken_invariants(now=now) == {}


def test_a_rule_turned_off_while_its_payment_is_prepared_buys_nothing(line, pack, running, watched, carrier, now):
    rule = make.make_top_up_rule(line=line, plan=pack)
    type(running).objects.update(used_bytes=running.data_bytes)
    watched.meanwhile["prepare"] = lambda: type(rule).objects.update(is_on=False)

    top_up_run.top_up_low(gateways={watched.name: watched}, carrier=carrier, now=now)

    assert (watched.taken, Order.objects.get().state) == ([], Order.State.CANCELLED)
    assert broken_invariants(now=now) == {}


@pytest.fixture
def every_charge(subscription):
    """A charge of each kind that an auto-renewal, or a click, may leave."""
    line, of_each = subscription.line, product(["click", "expiry", "answer"], [True, False], ["created", "unknown"])
    about = {"owner": line.owner, "line": line, "plan": subscription.plan, "subscription": subscription}
    return [
        make.make_charge(
            order=make.make_order(**about, period_index=index, trigger=trigger),
            off_session=off_session,
            state=state,
            gateway_payment_id=None,
            settled_at=None,
        )
        for index, (trigger, off_session, state) in enumerate(of_each)
    ]


@pytest.mark.parametrize(("mode", "unwanted"), [("off", 2), ("ask", 0), ("automatic", 0)])
def test_whether_it_is_off_is_told_alike_of_one_and_of_many(every_charge, mode, unwanted):
    Subscription.objects.update(mode=mode)

    by_set = set(Charge.objects.filter(still_wanted()).values_list("pk", flat=True))

    one_by_one = {
        one.pk for one in every_charge if not (one.off_session and one.state == "created" and is_off(one.order))
    }
    assert by_set == one_by_one
    assert len(by_set) == len(every_charge) - unwanted


@pytest.mark.postgresql
@pytest.mark.parametrize("mode", ["off", "ask", "automatic"])
def test_the_sql_of_sets_says_the_same(every_charge, mode):
    Subscription.objects.update(mode=mode)

    by_sql = {pk for (pk,) in run(f"SELECT c.id FROM billing_charge c WHERE {STILL_WANTED}", {})}  # noqa: S608

    assert by_sql == set(Charge.objects.filter(still_wanted()).values_list("pk", flat=True))
