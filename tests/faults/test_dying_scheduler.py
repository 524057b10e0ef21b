"""A scheduler that dies at any step of a renewal: the next rounds end where an undisturbed one would have."""

from datetime import timedelta

import pytest
from django.db import transaction

from billing import renewals
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Subscription
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway
from tests.faults.crashes import ROUNDS, die_everywhere, tick

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PayFrom = Subscription.PayFrom


@pytest.fixture
def subscription(line, plan):
    """Auto-renewal from the card "card_ada", due now."""
    method = make.make_method(owner=line.owner, reference="card_ada")
    make.make_allowance(line=line, plan=plan, starts_at=NOW - 29 * DAY, ends_at=NOW + DAY)
    return make.make_subscription(line=line, plan=plan, method=method, anchor_at=NOW - 29 * DAY, charge_due_at=NOW)


def renew_due(*, gateway, carrier, now=NOW):
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)


def retry(*, gateway, carrier, now=NOW):
    renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=now)


@pytest.mark.slow
@pytest.mark.parametrize("pay_from", [PayFrom.METHOD, PayFrom.WALLET, PayFrom.WALLET_THEN_METHOD])
def test_dying_at_any_step_of_a_renewal_charges_once(subscription, subscriber, pay_from, sample):
    fund(subscriber, Money(1490 if pay_from == PayFrom.WALLET else 500, "USD"))
    Subscription.objects.update(pay_from=pay_from)

    ending, steps = die_everywhere(renew_due, sample=sample)

    assert steps > 40
    assert ending["granted"] == ending["allowances"] - 1 == 1
    assert ending["taken"] == (pay_from != PayFrom.WALLET)
    assert ending["agreements"] == [("active", 0, 2, "renewed")]


@pytest.mark.slow
def test_dying_at_any_step_of_a_batch_leaves_what_no_death_leaves(subscription, plan, sample):
    """Two that pay and one that is declined, claimed and written down together."""
    for number in (1, 2):
        line = make.make_line(owner=subscription.line.owner)
        method = make.make_method(owner=line.owner, reference=f"card_{number}")
        make.make_allowance(line=line, plan=plan, starts_at=NOW - 29 * DAY, ends_at=NOW + DAY)
        make.make_profile(line=line)
        make.make_subscription(line=line, plan=plan, method=method, anchor_at=NOW - 29 * DAY, charge_due_at=NOW)

    ending, steps = die_everywhere(renew_due, sample=sample, prepared=decline)

    assert steps > 40
    assert ending["taken"] == ending["granted"] == 2
    assert [state for state, *_rest in ending["agreements"]] == ["active", "active", "past_due"]


@pytest.mark.slow
def test_dying_at_any_step_of_a_decline_counts_it_once(subscription, sample):
    ending, _steps = die_everywhere(renew_due, sample=sample, prepared=decline)

    assert ending["agreements"] == [("past_due", 1, 1, "declined:insufficient_funds")]
    assert ending["notices"] == {"renewal_declined": 1}
    assert ending["charges"] == {"declined": 1}


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["insufficient_funds", "paid"])
def test_dying_at_any_step_of_a_retry_takes_one_rung_of_the_ladder(subscription, answer, sample):
    """The attempt before is on record as declined: who finds the remains must not take it for this one."""
    decline(first := FakeGateway())
    renew_due(gateway=first, carrier=FakeCarrier())
    assert Subscription.objects.get().declines == 1
    Subscription.objects.update(charge_due_at=NOW + timedelta(hours=6))
    at_the_rung = NOW + timedelta(hours=6)

    def prepared(gateway):
        gateway.payments.update(first.payments)
        gateway.by_key.update(first.by_key)
        gateway.outcomes = {"card_ada": answer}

    ending, _steps = die_everywhere(
        lambda **parts: retry(**parts, now=at_the_rung),
        sample=sample,
        prepared=prepared,
        rounds=[at_the_rung + (moment - NOW) for moment in ROUNDS],
    )

    declines = {"insufficient_funds": 2, "paid": 0}[answer]
    assert [declined for _state, declined, *_rest in ending["agreements"]] == [declines]
    assert sum(ending["charges"].values()) == 2
    assert ending["taken"] == (answer == "paid")


def test_a_retry_that_died_before_it_asked_is_not_counted(subscription):
    decline(gateway := FakeGateway())
    renew_due(gateway=gateway, carrier=FakeCarrier())
    at_the_rung = NOW + timedelta(hours=6)
    renewals.claim(Subscription.objects.to_retry(at_the_rung), now=at_the_rung, limit=1)  # and dies

    for minutes in (11, 22):
        tick(gateway=gateway, carrier=FakeCarrier(), now=at_the_rung + timedelta(minutes=minutes))

    assert Subscription.objects.get().declines == Charge.objects.count() == 2


def decline(gateway):
    gateway.outcomes = {"card_ada": "insufficient_funds"}


def test_a_scheduler_off_for_three_days_renews_an_ended_plan_once(subscription, line):
    gateway, carrier = FakeGateway(), FakeCarrier()
    later = NOW + 3 * DAY

    for minutes in (0, 1, 11, 22):
        tick(gateway=gateway, carrier=carrier, now=later + timedelta(minutes=minutes))

    order = Order.objects.get()
    assert len(gateway.taken) == 1
    assert (order.starts_at, order.ends_at) == (later, later + 30 * DAY)
    assert Subscription.objects.get().charge_due_at == later + 29 * DAY
    assert broken_invariants(now=later) == {}


def test_control_without_the_rounds_a_dead_renewal_stays_in_flight(subscription, sample):
    with pytest.raises(AssertionError, match="after dying at step"):
        die_everywhere(renew_due, sample=sample, rounds=[])

    transaction.set_rollback(False)
