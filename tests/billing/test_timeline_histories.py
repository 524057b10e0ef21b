"""Whatever happened to a line before: what its timeline says now is what the scheduler then does, minute for minute."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from accounts.models import Notification
from billing import (
    agreements,
    charging_stops,
    expiry,
    orders,
    questions,
    queue_endings,
    queueing,
    renewal_report,
    renewals,
    staff_pauses,
)
from billing.charging_stops import ChargingStopped
from billing.consenting import Consent, Limits
from billing.foretelling import RELATED, foresee_next
from billing.invariants import broken_invariants
from billing.models import Charge, Order, PaymentMethod, QueuedPlan, RenewalQuestion, Subscription
from billing.notice_keys import charge_notices
from billing.questions import NoLongerAsked
from billing.reminders import send_reminders
from billing.renewal_pages import standing
from billing.timeline import Outlook, timeline
from esim.models import Allowance, Line, ServiceState, SuspendedFor
from plans.models import PlanPrice
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund, paid_order, pay
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway
from tests.make import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MOST_TICKS = 60
NOT_OF_MONEY = {"I9"}
"""Nobody delivers letters here."""
Mode, State, PayFrom = Subscription.Mode, Subscription.State, Subscription.PayFrom
PERIODS = st.sampled_from([("day", 1), ("day", 3), ("day", 7), ("day", 30), ("month", 1), ("month", 3)])
ZONES = st.sampled_from(["UTC", "Asia/Taipei", "America/New_York", "Australia/Lord_Howe"])
PRICES = st.sampled_from([1290, 1490, 1990])
STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 24 * 20)),
    st.tuples(st.just("nothing runs"), st.integers(1, 24 * 8)),
    st.tuples(st.just("price becomes"), PRICES, st.integers(0, 24 * 9)),
    st.tuples(st.just("agree"), st.sampled_from(list(Mode.ON)), st.sampled_from(list(PayFrom))),
    st.tuples(st.just("limit"), st.sampled_from([(1, None), (None, 1490), (None, 1000), (2, 4000), (None, None)])),
    st.tuples(st.just("another card"), st.booleans()),
    st.tuples(st.just("card is gone")),
    st.tuples(st.just("bank says"), st.sampled_from(["paid", "insufficient_funds", "stolen_card"])),
    st.tuples(st.just("add money"), st.sampled_from([500, 1490, 5000])),
    st.tuples(st.just("renew by hand")),
    st.tuples(st.just("queue a plan")),
    st.tuples(st.just("suspend")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("move to"), ZONES),
    st.tuples(st.just("answer"), st.sampled_from(["renew", "skip", "stop"])),
    st.tuples(st.just("turn off")),
    st.tuples(st.just("stop charging")),
    st.tuples(st.just("go on")),
)

HAPPENS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 24 * 20)),
    st.tuples(st.just("price becomes"), PRICES, st.integers(0, 24 * 9)),
    st.tuples(st.just("limit"), st.sampled_from([(1, None), (None, 1490), (2, 4000), (None, None)])),
    st.tuples(st.just("another card"), st.booleans()),
    st.tuples(st.just("bank says"), st.sampled_from(["paid", "insufficient_funds"])),
    st.tuples(st.just("add money"), st.sampled_from([500, 1490, 5000])),
    st.tuples(st.just("renew by hand")),
    st.tuples(st.just("queue a plan")),
    st.tuples(st.just("move to"), ZONES),
    st.tuples(st.just("staff pause")),
    st.tuples(st.just("staff resume")),
    st.tuples(st.just("stop charging")),
    st.tuples(st.just("go on")),
)
"""What is nobody's yes to a charge at once."""


