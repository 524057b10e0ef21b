"""A card that changed hands: nothing of the former owner's pays for the new owner's line, or the other way round."""

from datetime import timedelta

import pytest

from billing import ledger, renewals, top_up_run
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Subscription, TopUpRule
from billing.orders import fulfil
from billing.refund_offers import CannotRefund, refund_offer
from billing.verdicts import Reason
from esim.binding import Claim, bind
from esim.models import Allowance, ServiceState
from portal.lib.data_size import GB
from tests import make
from tests.billing.books import delivered, paid_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

PIN = "20202020"
DAY = timedelta(days=1)


@pytest.fixture
def move(line, stranger, now):
    """Return a function that moves Ada's card to Sam, and returns his line."""

    def move():
        card = make.make_card(iccid=line.profiles.get().iccid, pin=PIN, state="used", line=line)
        return bind(Claim(user=stranger, iccid=card.iccid, pin=PIN, ip=None), now=now)

    return move


@pytest.fixture
def run(gateway, carrier, now):
    """Let every tick that takes money by itself come round at a moment."""

    def run(at=now):
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=at)
        top_up_run.top_up_low(gateways={gateway.name: gateway}, carrier=carrier, now=at)

    return run


def test_an_auto_renewal_that_is_due_ends_with_the_move(subscription, move, run, gateway):
    moved = move()

    run()

    subscription.refresh_from_db()
    assert subscription.line != moved
    assert subscription.reason == Reason.LINE_CLOSED
    assert not Order.objects.exists()
    assert not Charge.objects.exists()
    assert not Subscription.objects.filter(line=moved).exists()


def test_control_without_the_move_it_renews(subscription, run):
    run()

    assert Order.objects.get().line == subscription.line


def test_a_rule_for_low_data_ends_with_the_move(line, pack, running, move, run, now):
    rule = make.make_top_up_rule(line=line, plan=pack)
    moved = move()
    Allowance.objects.filter(line=moved).update(used_bytes=10 * GB, remind_due_at=now)

    for hours in range(3):
        run(now + timedelta(hours=hours))

    assert not Order.objects.exists()
    assert not TopUpRule.objects.filter(line=moved).exists()
    rule.refresh_from_db()
    assert rule.line == line


def test_what_was_paid_and_not_delivered_goes_back_to_who_paid(line, plan, move, carrier, subscriber, now):
    order = paid_order(line, plan)
    moved = move()

    fulfil(order_id=order.pk, carrier=carrier, now=now)

    order.refresh_from_db()
    assert order.state == Order.State.UNDELIVERABLE
    assert ledger.wallet_balance(subscriber, "USD") == order.total
    assert not Allowance.objects.filter(line=moved).exists()
    assert carrier.grants == {}


def test_what_went_over_with_the_card_is_not_refunded_to_who_gave_it_away(line, plan, move, gateway, carrier, now):
    order = delivered(line, plan, gateway=gateway, carrier=carrier)
    moved = move()

    with pytest.raises(CannotRefund):
        refund_offer(order=order, carrier=carrier, within=14 * DAY, now=now)

    left = Allowance.objects.get(line=moved)
    assert (left.data_bytes, left.taken_back_at) == (10 * GB, None)
    assert carrier.revoked == []
    assert broken_invariants(now=now) == {}


def test_the_new_owner_can_renew_and_the_former_cannot(line, plan, move, client, subscriber, stranger):
    moved = move()
    line.refresh_from_db()
    assert line.service_state == ServiceState.TERMINATED

    for person, theirs, status in ((subscriber, line, 404), (subscriber, moved, 404), (stranger, moved, 200)):
        client.force_login(person)
        assert client.get(f"/lines/{theirs.public_id}/renew/").status_code == status
        assert client.get(f"/lines/{theirs.public_id}/auto-renewal/").status_code == status


def test_the_new_owner_pays_for_the_new_line_only(move, plan, gateway, carrier, stranger, now):
    moved = move()

    order = delivered(moved, plan, gateway=gateway, carrier=carrier)

    assert (order.owner, order.line, order.state) == (stranger, moved, Order.State.FULFILLED)
    assert broken_invariants(now=now) == {}


def test_bound_elsewhere_while_the_network_was_asked_the_money_goes_back(line, plan, move, carrier, subscriber, now):
    order = paid_order(line, plan)
    carrier.before_answer = lambda call: move() if call == "grant" else None

    fulfil(order_id=order.pk, carrier=carrier, now=now)

    order.refresh_from_db()
    assert order.state == Order.State.UNDELIVERABLE
    assert ledger.wallet_balance(subscriber, "USD") == order.total
    assert not Allowance.objects.filter(granted_for=order.public_id).exists()
    assert carrier.revoked == [order.public_id]
    assert broken_invariants(now=now) == {}


def test_a_late_answer_takes_nothing_from_whoever_has_the_card_since(line, plan, move, gateway, carrier, now):
    """A worker whose lease ran out hears the network after another one delivered, and the card changed hands."""
    order = paid_order(line, plan)

    def meanwhile(call):
        if call == "grant":
            carrier.before_answer = lambda _call: None
            Order.objects.update(lease_until=now)
            fulfil(order_id=order.pk, carrier=carrier, now=now)
            move()

    carrier.before_answer = meanwhile
    fulfil(order_id=order.pk, carrier=carrier, now=now)

    order.refresh_from_db()
    assert order.state == Order.State.FULFILLED
    assert carrier.revoked == []
    assert broken_invariants(now=now) == {}
