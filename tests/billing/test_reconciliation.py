from datetime import timedelta

import pytest

from billing import charges, ledger, renewals
from billing.expiry import cancel_order, expire_unpaid_orders
from billing.models import Charge, LedgerEntry, Order
from billing.reconciliation import reconcile_charges
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund, kinds
from tests.billing.test_crashes import Crash
from tests.fakes.gateway import FakeGateway

pytestmark = pytest.mark.django_db

SOON = timedelta(minutes=6)


@pytest.fixture
def kept(line, plan, subscriber):
    """A charge of Ada's kept card, without Ada."""
    method = make.make_method(owner=subscriber, reference="card_ada")
    return buy(line, plan, method=method, off_session=True).charges.get()


@pytest.fixture
def on_page(line, plan, gateway, now):
    """A charge whose payer is on the page."""
    charge = buy(line, plan).charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)
    return charge


@pytest.mark.parametrize("call", ["prepare", "charge_saved"])
def test_a_lost_answer_is_found_and_charged_once(call, kept, gateway, now):
    gateway.losing = {call}
    charges.charge_saved(charge=kept, gateway=gateway, now=now)
    gateway.losing = set()

    reconcile_charges(gateway=gateway, now=now + SOON)

    assert Charge.objects.get().state == "succeeded"
    assert Order.objects.get().state == "paid"
    assert len(gateway.taken) == 1
    assert len(gateway.payments) == 1


def test_a_crash_before_the_gateway_was_asked_is_made_good(kept, gateway, now):
    reconcile_charges(gateway=gateway, now=now + SOON)

    assert Charge.objects.get().state == "succeeded"
    assert len(gateway.taken) == 1


def test_a_gateway_that_does_not_answer_is_asked_later(kept, gateway, now):
    gateway.losing = {"charge_saved"}
    charges.charge_saved(charge=kept, gateway=gateway, now=now)
    gateway.down = {"look_up"}

    reconcile_charges(gateway=gateway, now=now + SOON)

    charge = Charge.objects.get()
    assert charge.state == "unknown"
    assert charge.check_due_at == now + SOON + timedelta(hours=1)


@pytest.mark.parametrize("answer", ["pending", "needs_action", "silence"])
@pytest.mark.parametrize("way", ["on_page", "kept"])
def test_the_gaps_between_looks_grow(way, answer, request, gateway, now):
    charge = request.getfixturevalue(way)
    gateway.outcomes["card_ada"] = answer
    if answer == "silence":
        gateway.down = {"look_up", "charge_saved"}
    if way == "kept":
        charges.charge_saved(charge=charge, gateway=gateway, now=now)
    elif answer != "silence":
        gateway.bank_says(charge.gateway_payment_id, answer)
    looks = []
    moment = Charge.objects.get().check_due_at
    for _look in range(4):
        looks.append(moment)
        reconcile_charges(gateway=gateway, now=moment)
        moment = Charge.objects.get().check_due_at

    gaps = [later - earlier for earlier, later in zip([now, *looks], looks, strict=False)]
    assert gaps == [timedelta(minutes=5), timedelta(hours=1), timedelta(days=1), timedelta(days=1)]


def test_nobody_is_asked_before_the_time(on_page, gateway, now):
    gateway.bank_says(on_page.gateway_payment_id, "paid")

    assert reconcile_charges(gateway=gateway, now=now) == 0
    assert "look_up" not in gateway.calls


def test_a_payment_whose_notice_never_came_is_found(on_page, gateway, now):
    gateway.bank_says(on_page.gateway_payment_id, "paid")

    assert reconcile_charges(gateway=gateway, now=now + SOON) == 1
    assert Order.objects.get().state == "paid"


def test_a_payment_is_not_written_twice_by_two_looks(on_page, gateway, now):
    gateway.bank_says(on_page.gateway_payment_id, "paid")

    reconcile_charges(gateway=gateway, now=now + SOON)
    reconcile_charges(gateway=gateway, now=now + timedelta(days=2))

    assert kinds(Order.objects.get()) == ["received", "sold"]