class History:
    """Ada's line with auto-renewal, and a scheduler that comes by at each moment something is due."""

    def __init__(self, *, period, zone, clock, tells=False):
        unit, count = period
        self.tells = tells
        self.now, self.clock = NOW, clock
        self.gateway, self.carrier = FakeGateway(), FakeCarrier()
        self.owner = make.make_user(time_zone=zone)
        self.line = make.make_line(owner=self.owner, time_zone=zone)
        make.make_profile(line=self.line)
        self.plan = make.make_plan(period_unit=unit, period_count=count)
        self.week = make.make_plan(period_count=7, prices={"USD": 900})
        order = paid_order(self.line, self.plan, now=self.now)
        orders.fulfil(order_id=order.pk, carrier=self.carrier, now=self.now)
        self.method = make.make_method(owner=self.owner, expires_year=2040)
        self.agree(Mode.AUTOMATIC, PayFrom.METHOD)

    @property
    def gateways(self):
        return {self.gateway.name: self.gateway}

    @property
    def row(self):
        return Subscription.objects.select_related(*RELATED).get(line=self.line)

    def take(self, step, *how):
        self.clock.move_to(self.now, tick=False)
        getattr(self, step.replace(" ", "_"))(*how)

    def tick(self, moment):
        self.now = moment
        self.clock.move_to(moment, tick=False)
        self.start_the_queue()
        with suppress(ChargingStopped):
            renewals.renew_due(gateways=self.gateways, carrier=self.carrier, now=moment)
            renewals.retry_declined(gateways=self.gateways, carrier=self.carrier, now=moment)
        expiry.expire_unpaid_orders(gateways=self.gateways, now=moment)
        if self.tells:
            send_reminders(now=moment)

    def start_the_queue(self):
        for order_id in queueing.start_due(now=self.now):
            orders.fulfil(order_id=order_id, carrier=self.carrier, now=self.now)
        queue_endings.take_in(now=self.now)

    def run_until(self, end):
        """Come by whenever something is due before `end`, a minute later where it stays due."""
        for _tick in range(MOST_TICKS * (10 if self.tells else 1)):
            coming = self.next_moment(after=self.now)
            if coming is None or coming >= end:
                break
            self.tick(coming)
        self.now = end

    def next_moment(self, *, after):
        row = self.row
        begins = (
            QueuedPlan.objects.ahead().filter(order__starts_at__gt=after).values_list("order__starts_at", flat=True)
        )
        moments = [
            row.lease_until,
            *begins,
            *Allowance.objects.filter(ends_at__gt=after).values_list("ends_at", flat=True),
        ]
        if row.mode in Mode.ON and row.state in {State.ACTIVE, State.PAST_DUE}:
            is_held_up = row.charge_due_at <= after
            moments.append(after + HOUR if is_held_up else row.charge_due_at)
        if self.tells and row.mode == Mode.AUTOMATIC and row.state == State.ACTIVE:
            moments.append(row.notice_due_at)
        return min((moment for moment in moments if moment and moment > after), default=None)

    def wait(self, hours):
        self.tick(self.now)
        self.run_until(self.now + hours * HOUR)
        self.tick(self.now)

    def nothing_runs(self, hours):
        """Renew nothing for a while; a plan that waits begins when the portal is back."""
        self.now += hours * HOUR
        self.clock.move_to(self.now, tick=False)
        self.start_the_queue()

    def price_becomes(self, minor, hours):
        valid_from = self.now + hours * HOUR + PlanPrice.objects.count() * timedelta(microseconds=1)
        PlanPrice.objects.create(plan=self.plan, currency="USD", amount=minor, valid_from=valid_from)

    def agree(self, mode, pay_from, limits=None):
        price = PlanPrice.objects.filter(plan=self.plan, valid_from__lte=self.now).order_by("valid_from").last()
        consent = Consent(
            plan=self.plan,
            price=price.money,
            pay_from=PayFrom(pay_from),
            method=None if pay_from == PayFrom.WALLET else self.method,
            mode=Mode(mode),
            limits=limits or Limits(),
            text="Renew it.",
            version="2026-11",
            ip=None,
        )
        with suppress(agreements.NothingToContinue, agreements.BeingCharged):
            agreements.turn_on(line=self.line, consent=consent, actor=self.owner, now=self.now)

    def limit(self, limits):
        times, amount = limits
        Subscription.objects.update(max_times=times, max_amount=amount)

    def another_card(self, is_second):
        self.method = make.make_method(owner=self.owner, brand="Mastercard", last_four="4444", expires_year=2040)
        Subscription.objects.exclude(state=State.IN_FLIGHT).update(
            **{"backup_method" if is_second else "method": self.method}
        )

    def card_is_gone(self):
        PaymentMethod.objects.update(removed_at=self.now)
        self.method = make.make_method(owner=self.owner, expires_year=2040)

    def bank_says(self, outcome):
        self.gateway.outcomes = {card.reference: outcome for card in PaymentMethod.objects.all()}

    def add_money(self, minor):
        fund(self.owner, Money(minor, "USD"))

    def renew_by_hand(self):
        price = PlanPrice.objects.filter(plan=self.plan, valid_from__lte=self.now).order_by("valid_from").last()
        order = paid_order(self.line, self.plan, price=price.money, now=self.now)
        orders.fulfil(order_id=order.pk, carrier=self.carrier, now=self.now)

    def queue_a_plan(self):
        order = buy(self.line, self.week, price=Money(900, "USD"), is_queued=True, now=self.now)
        pay(order.charges.get(), gateway=self.gateway, now=self.now)
        self.start_the_queue()

    def suspend(self):
        Line.objects.update(service_state=ServiceState.SUSPENDED, suspended_for=SuspendedFor.OWNER)

    def resume(self):
        Line.objects.update(service_state=ServiceState.ACTIVE, suspended_for="")

    def move_to(self, zone):
        Line.objects.update(time_zone=zone)

    def answer(self, given):
        asked = RenewalQuestion.objects.filter(answer="").last()
        if asked is not None:
            with suppress(NoLongerAsked, agreements.BeingCharged):
                questions.answer(asked, RenewalQuestion.Answer(given), actor=self.owner, ip=None, now=self.now)

    def turn_off(self):
        agreements.turn_off(subscription=self.row, actor=self.owner, ip=None, now=self.now)

    def staff_pause(self):
        staff_pauses.pause(subscription=self.row, reason="Asked for it", actor=self.owner, ip=None, now=self.now)

    def staff_resume(self):
        with suppress(agreements.NothingToContinue):
            staff_pauses.resume(subscription=self.row, reason="Asked for it", actor=self.owner, ip=None, now=self.now)

    def stop_charging(self):
        charging_stops.stop(reason="Wrong prices", actor=None, ip=None, now=self.now)

    def go_on(self):
        charging_stops.lift(reason="Right again", actor=None, ip=None, now=self.now)


