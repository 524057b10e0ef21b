"""Plans bought for later: they wait their turn, change places, begin, or go back."""

from datetime import timedelta

import pytest

from accounts.models import Notification
from billing import agreements, charges, disputes, orders, overdue, queue_endings, queueing, renewals, timeline
from billing.expiry import cancel_order
from billing.foretelling import foresee
from billing.models import Dispute, Order, QueuedPlan, Refund, Subscription
from billing.queue_starting import early_start
from billing.queueing import CannotStart, LineRests, NotWaiting
from billing.refund_offers import CannotRefund, is_being_bought_for
from billing.refunds import send_all
from billing.reminders import send_reminders
from billing.schedule import SHORT_LEAD, last_paid
from billing.timeline_events import What
from billing.verdicts import Action
from esim.models import Allowance, Line, ServiceState, SuspendedFor
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, buy, paid_order, pay

pytestmark = pytest.mark.usefixtures("books_are_right")

DAY = timedelta(days=1)
PAYER, BALANCE = Refund.Destination.PAYER, Refund.Destination.BALANCE


@pytest.fixture
def asia(db):
    """5 GB in Asia for ten days: US$9.00."""
    return make.make_plan(name="Asia 5 GB", data_bytes=5 * GB, period_count=10, prices={"USD": 900})


@pytest.fixture
def queue(line, asia, gateway):
    """Buy a plan for later, paid by card on the gateway's page."""

    def add(plan=asia, price=900, now=NOW):
        order = buy(line, plan, price=Money(price, "USD"), is_queued=True, now=now)
        pay(order.charges.get(), gateway=gateway, now=now)
        return QueuedPlan.objects.get(order=order)

    return add


def tick(now, carrier):
    """Do what the timetable does."""
    for order_id in queueing.start_due(now=now):
        orders.fulfil(order_id=order_id, carrier=carrier, now=now)
    queue_endings.cancel_dead(now=now)
    queue_endings.take_in(now=now)


def start(queued):
    queueing.start_now(queued=queued, actor=queued.order.owner, ip=None, now=NOW)


def state_of(queued):
    queued.refresh_from_db()
    queued.order.refresh_from_db()
    return queued.state, queued.order.state


def row(line):
    return list(QueuedPlan.objects.waiting().filter(line=line).order_by("position"))


def test_a_queued_plan_waits_paid_until_the_running_one_ends(queue, running, carrier):
    queued = queue()

    orders.fulfil_due(carrier=carrier, now=NOW)
    tick(NOW, carrier)

    assert state_of(queued) == ("waiting", "paid")
    assert queued.order.fulfil_due_at is None


def test_it_begins_to_the_second_when_its_turn_has_come(queue, running, carrier):
    queued = queue()

    tick(running.ends_at - queueing.AHEAD, carrier)

    assert state_of(queued) == ("started", "fulfilled")
    granted = Allowance.objects.get(granted_for=queued.order.public_id)
    assert (granted.starts_at, granted.ends_at) == (running.ends_at, running.ends_at + 10 * DAY)


def test_several_take_their_turns_one_after_the_other(queue, running, plan, carrier):
    first, second = queue(), queue(plan, 1490)

    tick(running.ends_at, carrier)
    tick(running.ends_at, carrier)

    assert (state_of(first)[0], state_of(second)[0]) == ("started", "waiting")
    tick(running.ends_at + 10 * DAY, carrier)
    assert state_of(second)[0] == "started"


def test_they_change_places_and_the_last_cannot_go_further(queue, running, plan, line):
    first, second = queue(), queue(plan, 1490)

    assert queueing.swap(queued=second, earlier=True)
    assert row(line) == [second, first]
    assert not queueing.swap(queued=second, earlier=True)
    assert not queueing.swap(queued=first, earlier=False)


