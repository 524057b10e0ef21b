"""Payments begun at a gateway are looked after there, also when another one was chosen since."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from billing import agreements, charges, renewal_terms, renewals, top_up_run
from billing.expiry import cancel_order, expire_unpaid_orders, to_end
from billing.gateway_events import apply_gateway_events
from billing.invariants import broken_invariants
from billing.missed_events import read_missed_events
from billing.models import Charge, EventsCursor, Order, Subscription
from billing.order_visits import look_again
from billing.reconciliation import reconcile_charges, to_ask_about
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund
from tests.fakes.gateway import FakeGateway

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=2)


@pytest.fixture
def former(db):
    """The gateway that was chosen before."""
    return FakeGateway("former")


@pytest.fixture
def opened(line, plan, now):
    """Return a function that opens a page at a gateway."""

    def opened(gateway):
        charge = buy(line, plan, gateway=gateway.name).charges.get()
        charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)
        return charge

    return opened


def test_each_gateway_is_asked_about_its_own_payments(opened, gateway, former, now):
    for one in (gateway, former):
        one.bank_says(opened(one).gateway_payment_id, "paid")

    settled = [reconcile_charges(gateway=one, now=now + timedelta(minutes=6)) for one in (gateway, former)]

    assert settled == [1, 1]
    assert set(Order.objects.values_list("state", flat=True)) == {"paid"}
    assert broken_invariants(now=now) == {}


def test_each_gateway_has_a_cursor_and_an_inbox_of_its_own(opened, gateway, former, now):
    for one in (gateway, former):
        one.bank_says(opened(one).gateway_payment_id, "paid")

    assert [read_missed_events(gateway=one, now=now) for one in (gateway, former)] == [1, 1]
    assert [apply_gateway_events(gateway=one, now=now) for one in (gateway, former)] == [1, 1]
    assert set(EventsCursor.objects.values_list("gateway", flat=True)) == {"sandbox", "former"}


def test_orders_expire_at_the_gateway_where_their_page_is_open(opened, gateway, former, now):
    for one in (gateway, former):
        opened(one)

    assert expire_unpaid_orders(gateways={"sandbox": gateway, "former": former}, now=now + LATER) == 2
    assert (gateway.calls[-1], former.calls[-1]) == ("close_page", "close_page")


def test_a_buyer_calls_an_order_off_at_the_gateway_where_its_page_is_open(opened, gateway, former, now):
    charge = opened(former)

    ended = cancel_order(order=charge.order, gateways={"sandbox": gateway, "former": former}, now=now)

    assert ended.state == "cancelled"
    assert "close_page" in former.calls
    assert gateway.calls == []


def test_an_order_whose_gateway_is_gone_stands_because_nobody_could_close_its_page(opened, gateway, former, now):
    charge = opened(former)

    assert cancel_order(order=charge.order, gateways={"sandbox": gateway}, now=now).state == "pending"
    assert look_again(charge=charge, gateways={"sandbox": gateway}, now=now).state == "pending"


def test_what_a_gone_gateway_left_open_is_not_in_the_way_of_others(opened, gateway, former, now):
    for one in (former, former, gateway):
        opened(one)
    later = now + LATER

    assert expire_unpaid_orders(gateways={"sandbox": gateway}, now=later, limit=1) == 1
    assert Order.objects.filter(state="pending").count() == 2
    assert [charge.gateway for charge in to_ask_about(gateway=gateway, now=later)] == []
    assert Charge.objects.open().count() == 2


def test_an_order_that_cannot_be_ended_is_not_in_the_way_of_others(opened, gateway, former, now):
    stuck = opened(former)
    opened(gateway)
    former.down = {"close_page"}
    both, later = {"sandbox": gateway, "former": former}, now + LATER

    assert expire_unpaid_orders(gateways=both, now=later, limit=1) == 0
    assert expire_unpaid_orders(gateways=both, now=later, limit=1) == 1

    assert [order.pk for order in to_end(gateway_names=both, now=later + timedelta(minutes=5))] == [stuck.order_id]
    former.down = set()
    assert expire_unpaid_orders(gateways=both, now=later + timedelta(minutes=5)) == 1


def test_a_run_ends_when_its_time_is_over(opened, gateway, now):
    for _number in range(3):
        opened(gateway)
    answers = iter([True, True, False])

    ended = expire_unpaid_orders(gateways={"sandbox": gateway}, now=now + LATER, in_time=lambda: next(answers))

    assert ended == 2


@pytest.mark.parametrize("count", [1, 4])
def test_choosing_what_to_end_is_one_query(opened, gateway, former, now, django_assert_num_queries, count):
    for _number in range(count):
        opened(gateway)
        opened(former)

    with django_assert_num_queries(1):
        assert len(to_end(gateway_names=["sandbox"], now=now + LATER)) == count


@pytest.fixture
def subscription(line, plan, subscriber, now):
    """A renewal that is due, paid with a card kept at the former gateway."""
    make.make_allowance(line=line, plan=plan, starts_at=now - timedelta(days=30), ends_at=now)
    method = make.make_method(owner=subscriber, gateway="former", reference="card_ada")
    return make.make_subscription(line=line, plan=plan, method=method)


def test_a_renewal_is_charged_where_its_card_is_kept(subscription, gateway, former, carrier, now):
    renewals.renew_due(gateways={"sandbox": gateway, "former": former}, carrier=carrier, now=now)

    assert len(former.taken) == 1
    assert gateway.calls == []
    assert Charge.objects.get().gateway == "former"
    assert Order.objects.get().state == "fulfilled"


@pytest.fixture
def only_here(gateway, carrier):
    """Let the scheduler look at a moment, while the gateway that keeps Ada's card is not set up."""

    def tick(at):
        gateways = {gateway.name: gateway}
        renewals.renew_due(gateways=gateways, carrier=carrier, now=at)
        renewals.retry_declined(gateways=gateways, carrier=carrier, now=at)
        top_up_run.top_up_low(gateways=gateways, carrier=carrier, now=at)

    return tick


