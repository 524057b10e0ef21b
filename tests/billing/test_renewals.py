"""The scheduler renews what is due: once, for the agreed price, whatever happens in between."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from accounts.models import Notification
from billing import agreements, orders, reconciliation, renewals, staff_pauses
from billing.models import Charge, Order, PaymentMethod, Subscription
from billing.schedule import SHORT_LEAD
from esim.models import Allowance, Line, ServiceState
from plans.models import Plan, PlanPrice
from plans.terms import PlanTerms
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund, paid_order
from tests.fakes.carrier import FakeCarrier
from tests.fakes.crowd import together
from tests.fakes.gateway import FakeGateway

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def renew(gateway, carrier, now):
    """Run the tick at a moment, now unless told otherwise."""
    return lambda at=now: renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=at)


def end_of_paid_time(line):
    return Allowance.objects.filter(line=line).latest("ends_at").ends_at


def test_a_due_renewal_is_charged_delivered_and_scheduled_anew(subscription, renew, gateway, now):
    renew()

    subscription.refresh_from_db()
    order = Order.objects.get()
    assert len(gateway.taken) == 1
    assert order.state == Order.State.FULFILLED
    assert (order.subscription, order.period_index, order.total) == (subscription, 1, Money(1490, "USD"))
    assert (order.starts_at, order.ends_at) == (now + DAY, now + 31 * DAY)
    assert (subscription.state, subscription.period_index) == (Subscription.State.ACTIVE, 2)
    assert subscription.charge_due_at == now + 30 * DAY
    assert Notification.objects.get().kind == "order_fulfilled"


def test_a_tick_run_twice_charges_once(subscription, renew, gateway):
    renew()
    renew()

    assert len(gateway.taken) == 1
    assert Order.objects.count() == Charge.objects.count() == 1


def test_nothing_is_charged_before_its_time(subscription, renew, gateway, now):
    renew(now - timedelta(seconds=1))

    assert gateway.calls == []


def test_after_days_without_a_scheduler_each_period_is_charged_once(subscription, renew, gateway, now):
    late = now + 3 * DAY

    renew(late)
    renew(late)

    subscription.refresh_from_db()
    assert len(gateway.taken) == 1
    assert end_of_paid_time(subscription.line) == late + 30 * DAY
    assert subscription.charge_due_at == late + 29 * DAY


def test_renewals_keep_the_day_of_the_month(line, gateway, carrier):
    plan = make.make_plan(period_unit="month", period_count=1)
    first = datetime(2026, 1, 31, 12, tzinfo=UTC)
    make.make_allowance(line=line, plan=plan, starts_at=first, ends_at=datetime(2026, 2, 28, 12, tzinfo=UTC))
    make.make_subscription(line=line, plan=plan, anchor_at=first, charge_due_at=datetime(2026, 2, 27, 12, tzinfo=UTC))

    for _month in range(3):
        due_at = Subscription.objects.get().charge_due_at
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=due_at)

    ends = list(Allowance.objects.order_by("ends_at").values_list("ends_at", flat=True))
    assert [(end.month, end.day) for end in ends] == [(2, 28), (3, 31), (4, 30), (5, 31)]


def test_what_staff_let_go_on_leaves_time_to_tell_of_the_charge(subscription, staff, renew, gateway, now):
    Subscription.objects.update(state="paused", reason="not_on_sale")

    staff_pauses.resume(subscription=subscription, reason="On sale again", actor=staff, ip=None, now=now)
    renew()

    subscription.refresh_from_db()
    assert gateway.taken == []
    assert subscription.charge_due_at == now + DAY - SHORT_LEAD


def test_time_bought_by_hand_is_not_charged_again(subscription, line, plan, renew, gateway, carrier, now):
    early = paid_order(line, plan, now=now - DAY)
    orders.fulfil(order_id=early.pk, carrier=carrier, now=now - DAY)

    renew()

    subscription.refresh_from_db()
    assert gateway.taken == []
    assert (subscription.period_index, subscription.charge_due_at) == (2, now + 30 * DAY)


def test_another_plan_bought_by_hand_moves_the_anchor_but_never_reuses_a_period(
    subscription, line, renew, carrier, now
):
    renew()
    week = make.make_plan(name="Week", period_count=7)
    bought = paid_order(line, week, now=now)
    orders.fulfil(order_id=bought.pk, carrier=carrier, now=now)

    subscription.refresh_from_db()
    renew(subscription.charge_due_at)

    subscription.refresh_from_db()
    assert end_of_paid_time(line) == now + 68 * DAY
    assert set(Order.objects.filter(subscription=subscription).values_list("period_index", flat=True)) == {1, 2}
    assert (subscription.period_index, subscription.state) == (3, Subscription.State.ACTIVE)


def test_a_lost_answer_stays_in_flight_until_the_gateway_is_asked(subscription, renew, gateway, carrier, now):
    gateway.losing.add("charge_saved")
    renew()
    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.IN_FLIGHT

    gateway.losing.clear()
    later = now + timedelta(minutes=20)
    reconciliation.reconcile_charges(gateway=gateway, now=later)
    renew(later)

    subscription.refresh_from_db()
    assert len(gateway.taken) == 1
    assert Order.objects.get().state == Order.State.FULFILLED
    assert (subscription.state, subscription.period_index) == (Subscription.State.ACTIVE, 2)


def test_a_gateway_that_is_down_costs_nothing_but_time(subscription, renew, gateway, now):
    gateway.down.add("prepare")
    renew()
    assert Charge.objects.get().is_open

    gateway.down.clear()
    later = now + timedelta(minutes=20)
    reconciliation.reconcile_charges(gateway=gateway, now=later)
    renew(later)

    assert len(gateway.taken) == 1
    assert Order.objects.get().state == Order.State.FULFILLED


def test_a_crash_after_the_claim_is_made_good_when_the_lease_ends(subscription, renew, gateway, now):
    renewals.claim(Subscription.objects.due(now), now=now, limit=10)

    renew()
    assert gateway.taken == []

    after_lease = now + renewals.LEASE
    renew(after_lease)
    assert len(gateway.taken) == 1


def test_a_crash_after_the_intent_is_carried_out_by_the_next_worker(subscription, renew, gateway, now):
    claimed = renewals.claim(Subscription.objects.due(now), now=now, limit=10)
    renewals.intend(renewals.judge(claimed, now=now), now=now)

    renew(now + renewals.LEASE)

    assert len(gateway.taken) == 1
    assert Order.objects.get().state == Order.State.FULFILLED


def test_a_dry_run_names_what_a_dead_worker_left(subscription, line, plan, now, capsys):
    renewals.claim(Subscription.objects.due(now), now=now, limit=10)

    call_command("renew_due", at=now + renewals.LEASE - SECOND, dry_run=True)
    call_command("renew_due", at=now + renewals.LEASE, dry_run=True)

    assert capsys.readouterr().out == (
        "nothing is due\n"
        f"would finish: {line} ({line.public_id}), {plan.code}, USD 14.90, left in flight by a run before, "
        "free since 2026-11-21 10:10 UTC\n"
    )


def test_a_worker_whose_lease_ran_out_writes_nothing_more(subscription, renew, gateway, now):
    stale = renewals.claim(Subscription.objects.due(now), now=now, limit=10)
    renew(now + renewals.LEASE)

    done = renewals.intend(renewals.judge(stale, now=now), now=now)

    assert done == []
    assert Order.objects.count() == 1


def test_the_network_answering_late_keeps_the_renewal_in_flight(subscription, renew, carrier, now):
    carrier.losing.add("grant")
    renew()
    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.IN_FLIGHT

    carrier.losing.clear()
    later = now + timedelta(hours=1)
    orders.fulfil_due(carrier=carrier, now=later)
    renew(later)

    subscription.refresh_from_db()
    assert (subscription.state, subscription.period_index) == (Subscription.State.ACTIVE, 2)


def test_what_the_network_refuses_goes_back_to_the_balance_and_pauses(subscription, renew, carrier):
    carrier.refusing["grant"] = "no capacity"

    renew()

    subscription.refresh_from_db()
    assert Order.objects.get().state == Order.State.UNDELIVERABLE
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, "undeliverable")


def test_another_price_than_the_agreed_one_is_never_charged(subscription, plan, renew, gateway, now):
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now - DAY)

    renew()

    subscription.refresh_from_db()
    notice = Notification.objects.get()
    assert gateway.calls == []
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, "price_changed")
    assert (notice.kind, notice.context["price"]["minor"], notice.context["agreed"]["minor"]) == (
        "renewal_paused",
        1690,
        1490,
    )


def test_other_terms_than_the_agreed_ones_pause(subscription, plan, renew, gateway):
    subscription.consent_terms = PlanTerms.of(plan).to_json()
    subscription.save()
    plan.data_bytes = 8 * GB
    plan.save()

    renew()

    subscription.refresh_from_db()
    assert gateway.calls == []
    assert subscription.reason == "terms_changed"


def test_another_name_for_the_same_terms_does_not_pause(subscription, plan, renew, gateway):
    subscription.consent_terms = PlanTerms.of(plan).to_json()
    subscription.save()
    plan.name = "Europe, 10 GB"
    plan.save()

    renew()

    assert len(gateway.taken) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: Plan.objects.update(is_active=False), "not_on_sale"),
        (lambda: PaymentMethod.objects.update(removed_at=NOW), "method_removed"),
        (lambda: Line.objects.update(service_state=ServiceState.TERMINATED), "line_closed"),
    ],
    ids=["plan withdrawn", "card removed", "line closed"],
)
def test_what_can_not_be_charged_pauses(subscription, renew, gateway, change, reason):
    change()

    renew()

    subscription.refresh_from_db()
    assert gateway.calls == []
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, reason)


def test_the_balance_pays_first_and_the_card_the_rest(subscription, subscriber, renew):
    fund(subscriber, Money(500, "USD"))
    Subscription.objects.update(pay_from=Subscription.PayFrom.WALLET_THEN_METHOD)

    renew()

    assert Order.objects.get().wallet_part == Money(500, "USD")
    assert Charge.objects.get().money == Money(990, "USD")


def test_a_balance_that_covers_it_needs_no_charge(subscription, subscriber, renew):
    fund(subscriber, Money(1490, "USD"))
    Subscription.objects.update(pay_from=Subscription.PayFrom.WALLET)

    renew()

    assert Order.objects.get().state == Order.State.FULFILLED
    assert not Charge.objects.exists()


def test_a_balance_too_low_is_a_declined_renewal_without_order(subscription, subscriber, renew):
    fund(subscriber, Money(1489, "USD"))
    Subscription.objects.update(pay_from=Subscription.PayFrom.WALLET)

    renew()

    subscription.refresh_from_db()
    assert not Order.objects.exists()
    assert (subscription.state, subscription.reason) == (Subscription.State.PAST_DUE, "declined:balance_too_low")


def spoil_the_order(subscription):
    """Place an order under the key of its next period, for something else."""
    make.make_order(owner=subscription.line.owner, form_key=f"renewal:{subscription.public_id}:1:0")


def spoil_the_terms(subscription):
    """Agree to terms that cannot be read."""
    Subscription.objects.filter(pk=subscription.pk).update(consent_terms={"unheard_of": 1})


@pytest.mark.parametrize("spoil", [spoil_the_order, spoil_the_terms])
def test_one_bad_row_does_not_stop_the_others(spoil, subscription, subscriber, plan, renew, gateway, now, caplog):
    other = make.make_line(owner=subscriber)
    make.make_profile(line=other)
    make.make_allowance(line=other, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
    method = subscription.method
    make.make_subscription(line=other, plan=plan, method=method, anchor_at=now - 29 * DAY, charge_due_at=now)
    spoil(subscription)

    renew()

    assert len(gateway.taken) == 1
    assert end_of_paid_time(other) == now + 31 * DAY
    assert "could not go on" in caplog.text


def test_trouble_with_a_charge_found_again_does_not_stop_the_others(
    subscription, subscriber, plan, renew, gateway, now
):
    order = make.make_order(owner=subscriber, subscription=subscription, period_index=1, line=subscription.line)
    gone = make.make_method(owner=subscriber, removed_at=now)
    make.make_charge(order=order, method=gone, gateway_payment_id="unheard_of", state="created", settled_at=None)
    Subscription.objects.update(state=Subscription.State.IN_FLIGHT, lease_until=now)
    other = make.make_line(owner=subscriber)
    make.make_profile(line=other)
    make.make_subscription(line=other, plan=plan)

    renew()

    assert len(gateway.taken) == 1


def test_what_is_turned_off_before_the_order_is_placed_is_not_charged(subscription, now):
    verdicts = renewals.judge(renewals.claim(Subscription.objects.due(now), now=now, limit=10), now=now)
    agreements.turn_off(subscription=subscription, actor=None, ip=None, now=now)

    assert renewals.intend(verdicts, now=now) == []
    assert not Order.objects.exists()


def test_turned_off_while_it_is_being_charged_finishes_and_then_stops(subscription, subscriber, renew, gateway, now):
    gateway.losing.add("charge_saved")
    renew()
    subscription.refresh_from_db()
    agreements.turn_off(subscription=subscription, actor=subscriber, ip=None, now=now)

    gateway.losing.clear()
    later = now + timedelta(minutes=20)
    reconciliation.reconcile_charges(gateway=gateway, now=later)
    renew(later)
    renew(now + 40 * DAY)

    assert len(gateway.taken) == 1
    assert end_of_paid_time(subscription.line) == now + 31 * DAY


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_charge_each_line_once(subscriber, plan, now):
    method = make.make_method(owner=subscriber)
    for _number in range(8):
        line = make.make_line(owner=subscriber)
        make.make_profile(line=line)
        make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
        make.make_subscription(line=line, plan=plan, method=method, anchor_at=now - 29 * DAY, charge_due_at=now)
    gateway, carrier = FakeGateway(), FakeCarrier()

    together(4, lambda _worker: renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now))

    assert len(gateway.taken) == Order.objects.filter(state=Order.State.FULFILLED).count() == 8
    assert set(Subscription.objects.values_list("period_index", flat=True)) == {2}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_workers_each_claims_other_rows(subscriber, plan, now):
    for _number in range(8):
        make.make_subscription(line=make.make_line(owner=subscriber), plan=plan, charge_due_at=now)

    claims = together(4, lambda _worker: renewals.claim(Subscription.objects.due(now), now=now, limit=3))

    claimed = [subscription.pk for claim in claims for subscription in claim]
    assert len(claimed) == len(set(claimed)) == 8
    assert set(Subscription.objects.values_list("fence", flat=True)) == {1}


@pytest.fixture
def backlog(subscriber, plan, now):
    """Five renewals due."""
    for _line in range(5):
        line = make.make_line(owner=subscriber)
        make.make_profile(line=line)
        make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
        make.make_subscription(line=line, plan=plan, anchor_at=now - 29 * DAY, charge_due_at=now)


@pytest.mark.slow
def test_a_backlog_empties_in_one_run(backlog, gateway, carrier, now):
    two = renewals.Stride(batch=2)

    taken_up = renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now, stride=two)

    assert taken_up == 5

    assert len(gateway.taken) == 5
    assert not Subscription.objects.due(now).exists()


def test_a_run_whose_time_is_over_leaves_the_rest_to_the_next(backlog, gateway, carrier, now):
    over, two = lambda: False, renewals.Stride(batch=2)

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now, in_time=over, stride=two)

    assert len(gateway.taken) == 2
    assert Subscription.objects.due(now).count() == 3


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_agreeing_in_two_tabs_is_one_agreement(line, plan, subscriber, now):
    make.make_allowance(line=line, plan=plan, ends_at=now + DAY)
    consent = make.make_consent(plan=plan, pay_from=Subscription.PayFrom.WALLET, method=None)

    agreed = together(4, lambda _tab: agreements.turn_on(line=line, consent=consent, actor=subscriber, now=now))

    assert agreed == [Subscription.objects.get()] * 4
    assert Subscription.objects.get().mode == Subscription.Mode.AUTOMATIC


class TakesMinutes(FakeGateway):
    """Lets seven minutes pass at its first charge."""

    def __init__(self, monkeypatch):
        super().__init__()
        self._monkeypatch = monkeypatch

    def charge_saved(self, charge):
        if not self.taken:
            later = time.monotonic() + 7 * 60
            self._monkeypatch.setattr(time, "monotonic", lambda: later)
        return super().charge_saved(charge)


def test_a_long_run_by_hand_gives_leases_from_the_moment_it_has_come_to(subscription, carrier, now, monkeypatch):
    other = make.make_subscription(
        line=make.make_line(owner=make.make_user()), plan=subscription.plan, charge_due_at=now + SECOND
    )
    make.make_profile(line=other.line)
    make.make_allowance(line=other.line, plan=other.plan, ends_at=now + DAY)
    gateway = TakesMinutes(monkeypatch)

    renewals.renew_due(
        gateways={gateway.name: gateway}, carrier=carrier, now=now + SECOND, stride=renewals.Stride(batch=1)
    )

    looks = Charge.objects.order_by("pk").values_list("check_due_at", flat=True)
    assert [moment - now - SECOND for moment in looks] == [timedelta(minutes=5), timedelta(minutes=12)]


def test_what_stays_in_doubt_is_looked_at_ever_less_often(subscription, gateway, carrier, now):
    gateway.down = {"charge_saved", "look_up"}
    waits = []
    for minutes in (0, 1, 60, 90, 600):
        at = now + timedelta(minutes=minutes)
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=at)
        subscription.refresh_from_db()
        waits.append((subscription.lease_until - at) / timedelta(minutes=1))

    assert waits == [1, 1, 15, 22.5, 30]