def test_start_now_loses_the_days_that_run_twice_and_no_data(queue, running, carrier):
    queued = queue()

    told = early_start(queued=queued, now=NOW)
    start(queued)
    orders.fulfil(order_id=queued.order_id, carrier=carrier, now=NOW)

    assert told.paid_until_waiting == running.ends_at + 10 * DAY
    assert told.paid_until_started == running.ends_at
    assert told.days_lost == 10
    assert [(one.allowance, one.is_used_first) for one in told.beside] == [(running, False)]
    granted = Allowance.objects.get(granted_for=queued.order.public_id)
    assert (granted.starts_at, granted.ends_at) == (told.starts_at, told.ends_at)
    assert state_of(queued) == ("started", "fulfilled")
    assert queued.order.sent_at == NOW
    running.refresh_from_db()
    assert running.ends_at == NOW + 20 * DAY


def test_start_now_keeps_the_others_in_their_turn(queue, running, plan):
    queue()
    later = queue(plan, 1490)

    told = early_start(queued=later, now=NOW)

    # 30 days from now, then ten days of the other one, instead of 20 + 10 + 30.
    assert (told.paid_until_waiting, told.paid_until_started) == (NOW + 60 * DAY, NOW + 40 * DAY)
    assert [one.is_used_first for one in told.beside] == [True]


def test_what_has_begun_is_not_started_or_cancelled_again(queue, running):
    queued = queue()
    start(queued)

    with pytest.raises(CannotStart):
        start(queued)
    with pytest.raises(NotWaiting):
        queue_endings.cancel(queued=queued, goes_to=PAYER, actor=queued.order.owner, ip=None, now=NOW)
    assert not Refund.objects.exists()


def test_cancelling_gives_all_of_it_back_once(queue, running, gateway, carrier):
    queued = queue()
    owner = queued.order.owner

    queue_endings.cancel(queued=queued, goes_to=PAYER, actor=owner, ip=None, now=NOW)
    with pytest.raises(NotWaiting):
        queue_endings.cancel(queued=queued, goes_to=PAYER, actor=owner, ip=None, now=NOW)
    send_all(order_id=queued.order_id, gateways={"sandbox": gateway}, now=NOW)
    tick(running.ends_at, carrier)

    assert state_of(queued) == ("cancelled", "refunded")
    assert [refund.money for refund in Refund.objects.filter(state="succeeded")] == [Money(900, "USD")]
    assert not queued.order.is_to_invoice
    assert not Order.objects.to_invoice().filter(pk=queued.order_id).exists()


def test_a_disputed_one_neither_begins_nor_is_given_back(queue, running, carrier):
    queued = queue()
    make.make_dispute(charge=queued.order.charges.get(), is_withdrawn=True)

    tick(running.ends_at, carrier)

    assert state_of(queued) == ("waiting", "paid")
    with pytest.raises(CannotRefund):
        queue_endings.cancel(queued=queued, goes_to=PAYER, actor=queued.order.owner, ip=None, now=NOW)
    # The dispute was made by hand; the books know nothing of it.
    queued.order.charges.get().disputes.all().delete()


def test_on_a_line_that_is_closed_the_money_goes_back(queue, running, line, carrier):
    queued = queue()
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.TERMINATED)

    tick(NOW, carrier)

    assert state_of(queued) == ("cancelled", "refunded")
    assert Refund.objects.get().money == Money(900, "USD")


def test_on_a_closed_line_it_waits_for_the_bank_to_decide(queue, running, line, carrier):
    queued = queue()
    make.make_dispute(charge=queued.order.charges.get(), is_withdrawn=True)
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.TERMINATED)
    tick(NOW, carrier)
    assert state_of(queued) == ("waiting", "paid")

    Dispute.objects.update(state=Dispute.State.WON, is_withdrawn=False, closed_at=NOW)
    tick(NOW, carrier)

    assert state_of(queued) == ("cancelled", "refunded")
    assert Refund.objects.get().money == Money(900, "USD")
    queued.order.charges.get().disputes.all().delete()


@pytest.mark.parametrize(("disputed", "left"), [(300, [600]), (900, [])])
def test_what_a_bank_took_of_it_for_good_is_not_given_back_as_well(queue, running, gateway, carrier, disputed, left):
    queued = queue()
    charge = queued.order.charges.get()
    dispute_id = gateway.dispute(charge.gateway_payment_id, money=Money(disputed, "USD"), state="lost")
    disputes.record(charge=charge, report=gateway.disputes[dispute_id], now=NOW)

    tick(NOW, carrier)
    send_all(order_id=queued.order_id, gateways={gateway.name: gateway}, now=NOW)

    assert state_of(queued) == ("cancelled", "refunded")
    assert [(one.amount, one.state) for one in Refund.objects.all()] == [(amount, "succeeded") for amount in left]