def test_a_renewal_whose_card_is_kept_at_a_gone_gateway_waits_for_it(
    subscription, gateway, former, carrier, only_here, now
):
    for minutes in (0, 10, 40):
        only_here(now + timedelta(minutes=minutes))

    subscription.refresh_from_db()
    assert (subscription.state, subscription.reason) == ("active", "gateway_gone")
    assert (gateway.calls, Order.objects.count()) == ([], 0)

    back = now + timedelta(hours=2)
    renewals.renew_due(gateways={"sandbox": gateway, "former": former}, carrier=carrier, now=back)

    assert (len(former.taken), Order.objects.get().state) == (1, "fulfilled")


@pytest.mark.parametrize("command", ["renew_due", "top_up_low"])
def test_a_dry_run_says_that_it_would_wait(subscription, line, subscriber, now, capsys, command):
    make.make_top_up_rule(line=line, plan=make.make_data_pack(), method=subscription.method)
    make.make_allowance(line=line, used_bytes=10 * GB, ends_at=now + timedelta(hours=3))

    call_command(command, "--dry-run", "--at", (now + timedelta(minutes=1)).isoformat())

    assert "would put off" in (said := capsys.readouterr().out)
    assert "gateway_gone" in said
    assert "would charge" not in said


def test_meanwhile_another_card_can_be_agreed_to(subscription, subscriber, gateway, only_here, now):
    only_here(now)
    card = make.make_method(owner=subscriber, last_four="5454")
    wishes = renewal_terms.wishes_of(subscription, card=card)
    later = now + timedelta(days=2)

    terms = renewal_terms.terms(line=subscription.line, user=subscriber, wishes=wishes, now=later)
    agreements.turn_on(line=subscription.line, consent=terms.consent(ip=None), actor=subscriber, now=later)
    only_here(later)

    assert (len(gateway.taken), Order.objects.get().state) == (1, "fulfilled")


def test_a_balance_that_covers_all_of_it_needs_no_gateway(subscription, subscriber, only_here, now):
    Subscription.objects.update(pay_from="wallet_then_method")
    fund(subscriber, Money(1490, "USD"))

    only_here(now)

    assert Order.objects.get().state == "fulfilled"


def test_what_was_written_down_for_a_gone_gateway_and_never_asked_for_is_given_up(
    subscription, gateway, former, carrier, only_here, now
):
    former.down = {"prepare"}
    renewals.renew_due(gateways={"sandbox": gateway, "former": former}, carrier=carrier, now=now)
    Charge.objects.update(state="created")

    for minutes in (15, 30):
        only_here(now + timedelta(minutes=minutes))

    subscription.refresh_from_db()
    assert (Charge.objects.get().state, former.taken) == ("abandoned", [])
    assert (subscription.state, subscription.reason) == ("active", "gateway_gone")


def test_a_rule_whose_card_is_kept_at_a_gone_gateway_waits_for_it(
    line, plan, subscriber, gateway, former, carrier, only_here, now
):
    make.make_allowance(line=line, plan=plan, used_bytes=10 * GB)
    method = make.make_method(owner=subscriber, gateway="former", reference="card_ada")
    rule = make.make_top_up_rule(line=line, plan=make.make_data_pack(), method=method)

    for minutes in (0, 10):
        only_here(now + timedelta(minutes=minutes))

    rule.refresh_from_db()
    assert (rule.state, rule.reason, Order.objects.count()) == ("active", "gateway_gone", 0)

    back = now + timedelta(hours=1)
    top_up_run.top_up_low(gateways={"sandbox": gateway, "former": former}, carrier=carrier, now=back)

    assert len(former.taken) == 1
