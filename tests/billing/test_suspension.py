"""What becomes of a line whose renewal stays unpaid: grace, suspension, and back into service when it is paid."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.letters import write_email, write_sms
from accounts.models import Notification
from billing import agreements, dunning, orders, renewals, suspension
from billing.invariants import broken_invariants
from billing.models import Order, Subscription
from billing.timeline import timeline
from billing.timeline_events import What
from esim.models import Allowance, Line, ServiceState, SuspendedFor
from tests import make
from tests.billing.books import paid_order

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
GRACE = 3 * DAY


@pytest.fixture
def refused(subscription, gateway, carrier, now):
    """A renewal whose card is lost: nothing is tried any more, and the paid time ends tomorrow."""
    gateway.outcomes[subscription.method.reference] = "lost_card"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    subscription.refresh_from_db()
    return subscription


@pytest.fixture
def tick(carrier):
    return lambda at: suspension.suspend_unpaid(carrier=carrier, now=at)


@pytest.fixture
def suspended(refused, tick, now):
    tick(now + DAY + GRACE)
    return refused


def state_of(line):
    line.refresh_from_db()
    return line.service_state


def told(kind):
    return Notification.objects.filter(kind=kind).count()


def pay_by_hand(line, plan, carrier, at):
    order = paid_order(line, plan, now=at)
    return orders.fulfil(order_id=order.pk, carrier=carrier, now=at)


def test_grace_is_counted_from_the_end_of_the_paid_time(refused, now):
    assert refused.suspend_due_at == now + DAY + GRACE


def test_grace_is_counted_from_the_last_rung_where_that_is_later(subscription, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    subscription.refresh_from_db()
    assert subscription.suspend_due_at == now + dunning.LADDER[-1] + GRACE


def test_a_hard_no_on_the_ladder_brings_nothing_forward(subscription, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    gateway.outcomes[subscription.method.reference] = "lost_card"
    renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=now + DAY)

    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.PAUSED
    assert subscription.suspend_due_at == now + dunning.LADDER[-1] + GRACE


def test_a_ladder_that_stood_still_is_climbed_to_its_end_first(subscription, gateway, carrier, tick, line, now):
    """Staff stopped all charges for a fortnight: nobody loses a line for attempts that were never made."""
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"
    world = {"gateways": {gateway.name: gateway}, "carrier": carrier}
    renewals.renew_due(**world, now=now)
    told_first, late = now + dunning.LADDER[-1] + GRACE, now + 14 * DAY

    tick(late)
    assert (state_of(line), told("line_suspended")) == (ServiceState.ACTIVE, 0)
    foretold = timeline(line=line, now=late).when(What.SUSPENSION)

    # So late, it is told of again first.
    renewals.retry_declined(**world, now=late)
    climbed = late + DAY
    for before, rung in pairwise([dunning.LADDER[0], *dunning.LADDER]):
        climbed += rung - before
        renewals.retry_declined(**world, now=climbed)
        tick(climbed)
    subscription.refresh_from_db()
    assert (subscription.state, state_of(line)) == (Subscription.State.PAUSED, ServiceState.ACTIVE)
    assert subscription.suspend_due_at == foretold == climbed + GRACE > told_first

    tick(climbed + GRACE)
    assert state_of(line) == ServiceState.SUSPENDED


def test_paid_time_is_honoured_then_grace_is_told_once_then_the_line_is_suspended_once(
    refused, line, tick, carrier, now
):
    tick(now + DAY - MINUTE)
    assert told("grace_begun") == 0

    for hours in (24, 25, 30):
        tick(now + timedelta(hours=hours))
    assert (told("grace_begun"), told("line_suspended")) == (1, 0)
    assert state_of(line) == ServiceState.ACTIVE

    for _time in range(2):
        tick(now + DAY + GRACE)
    assert (state_of(line), line.suspended_for) == (ServiceState.SUSPENDED, SuspendedFor.UNPAID)
    assert carrier.suspended == {line.profiles.get().iccid}
    assert (told("grace_begun"), told("line_suspended"), len(carrier.changes)) == (1, 1, 1)
    assert "I11" not in broken_invariants(now=now + DAY + GRACE)


def test_a_purchase_puts_the_line_back_into_service_and_is_told(suspended, line, plan, carrier, now):
    order = pay_by_hand(line, plan, carrier, now + 5 * DAY)

    suspended.refresh_from_db()
    assert order.state == Order.State.FULFILLED
    assert order.starts_at == now + 5 * DAY
    assert (state_of(line), line.suspended_for, carrier.suspended) == (ServiceState.ACTIVE, "", set())
    assert list(carrier.grants) == [order.public_id]
    assert told("line_resumed") == 1
    assert suspended.suspend_due_at is None


@pytest.mark.parametrize("lost", ["resume", "grant"])
def test_a_lost_answer_on_the_way_back_is_asked_for_again(suspended, line, plan, carrier, now, lost):
    carrier.losing.add(lost)
    order = pay_by_hand(line, plan, carrier, now + 5 * DAY)
    assert order.state == Order.State.FULFILLING
    carrier.losing.clear()

    orders.fulfil_due(carrier=carrier, now=now + 5 * DAY + 10 * MINUTE)

    order.refresh_from_db()
    assert order.state == Order.State.FULFILLED
    assert (state_of(line), carrier.suspended) == (ServiceState.ACTIVE, set())
    assert (len(carrier.changes), len(carrier.grants), told("line_resumed")) == (2, 1, 1)


def test_where_the_network_will_not_resume_the_money_goes_back(suspended, line, plan, carrier, now):
    carrier.refusing["resume"] = "number_gone"

    order = pay_by_hand(line, plan, carrier, now + 5 * DAY)

    assert order.state == Order.State.UNDELIVERABLE
    assert (state_of(line), line.suspended_for) == (ServiceState.SUSPENDED, SuspendedFor.UNPAID)
    assert told("line_resumed") == 0


@pytest.mark.parametrize("why", [SuspendedFor.OWNER, SuspendedFor.STAFF])
def test_payment_does_not_lift_what_somebody_else_suspended(refused, line, plan, carrier, now, why):
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.SUSPENDED, suspended_for=why)
    line.refresh_from_db()

    order = pay_by_hand(line, plan, carrier, now + 5 * DAY)

    assert (order.state, state_of(line), line.suspended_for) == (
        Order.State.FULFILLED,
        ServiceState.SUSPENDED,
        why,
    )
    assert told("line_resumed") == 0


def test_paid_while_the_network_is_being_asked_to_suspend_the_line_ends_in_service(
    refused, line, plan, carrier, tick, now
):
    at = now + DAY + GRACE

    def pay_meanwhile(call):
        if call == "suspend":
            assert pay_by_hand(line, plan, carrier, at).state == Order.State.FULFILLING

    carrier.before_answer = pay_meanwhile
    tick(at)
    orders.fulfil_due(carrier=carrier, now=at + 2 * MINUTE)

    assert Order.objects.latest("pk").state == Order.State.FULFILLED
    assert (state_of(line), line.service_change, carrier.suspended) == (ServiceState.ACTIVE, "", set())


def test_a_lost_answer_to_the_suspension_is_asked_for_again_under_the_same_key(refused, line, carrier, tick, now):
    at = now + DAY + GRACE
    carrier.losing.add("suspend")
    tick(at)
    assert (state_of(line), line.service_change, told("line_suspended")) == (ServiceState.ACTIVE, "suspending", 0)
    carrier.losing.clear()

    tick(at + 10 * MINUTE)

    assert (state_of(line), len(carrier.changes), told("line_suspended")) == (ServiceState.SUSPENDED, 1, 1)


def test_turned_off_while_the_answer_was_lost_the_line_is_put_back(refused, line, subscriber, carrier, tick, now):
    at = now + DAY + GRACE
    carrier.losing.add("suspend")
    tick(at)
    carrier.losing.clear()
    agreements.turn_off(subscription=refused, actor=subscriber, ip=None, now=at)

    tick(at + 10 * MINUTE)

    assert (state_of(line), carrier.suspended, told("line_suspended")) == (ServiceState.ACTIVE, set(), 0)


class Died(BaseException):
    pass


def test_a_worker_that_dies_before_telling_is_followed_by_one_that_tells(
    refused, line, carrier, tick, now, monkeypatch
):
    at = now + DAY + GRACE

    def die(*_args, **_kwargs):
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(suspension, "_tell_suspended", die)
        with pytest.raises(Died):
            tick(at)
    assert (state_of(line), told("line_suspended")) == (ServiceState.SUSPENDED, 0)

    tick(at + MINUTE)

    assert (told("line_suspended"), len(carrier.changes)) == (1, 1)


def test_a_worker_that_dies_while_asking_is_followed_after_its_lease(refused, line, carrier, tick, now):
    at = now + DAY + GRACE

    def die(_call):
        raise Died

    carrier.before_answer = die
    with pytest.raises(Died):
        tick(at)
    carrier.before_answer = lambda _call: None
    tick(at + MINUTE)
    assert state_of(line) == ServiceState.ACTIVE, "its lease still runs"

    tick(at + 10 * MINUTE)

    assert (state_of(line), len(carrier.changes), told("line_suspended")) == (ServiceState.SUSPENDED, 1, 1)


@pytest.mark.parametrize("stop", ["off", "skipped", "support"])
def test_nothing_is_owed_once_the_renewal_is_not_wanted(refused, line, subscriber, tick, now, stop):
    if stop == "off":
        agreements.turn_off(subscription=refused, actor=subscriber, ip=None, now=now)
    elif stop == "skipped":
        agreements.skip_period(refused, order=Order.objects.get())
    else:
        Subscription.objects.update(reason="Asked by phone")

    tick(now + 2 * DAY)
    tick(now + 30 * DAY)

    assert (state_of(line), told("grace_begun"), told("line_suspended")) == (ServiceState.ACTIVE, 0, 0)


def test_one_lines_debt_does_not_touch_another(refused, line, subscriber, tick, now):
    other = make.make_line(owner=subscriber)
    make.make_profile(line=other)

    tick(now + DAY + GRACE)

    assert (state_of(line), state_of(other)) == (ServiceState.SUSPENDED, ServiceState.ACTIVE)


def test_time_bought_meanwhile_is_never_cut_short(refused, line, plan, carrier, tick, now):
    """A purchase by hand does not revive a lost card, and ends the debt all the same."""
    pay_by_hand(line, plan, carrier, now + 2 * DAY)

    tick(now + DAY + GRACE)
    tick(now + 60 * DAY)

    assert (state_of(line), told("line_suspended")) == (ServiceState.ACTIVE, 0)


def test_a_carrier_that_cannot_suspend_leaves_the_line_without_a_plan_and_announces_nothing(
    refused, line, carrier, tick, now
):
    carrier.capabilities = replace(carrier.capabilities, suspension=False)

    tick(now + 2 * DAY)
    tick(now + DAY + GRACE)

    refused.refresh_from_db()
    assert (state_of(line), refused.suspend_due_at, carrier.changes) == (ServiceState.ACTIVE, None, {})
    assert told("grace_begun") == told("line_suspended") == 0


def test_a_carrier_that_refuses_is_not_asked_for_ever(refused, line, carrier, tick, now):
    carrier.refusing["suspend"] = "no"

    assert tick(now + DAY + GRACE) == 0

    refused.refresh_from_db()
    assert (state_of(line), refused.suspend_due_at, told("line_suspended")) == (ServiceState.ACTIVE, None, 0)


def test_letters_say_what_happened_and_lead_to_the_payment(suspended, line, plan, carrier, tick, now):
    pay_by_hand(line, plan, carrier, now + 5 * DAY)
    line_url = reverse("line", args=[line.public_id])
    expected = {
        "line_suspended": f"{line} is suspended",
        "line_resumed": f"http://localhost:8000{line_url}",
    }

    for kind, words in expected.items():
        notice = Notification.objects.get(kind=kind)
        letter = write_email(kind=kind, user=notice.user, context=notice.context)
        assert words in letter.body
        assert len(write_sms(kind=kind, user=notice.user, context=notice.context)) < 160


def page_of(client, line):
    return client.get(reverse("line", args=[line.public_id])).content.decode()


@pytest.fixture
def in_real_time(in_november, subscription, gateway, carrier):
    """The same story told as of today, for pages that read the clock; not around midnight, where "in 2 days" changes."""
    today = timezone.now()
    Allowance.objects.update(starts_at=today - 31 * DAY, ends_at=today - DAY)
    Subscription.objects.update(charge_due_at=today - 2 * DAY)
    gateway.outcomes[subscription.method.reference] = "lost_card"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=today - 2 * DAY)
    return today


def test_the_lines_page_says_until_when_and_what_to_do(as_subscriber, in_real_time, line):
    page = page_of(as_subscriber, line)

    assert "or the line is suspended" in page
    assert "Suspended in" in page
    assert reverse("billing:renew", args=[line.public_id]) in page


@pytest.mark.slow
def test_a_suspended_line_can_be_paid_from_every_door(as_subscriber, in_real_time, line, plan, tick):
    tick(in_real_time + GRACE)
    assert state_of(line) == ServiceState.SUSPENDED
    order = Order.objects.get()
    renew = reverse("billing:renew", args=[line.public_id])

    page = page_of(as_subscriber, line)
    check = as_subscriber.get(renew, {"plan": plan.public_id}).content.decode()
    declined = as_subscriber.get(reverse("billing:order", args=[order.public_id])).content.decode()
    another = as_subscriber.get(reverse("billing:another_way", args=[order.public_id]))

    assert "Suspended until it is renewed" in page
    assert renew in page
    assert "Once it is paid, the line is back in service within minutes." in check
    assert reverse("billing:pay", args=[order.public_id]) in declined
    assert another.status_code == 200


def test_paying_for_what_staff_suspended_says_that_it_stays_so(as_subscriber, line, plan):
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.SUSPENDED, suspended_for=SuspendedFor.STAFF)

    check = as_subscriber.get(reverse("billing:renew", args=[line.public_id]), {"plan": plan.public_id})

    assert "Paying does not switch this line on" in check.content.decode()
    assert reverse("billing:renew", args=[line.public_id]) not in page_of(as_subscriber, line)