def test_on_a_line_that_its_owner_suspended_it_waits(queue, running, line, carrier):
    queued = queue()
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.SUSPENDED, suspended_for=SuspendedFor.OWNER)
    queued.line.refresh_from_db()

    tick(running.ends_at + DAY, carrier)

    assert state_of(queued)[0] == "waiting"
    with pytest.raises(LineRests):
        start(queued)
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.ACTIVE, suspended_for="")


def test_an_unpaid_one_is_nobodys_turn(line, asia, running, carrier, gateway):
    order = buy(line, asia, price=Money(900, "USD"), is_queued=True)

    tick(running.ends_at, carrier)
    cancel_order(order=order, gateways={"sandbox": gateway}, now=NOW)
    tick(running.ends_at, carrier)

    assert QueuedPlan.objects.get().state == "cancelled"
    assert not queueing.to_start(running.ends_at).exists()
    assert last_paid([line.pk], now=NOW)[line.pk] == running


def test_no_ticket_opens_for_what_waits_by_wish_and_time_counts_from_its_turn(queue, running, carrier):
    queued = queue()
    half_an_hour = timedelta(minutes=30)
    turn = running.ends_at - queueing.AHEAD

    assert overdue.open_overdue_tickets(promise=half_an_hour, now=NOW + DAY) == 0
    queueing.start_due(now=turn)
    assert overdue.open_overdue_tickets(promise=half_an_hour, now=turn + timedelta(minutes=29)) == 0
    assert overdue.open_overdue_tickets(promise=half_an_hour, now=turn + timedelta(minutes=31)) == 1
    orders.fulfil(order_id=queued.order_id, carrier=carrier, now=turn + timedelta(minutes=31))


def test_auto_renewal_waits_behind_the_queue(queue, subscription, line, gateway, carrier):
    ends_at = Allowance.objects.get(line=line).ends_at
    queue()

    assert [look.action for look in foresee([subscription], now=NOW)] == [Action.WAIT]
    renewals.renew_due(gateways={"sandbox": gateway}, carrier=carrier, now=NOW)

    subscription.refresh_from_db()
    assert subscription.charge_due_at == ends_at + 10 * DAY - DAY
    assert not Order.objects.filter(subscription=subscription).exists()


def test_being_paid_moves_the_next_charge_and_tells_when_it_begins(queue, subscription, line, carrier, subscriber):
    ends_at = Allowance.objects.get(line=line).ends_at
    queue()

    tick(NOW, carrier)
    tick(NOW, carrier)

    subscription.refresh_from_db()
    assert subscription.charge_due_at == ends_at + 10 * DAY - DAY
    notice = subscriber.notifications.get(kind="plan_queued")
    assert notice.context["starts_at"] == ends_at.isoformat()


def test_cancelling_moves_the_next_charge_back(queue, subscription, line, carrier):
    queued = queue()
    tick(NOW, carrier)

    queue_endings.cancel(queued=queued, goes_to=BALANCE, actor=line.owner, ip=None, now=NOW)

    subscription.refresh_from_db()
    last_moment = Allowance.objects.get(line=line).ends_at - SHORT_LEAD
    assert subscription.charge_due_at == last_moment, "a day before the end is now: there is time left to tell"
    assert subscription.state == Subscription.State.ACTIVE


def test_cancelling_what_was_queued_does_not_bring_back_what_was_skipped(queue, subscription, line, carrier):
    queued = queue()
    tick(NOW, carrier)
    agreements.skip(Subscription.objects.get())

    queue_endings.cancel(queued=queued, goes_to=BALANCE, actor=line.owner, ip=None, now=NOW)

    subscription.refresh_from_db()
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, "skipped")