def test_one_charge_that_fails_does_not_stop_the_others(line, plan, kept, on_page, gateway, now, caplog):
    Order.objects.filter(pk=kept.order_id).update(plan_terms={"nonsense": True})
    gateway.bank_says(on_page.gateway_payment_id, "paid")

    assert reconcile_charges(gateway=gateway, now=now + SOON) == 1
    assert "could not go on" in caplog.text


def test_an_order_nobody_paid_ends_and_its_page_closes(on_page, gateway, now):
    assert expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + timedelta(hours=2)) == 1

    assert Order.objects.get().state == "expired"
    assert Charge.objects.get().state == "abandoned"
    assert gateway.calls[-1] == "close_page"


def test_an_order_still_has_its_hour(on_page, gateway, now):
    assert expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + timedelta(minutes=59)) == 0


def test_an_order_that_turns_out_to_be_paid_is_kept(on_page, gateway, now):
    gateway.bank_says(on_page.gateway_payment_id, "paid")

    assert expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + timedelta(hours=2)) == 0
    assert Order.objects.get().state == "paid"


@pytest.mark.parametrize("trouble", ["the gateway is down", "the bank takes its time"])
def test_an_order_waits_while_its_payment_is_in_doubt(trouble, kept, gateway, now):
    gateway.outcomes["card_ada"] = "pending"
    charges.charge_saved(charge=kept, gateway=gateway, now=now)
    if trouble == "the gateway is down":
        gateway.down = {"close_page"}
    else:
        gateway.close_page = lambda payment_id: gateway.payments[payment_id]

    assert expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + timedelta(hours=2)) == 0
    assert Order.objects.get().state == "pending"


def test_an_order_that_ends_releases_its_part_of_the_balance(line, plan, subscriber, gateway, now):
    fund(subscriber, Money(1000, "USD"))
    order = buy(line, plan, use_wallet=True)

    expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + timedelta(hours=2))

    assert ledger.wallet_balance(subscriber, "USD") == Money(1000, "USD")
    assert kinds(order) == ["reserved", "released"]


def test_expiring_twice_releases_once(line, plan, subscriber, gateway, now):
    fund(subscriber, Money(1000, "USD"))
    order = buy(line, plan, use_wallet=True)

    for _tick in range(2):
        expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + timedelta(hours=2))

    assert LedgerEntry.objects.filter(order=order, kind="released").count() == 1


def test_a_buyer_can_call_an_order_off(on_page, gateway, now):
    assert cancel_order(order=on_page.order, gateways={gateway.name: gateway}, now=now).state == "cancelled"
    assert Charge.objects.get().state == "abandoned"


def test_a_paid_order_cannot_be_called_off(on_page, gateway, now):
    gateway.bank_says(on_page.gateway_payment_id, "paid")

    assert cancel_order(order=on_page.order, gateways={gateway.name: gateway}, now=now).state == "paid"


class DiesWhileItLooks(FakeGateway):
    """Takes the process along when it is first asked about a payment."""

    def look_up(self, **what):
        if "look_up" not in self.calls:
            self.calls.append("look_up")
            raise Crash
        return super().look_up(**what)


def test_who_dies_in_a_look_makes_nobody_wait_for_hours(subscription, carrier, now):
    gateway = DiesWhileItLooks()
    gateway.losing = {"charge_saved"}
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    with pytest.raises(Crash):
        reconcile_charges(gateway=gateway, now=now + SOON)

    assert reconcile_charges(gateway=gateway, now=now + SOON) == 0  # somebody may be looking
    assert reconcile_charges(gateway=gateway, now=now + SOON + timedelta(minutes=10)) == 1
    assert len(gateway.taken) == 1


def test_a_look_that_heard_nothing_is_followed_ever_more_seldom(subscription, carrier, gateway, now):
    gateway.down = {"charge_saved", "look_up"}
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    waits, at = [], now
    for _ in range(4):
        charge = Charge.objects.get()
        waits.append(charge.check_due_at - at)
        at = charge.check_due_at
        reconcile_charges(gateway=gateway, now=at)

    assert waits == [timedelta(minutes=5), timedelta(hours=1), timedelta(days=1), timedelta(days=1)]