@example(period=("day", 1), zone="America/New_York", steps=[("renew by hand",), ("nothing runs", 134)])
@example(period=("day", 1), zone="UTC", steps=[("bank says", "stolen_card"), ("wait", 447), ("nothing runs", 24)])
@given(period=PERIODS, zone=ZONES, steps=st.lists(STEPS, max_size=8))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    report_multiple_bugs=False,
)
def test_after_any_history_the_scheduler_does_what_was_foretold(db, time_machine, period, zone, steps):
    with transaction.atomic():
        history = History(period=period, zone=zone, clock=time_machine)
        for step in steps:
            history.take(*step)
        history.clock.move_to(history.now, tick=False)
        told = timeline(line=Line.objects.get(), now=history.now)
        one_voice(history, told)
        goes_as_foretold(history, told)
        expiry.expire_unpaid_orders(gateways=history.gateways, now=history.now)
        assert broken_invariants(now=history.now).keys() <= NOT_OF_MONEY
        transaction.set_rollback(True)


@given(period=PERIODS, zone=ZONES, steps=st.lists(HAPPENS, max_size=8))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=max(8, settings.default.max_examples // 5),
)
def test_no_charge_comes_without_a_notice_before_it(db, time_machine, period, zone, steps):
    """Whatever happens around it that is not its subscriber's own yes; the notice leaves before, quiet hours or not."""
    with transaction.atomic():
        history = History(period=period, zone=zone, clock=time_machine, tells=True)
        for step in steps:
            history.take(*step)
        history.wait(24 * 10)
        for order in Order.objects.filter(trigger="expiry", charges__isnull=False).distinct():
            first = order.charges.order_by("pk").first()
            notices = Notification.objects.filter(
                charge_notices(subscription_id=history.row.public_id, period_index=order.period_index),
                context__price={"minor": order.amount, "currency": "USD"},
            )
            told = [notice for notice in notices if notice.due_at < first.created_at]
            assert told, (order.period_index, first.created_at, list(notices.values_list("key", "due_at")))
        transaction.set_rollback(True)


def one_voice(history, told):
    """Front page, calendar and API foretell the same charge as the timeline."""
    row = history.row
    looks = (
        foresee_next([row], now=history.now)
        if row.mode in Mode.ON and row.state in {State.ACTIVE, State.PAST_DUE}
        else []
    )
    coming = [(one.at, one.action, one.reason, one.wallet_part, one.card, one.is_covered) for one in looks]
    look = told.coming
    assert coming == (
        [(look.at, look.action, look.reason, look.wallet_part, look.card, look.is_covered)] if look else []
    )
    shown = standing(line=row.line, user=history.owner, wishes={}, kinds=(), now=history.now).get("coming")
    charged_at = shown.at if shown and shown.charges else None
    assert charged_at == (look.at if look and look.charges else None)


def goes_as_foretold(history, told):
    before = set(Charge.objects.values_list("pk", flat=True)), set(Order.objects.values_list("pk", flat=True))
    look = told.decisive
    history.bank_says("paid")
    if look is None or told.outlook == Outlook.RESTS or charging_stops.is_stopped():
        history.tick(history.now)
        history.run_until(history.now + 9 * DAY)
        assert new_ones(before) == ([], [])
        return
    if look.at > history.now:
        # What was announced for now, or held until now, is looked at now.
        history.tick(history.now)
    history.run_until(look.at)
    assert new_ones(before) == ([], []), "nothing before its time"
    due, again = Subscription.objects.due(look.at), Subscription.objects.to_retry(look.at)
    lines = renewal_report.would_do(due | again, gateways=history.gateways, now=look.at)
    assert lines == [renewal_report.foretold(look)]
    history.tick(look.at)
    ended_as(look, row=history.row, new=new_ones(before))


def new_ones(before):
    charges, placed = before
    return list(Charge.objects.exclude(pk__in=charges)), list(Order.objects.exclude(pk__in=placed))


def ended_as(look, *, row, new):
    charged, placed = new
    if not look.charges:
        assert new == ([], [])
        assert (row.state, row.reason) == (State.PAUSED, look.reason)
    elif not look.is_covered:
        assert (charged, row.reason) == ([], "declined:balance_too_low")
    else:
        order = Order.objects.get(subscription=row, period_index=look.period_index)
        assert (order.state, row.state) == (Order.State.FULFILLED, State.ACTIVE)
        assert (order.total, order.wallet_part, order.to_charge) == (look.price, look.wallet_part, look.card_part)
        assert (order.starts_at, order.ends_at) == look.period
        assert [(one.money, one.method) for one in charged] == ([(look.card_part, look.card)] if look.card_part else [])
        assert len(placed) <= 1