def test_what_the_network_refuses_is_paid_back_and_auto_renewal_goes_on(queue, subscription, line, carrier):
    queued = queue()
    tick(NOW, carrier)
    carrier.refusing = {"grant": "no_capacity"}
    ends_at = Allowance.objects.get(line=line).ends_at

    tick(ends_at - queueing.AHEAD, carrier)

    subscription.refresh_from_db()
    assert state_of(queued) == ("started", "undeliverable")
    assert subscription.charge_due_at == ends_at - DAY


def test_the_timeline_shows_its_turn_and_the_end_behind_it(queue, running, line):
    queue()

    told = timeline.timeline(line=line, now=NOW)

    assert [(event.what, event.at) for event in told.events] == [
        (What.TURN, running.ends_at),
        (What.END, running.ends_at + 10 * DAY),
    ]


def test_nobody_is_told_that_a_plan_expires_which_another_follows(queue, running, subscriber):
    queue()
    Allowance.objects.filter(pk=running.pk).update(remind_due_at=running.ends_at - DAY)

    send_reminders(now=running.ends_at - DAY)

    assert not subscriber.notifications.filter(kind="expiry_reminder").exists()


def test_what_waits_does_not_keep_the_running_plan_from_being_given_back(queue, running, line, plan):
    queue()

    assert not is_being_bought_for(make.make_order(owner=line.owner, line=line, plan=plan))


def test_a_renewal_that_comes_earlier_without_the_queue_is_announced_before_it_is_charged(
    queue, line, plan, gateway, carrier
):
    make.make_allowance(line=line, plan=plan, starts_at=NOW - 29 * DAY, ends_at=NOW + DAY / 2)
    make.make_subscription(line=line, plan=plan, anchor_at=NOW - 29 * DAY, charge_due_at=NOW)
    queued = queue()
    tick(NOW, carrier)
    taken = len(gateway.taken)

    queue_endings.cancel(queued=queued, goes_to=BALANCE, actor=line.owner, ip=None, now=NOW)
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)
    send_reminders(now=NOW)

    assert len(gateway.taken) == taken
    notice = Notification.objects.get(kind="charge_notice")
    told = NOW + DAY / 2 - SHORT_LEAD
    assert notice.context["charge_due_at"] == told.isoformat()
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=told)
    assert len(gateway.taken) == taken + 1


def test_a_data_pack_waits_for_the_queued_plan_whose_turn_it_is(queue, line, pack, carrier, now):
    late = now + timedelta(minutes=3)
    make.make_allowance(line=line, starts_at=now - 30 * DAY, ends_at=now + timedelta(minutes=2))
    waiting = queue()
    bought = paid_order(line, pack, kind=Order.Kind.TOP_UP, price=Money(600, "USD"))

    asked = orders.fulfil(order_id=bought.pk, carrier=carrier, now=late)
    (begun,) = queueing.start_due(now=late)
    orders.fulfil(order_id=begun, carrier=carrier, now=late)
    orders.fulfil_due(carrier=carrier, now=late + timedelta(minutes=10))

    bought.refresh_from_db()
    waiting.order.refresh_from_db()
    assert (asked.state, bought.state, bought.ends_at) == ("fulfilling", "fulfilled", waiting.order.ends_at)


def test_a_second_payment_that_was_spent_keeps_no_plan_of_a_closed_line_waiting(line, running, gateway, subscriber):
    plan = make.make_plan(prices={"USD": 900})
    order = buy(line, plan, price=Money(900, "USD"), is_queued=True)
    late = pay(order.charges.get(), gateway=gateway, answer="generic_decline")
    pay(charges.start_charge(order=order, gateway_name="sandbox", now=NOW), gateway=gateway)
    pay(late, gateway=gateway)
    buy(make.make_line(owner=subscriber), plan, price=Money(900, "USD"), gateway="", use_wallet=True)
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.TERMINATED)

    queue_endings.cancel_dead(now=NOW)

    order.refresh_from_db()
    assert (QueuedPlan.objects.get(order=order).state, order.state) == ("cancelled", "refunded")
    given = Refund.objects.order_by("taken_from").values_list("taken_from", "state")
    assert list(given) == [("sales", "created"), ("wallet", "failed")]
