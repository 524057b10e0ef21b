"""A charge that was written down, and then its worker died: what was turned off or stopped meanwhile is not charged."""

from datetime import timedelta
from itertools import product

import pytest
from django.urls import reverse

from accounts.models import Notification
from billing import (
    agreements,
    charges,
    charging_stops,
    ledger,
    reconciliation,
    renewals,
    saved_cards,
    top_up_rules,
    top_up_run,
)
from billing.charging_stops import ChargingStopped
from billing.invariants import broken_invariants
from billing.models import Charge, Order, PaymentMethod, Subscription
from billing.withdrawn import STILL_WANTED, TURNED_OFF, is_off, still_wanted
from portal.lib.money import Money
from portal.lib.set_sql import run
from tests import make
from tests.billing.books import buy, fund
from tests.billing.test_crashes import Crash
from tests.fakes.gateway import FakeGateway
from tests.make import NOW

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


@pytest.fixture
def never_arrived(subscription, at_work, gateway, now):
    """The gateway could not be reached when the payment was to be prepared."""
    gateway.calls.append("prepare")  # it lives on
    gateway.down = {"prepare"}
    at_work(now)
    gateway.down = set()
    assert (states(), gateway.payments) == (["unknown"], {})
    subscription.refresh_from_db()
    return subscription


def stop(subscription, gateway, now):
    charging_stops.stop(reason="Wrong prices", actor=None, ip=None, now=now)


@pytest.mark.parametrize(
    ("end", "becomes"),
    [
        (lambda one, _gateway, now: turn_off(one, now), "abandoned"),
        (stop, "abandoned"),
        (lambda one, *at: remove_card(one.method, *at)(), "declined"),
    ],
)
def test_what_never_arrived_is_given_up_once_nobody_wants_it(never_arrived, gateway, now, end, becomes):
    end(never_arrived, gateway, now)

    for times in (1, 2):
        reconciliation.reconcile_charges(gateway=gateway, now=now + times * LATER)

    assert (gateway.taken, states()) == ([], [becomes])


@pytest.mark.parametrize("what", ["never_arrived", "only_prepared"])
def test_what_a_gateway_hears_of_days_later_is_announced_first(request, what, at_work, gateway, now):
    renewal, late = request.getfixturevalue(what), now + timedelta(days=5)

    for minutes in (0, 15, 30):
        at_work(late + timedelta(minutes=minutes))

    renewal.refresh_from_db()
    assert (gateway.taken, states()) == ([], ["abandoned"])
    assert (renewal.state, renewal.reason) == ("active", "stale")
    assert Notification.objects.filter(kind="charge_notice").count() == 1


def test_control_what_never_arrived_and_is_wanted_is_charged(never_arrived, at_work, gateway, now):
    at_work(now + LATER)

    assert (len(gateway.taken), states()) == (1, ["succeeded"])


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


def remove_card(method, gateway, now):
    return lambda: saved_cards.remove(method=method, gateway=gateway, actor=method.owner, now=now)


@pytest.mark.parametrize(("when", "taken", "ends"), [("prepare", 0, "pending"), ("charge", 1, "fulfilled")])
def test_a_card_counts_as_removed_until_its_money_is_asked_for(subscription, watched, carrier, now, when, taken, ends):
    watched.meanwhile[when] = remove_card(subscription.method, watched, now)
    gateways = {watched.name: watched}

    renewals.renew_due(gateways=gateways, carrier=carrier, now=now)

    assert (len(watched.taken), Order.objects.get().state) == (taken, ends)
    assert [one.state for one in watched.payments.values()] == ["succeeded" if taken else "abandoned"]
    assert broken_invariants(now=now) == {}


def test_a_renewal_whose_card_was_removed_on_the_way_pauses_and_tells_once(subscription, watched, carrier, now):
    watched.meanwhile["prepare"] = remove_card(subscription.method, watched, now)
    for minutes in range(3):
        at = now + timedelta(minutes=minutes)
        renewals.renew_due(gateways={watched.name: watched}, carrier=carrier, now=at)

    subscription.refresh_from_db()
    assert (watched.taken, states()) == ([], ["abandoned"])
    assert (subscription.state, subscription.reason) == ("paused", "method_removed")
    assert Notification.objects.filter(kind="renewal_paused").count() == 1


def test_a_second_card_removed_on_the_way_leaves_the_first_one_alone_that_will_never_pay(
    subscription, watched, carrier, now
):
    second = make.make_method(owner=subscription.line.owner, is_default=False)
    Subscription.objects.update(backup_method=second)
    watched.outcomes[subscription.method.reference] = "lost_card"
    gateways = {watched.name: watched}
    watched.meanwhile["charge"] = lambda: watched.meanwhile.update(prepare=remove_card(second, watched, now))
    for minutes in range(3):
        at = now + timedelta(minutes=minutes)
        renewals.renew_due(gateways=gateways, carrier=carrier, now=at)
        renewals.retry_declined(gateways=gateways, carrier=carrier, now=at)

    subscription.refresh_from_db()
    assert (watched.taken, states()) == ([], ["declined", "abandoned"]), "the lost card is asked once"
    assert (subscription.state, subscription.reason) == ("paused", "method_removed")


def test_a_rule_whose_card_was_removed_while_its_payment_is_prepared_buys_nothing(
    line, pack, running, watched, carrier, now
):
    rule = make.make_top_up_rule(line=line, plan=pack)
    type(running).objects.update(used_bytes=running.data_bytes)
    watched.meanwhile["prepare"] = remove_card(rule.method, watched, now)

    for minutes in range(2):
        top_up_run.top_up_low(gateways={watched.name: watched}, carrier=carrier, now=now + timedelta(minutes=minutes))

    rule.refresh_from_db()
    assert (watched.taken, states()) == ([], ["abandoned"])
    assert (rule.state, rule.reason) == ("paused", "method_removed")


def test_who_removes_the_card_just_after_clicking_pay_is_not_charged(line, plan, card, watched, now):
    charge = buy(line, plan, method=card).charges.get()
    watched.meanwhile["prepare"] = remove_card(card, watched, now)

    charges.charge_saved(charge=charge, gateway=watched, now=now)

    assert (watched.taken, states()) == ([], ["abandoned"])


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
@pytest.mark.parametrize("removed_at", [None, NOW])
@pytest.mark.parametrize("mode", ["off", "ask", "automatic"])
def test_the_sql_of_sets_says_the_same(every_charge, mode, removed_at):
    Subscription.objects.update(mode=mode)
    PaymentMethod.objects.update(removed_at=removed_at)

    by_sql = {pk for (pk,) in run(f"SELECT c.id FROM billing_charge c WHERE {STILL_WANTED}", {})}  # noqa: S608

    assert by_sql == set(Charge.objects.filter(still_wanted()).values_list("pk", flat=True))
