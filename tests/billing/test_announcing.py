"""What is charged days after it was announced is announced anew: an outage is made up for, a long stop surprises nobody."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core import mail

from accounts.letters import write_email, write_sms
from accounts.models import Notification
from accounts.notifications import deliver_due
from billing import agreements, charging_stops, orders, reconciliation, renewals, why
from billing.charging_stops import ChargingStopped
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Subscription
from billing.reminders import send_reminders
from billing.renewal_endings import set_aside
from billing.renewals import Stride
from plans.models import PlanPrice
from portal.lib.money import Money
from portal.lib.periods import PeriodUnit
from tests import make
from tests.billing.books import fund, paid_order
from tests.billing.test_crashes import Crash
from tests.fakes.gateway import FakeGateway

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
LONG = 20 * DAY


@pytest.fixture
def tick(gateway, carrier):
    """Let the scheduler look at a moment: what is due, what was refused, what is to be told."""

    def at(moment):
        gateways = {gateway.name: gateway}
        renewals.renew_due(gateways=gateways, carrier=carrier, now=moment)
        renewals.retry_declined(gateways=gateways, carrier=carrier, now=moment)
        send_reminders(now=moment)

    return at


def charge_notices():
    return Notification.objects.filter(kind="charge_notice")


def test_after_a_long_stop_it_is_told_first_and_charged_a_day_later(subscription, tick, gateway, now):
    charging_stops.stop(reason="Wrong prices", actor=None, ip=None, now=now)
    with pytest.raises(ChargingStopped):
        tick(now + DAY)
    charging_stops.lift(reason="Prices are right", actor=None, ip=None, now=now + LONG)

    tick(now + LONG)

    subscription.refresh_from_db()
    assert (gateway.taken, Order.objects.count()) == ([], 0)
    assert (subscription.state, subscription.reason) == (Subscription.State.ACTIVE, "stale")
    assert subscription.charge_due_at == now + LONG + DAY
    for hours in range(1, 24):
        tick(now + LONG + hours * HOUR)
    assert (gateway.taken, charge_notices().count()) == ([], 1)

    tick(now + LONG + DAY)
    tick(now + LONG + DAY)

    assert (len(gateway.taken), Order.objects.get().state) == (1, Order.State.FULFILLED)
    assert charge_notices().count() == 1
    deliver_due(now=now + LONG + DAY)
    assert broken_invariants(now=now + LONG + DAY) == {}


def test_the_letter_says_when_it_was_due_and_what_can_be_done(subscription, tick, now):
    Subscription.objects.update(method=make.make_method(owner=subscription.line.owner, last_four="1881"))

    tick(now + LONG)
    deliver_due(now=now + LONG)

    letter = next(one for one in mail.outbox if "renews on" in one.subject)
    assert letter.subject == f"{subscription.line} renews on 12 Dec 2026 for US$14.90"
    assert "It was due on 21 Nov 2026. We charged nothing by ourselves then" in letter.body
    assert "from 12 Dec 2026 until 11 Jan 2027" in letter.body
    assert "Paid from: Visa 1881." in letter.body
    assert "the line works again; renew it yourself, and it does at once" in letter.body
    assert "without a gap" not in letter.body
    assert f"/lines/{subscription.line.public_id}/auto-renewal/" in letter.body


def test_by_sms_it_is_told_in_one_message(subscription, tick, now):
    type(subscription.line).objects.update(nickname="My line for Italy")
    tick(now + LONG)
    notice = charge_notices().get()

    sms = write_sms(kind=notice.kind, user=subscription.line.owner, context=notice.context)

    assert sms == (
        "My line for Italy was due on 21 Nov 2026 and not charged. It renews on 12 Dec 2026 at 10:00 for US$14.90; "
        "stop it in the portal before then."
    )
    assert len(sms) <= 160


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_chinese_letters_put_no_space_between_sentences(subscription, tick, now, language):
    reader = subscription.line.owner
    reader.language = language
    tick(now + LONG)
    notice = charge_notices().get()
    bought = {"order_kind": "top_up", "trigger": "low_data", "plan": {"name": "Pack"}, "line": "Italy"}

    letter = write_email(kind=notice.kind, user=reader, context=notice.context)
    sms = write_sms(kind="order_fulfilled", user=reader, context={**bought, "money": notice.context["price"]})

    assert sms.count("。") > 1
    for text in (sms, letter.body):
        assert "。 " not in text
    assert f" http://localhost:8000/lines/{subscription.line.public_id}" in letter.body, "an address stands apart"


def test_why_was_i_charged_names_the_fresh_notice(subscription, tick, now):
    tick(now + LONG)
    deliver_due(now=now + LONG)
    tick(now + LONG + DAY)

    told = why.told_before(Order.objects.get())

    assert ["renews on 12 Dec 2026" in step.title for step in told] == [True]


@pytest.mark.parametrize(
    ("unit", "count", "late", "is_told"),
    [
        (PeriodUnit.DAY, 30, 3 * DAY, False),
        (PeriodUnit.DAY, 30, 4 * DAY, False),
        (PeriodUnit.DAY, 30, 4 * DAY + SECOND, True),
        (PeriodUnit.MONTH, 1, 4 * DAY, False),
        (PeriodUnit.YEAR, 1, 4 * DAY + SECOND, True),
        (PeriodUnit.DAY, 3, 3 * DAY, False),
        (PeriodUnit.DAY, 3, 3 * DAY + SECOND, True),
        (PeriodUnit.DAY, 1, DAY, False),
        (PeriodUnit.DAY, 1, DAY + SECOND, True),
    ],
)
def test_an_outage_is_made_up_for_at_once_up_to_a_period_and_four_days(
    line, tick, gateway, now, unit, count, late, is_told
):
    plan = make.make_plan(period_unit=unit, period_count=count)
    make.make_allowance(line=line, plan=plan, starts_at=now - 2 * DAY, ends_at=now + HOUR)
    make.make_subscription(line=line, plan=plan, charge_due_at=now)

    tick(now + late)

    assert len(gateway.taken) == (0 if is_told else 1)
    assert charge_notices().exists() is is_told


@pytest.mark.slow
@pytest.mark.parametrize(
    ("days", "at_hour", "told_after", "charged_after"),
    [(30, 10, 0, 24), (30, 22, 10, 34), (1, 10, 0, 3), (1, 22, 10, 13), (2, 23, 9, 33)],
)
def test_its_notice_has_its_time_after_a_night(line, tick, now, days, at_hour, told_after, charged_after):
    """Quiet from 21:00 to 08:00."""
    plan = make.make_plan(period_count=days)
    subscription = make.make_subscription(line=line, plan=plan, charge_due_at=now - LONG)
    moment = now.replace(hour=at_hour)

    for sweep in range(2 * charged_after):
        tick(moment + sweep * timedelta(minutes=30))

    subscription.refresh_from_db()
    notice = charge_notices().get()
    assert notice.due_at == moment + told_after * HOUR
    assert subscription.charge_due_at == moment + charged_after * HOUR


@pytest.mark.parametrize(
    "change",
    [
        lambda one, _now: PlanPrice.objects.filter(plan=one.plan).update(amount=1690),
        lambda one, now: type(one.method).objects.update(removed_at=now),
        lambda one, _now: type(one.plan).objects.update(is_active=False),
    ],
    ids=["price", "card", "withdrawn"],
)
def test_what_stands_in_its_way_is_told_instead(subscription, tick, gateway, now, change):
    change(subscription, now)

    tick(now + LONG)

    subscription.refresh_from_db()
    assert (gateway.taken, subscription.state) == ([], Subscription.State.PAUSED)
    assert not charge_notices().exists()
    assert Notification.objects.filter(kind="renewal_paused").count() == 1


def test_what_will_stand_in_its_way_by_then_is_not_announced(subscription, tick, gateway, now):
    PlanPrice.objects.create(plan=subscription.plan, currency="USD", amount=1690, valid_from=now + LONG + HOUR)

    for hours in range(26):
        tick(now + LONG + hours * HOUR)

    assert (gateway.taken, charge_notices().count()) == ([], 0)
    told = Notification.objects.filter(kind__in=["renewal_obstacle", "renewal_paused"]).values_list("kind", flat=True)
    assert list(told.order_by("pk")) == ["renewal_obstacle", "renewal_paused"]


def turn_off(subscription, now, carrier):
    agreements.turn_off(subscription=subscription, actor=subscription.line.owner, ip=None, now=now)


def renew_by_hand(subscription, now, carrier):
    order = paid_order(subscription.line, subscription.plan, now=now)
    orders.fulfil(order_id=order.pk, carrier=carrier, now=now)


@pytest.mark.parametrize("act", [turn_off, renew_by_hand])
def test_whoever_acts_on_the_notice_is_not_charged(subscription, tick, gateway, carrier, now, act):
    tick(now + LONG)
    act(subscription, now + LONG + HOUR, carrier)

    for hours in (24, 25, 48):
        tick(now + LONG + hours * HOUR)

    assert gateway.taken == []


def test_a_refused_charge_is_told_of_and_stays_on_its_rung(subscription, tick, gateway, now):
    reason = "declined:insufficient_funds"
    Subscription.objects.update(state="past_due", declines=2, reason=reason, suspend_due_at=now + 10 * DAY)

    tick(now + LONG)

    subscription.refresh_from_db()
    assert (subscription.state, subscription.declines, subscription.reason) == ("past_due", 2, reason)
    assert (gateway.taken, charge_notices().count()) == ([], 1)

    tick(now + LONG + DAY)
    assert len(gateway.taken) == 1


def test_a_yes_from_before_the_stop_is_told_of_as_well(subscription, tick, gateway, now):
    Subscription.objects.update(mode="ask", asked_index=1, approved_index=1)

    tick(now + LONG)
    assert (gateway.taken, charge_notices().count()) == ([], 1)

    tick(now + LONG + DAY)
    assert len(gateway.taken) == 1


def test_without_a_yes_nothing_is_announced_or_charged(subscription, tick, gateway, now):
    Subscription.objects.update(mode="ask", asked_index=1)

    tick(now + LONG)

    subscription.refresh_from_db()
    assert (gateway.taken, charge_notices().count(), subscription.reason) == ([], 0, "unanswered")


def test_a_worker_that_lost_its_claim_tells_nothing(subscription, now):
    late = now + LONG
    [claimed] = renewals.claim(Subscription.objects.due(late), now=late, limit=10)
    Subscription.objects.update(fence=claimed.fence + 1)

    [verdict] = renewals.judge([claimed], now=late)
    set_aside(verdict, now=late)

    subscription.refresh_from_db()
    assert (subscription.charge_due_at, Notification.objects.count()) == (now, 0)


class DiesOnce(FakeGateway):
    def prepare(self, charge):
        if not self.calls:
            self.calls.append("prepare")
            raise Crash
        return super().prepare(charge)


@pytest.mark.parametrize("first", ["reconciled", "renewed"])
def test_what_a_worker_had_written_down_when_all_went_off_is_told_first(subscription, carrier, now, first):
    gateway = DiesOnce()
    gateways = {gateway.name: gateway}
    with pytest.raises(Crash):
        renewals.renew_due(gateways=gateways, carrier=carrier, now=now)
    assert Charge.objects.get().state == Charge.State.CREATED
    late = now + 5 * DAY

    if first == "reconciled":
        reconciliation.reconcile_charges(gateway=gateway, now=late)
    for moment in (late, late + HOUR):
        renewals.renew_due(gateways=gateways, carrier=carrier, now=moment)

    assert (gateway.taken, Charge.objects.get().state) == ([], Charge.State.ABANDONED)
    assert charge_notices().count() == 1

    renewals.renew_due(gateways=gateways, carrier=carrier, now=late + DAY)

    assert (len(gateway.taken), Order.objects.get().state) == (1, Order.State.FULFILLED)
    deliver_due(now=late + DAY)
    assert broken_invariants(now=late + DAY) == {}


def ended_line(plan, now, **terms):
    """Make a renewal that came due when everything was stopped."""
    line = make.make_line(owner=make.make_user())
    make.make_profile(line=line)
    make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
    return make.make_subscription(line=line, plan=plan, anchor_at=now - 29 * DAY, charge_due_at=now, **terms)


@pytest.mark.slow
def test_a_wave_that_takes_many_runs_charges_and_tells_each_once(plan, gateway, carrier, now):
    lifted, no_more = now + LONG, now + LONG + 30 * HOUR
    refused = {"state": "past_due", "declines": 2, "reason": "declined:insufficient_funds"}
    charged = [
        *(ended_line(plan, now) for _line in range(3)),
        *(ended_line(plan, now, **refused, suspend_due_at=now + 10 * DAY) for _line in range(2)),
        ended_line(plan, now, mode="ask", asked_index=1, approved_index=1),
        from_balance := ended_line(plan, now, pay_from="wallet"),
    ]
    fund(from_balance.line.owner, Money(1490, "USD"))
    limited, resting = ended_line(plan, now, max_times=1), ended_line(plan, now)
    about = {"line": limited.line, "plan": plan, "subscription": limited, "period_index": 0, "trigger": "expiry"}
    make.make_order(owner=limited.line.owner, state="fulfilled", paid_at=lifted - DAY, **about)
    type(resting.line).objects.filter(pk=resting.line_id).update(service_state="suspended", suspended_for="owner")
    others = {limited.pk, resting.pk}

    moment = lifted
    while moment <= no_more:
        # A pair a run, as with a gateway that lets itself be asked slowly.
        how = {"gateways": {gateway.name: gateway}, "carrier": carrier, "now": moment}
        renewals.renew_due(**how, in_time=lambda: False, stride=Stride(batch=2))
        renewals.retry_declined(**how, in_time=lambda: False, stride=Stride(batch=2))
        send_reminders(now=moment)
        moment += timedelta(minutes=20)

    paid = Order.objects.filter(state="fulfilled", period_index=1).values_list("subscription", "paid_at")
    assert sorted(pk for pk, _at in paid) == sorted(one.pk for one in charged)
    assert all(at >= lifted + DAY for _pk, at in paid), "each has its day after the notice"
    assert len(gateway.taken) == len(charged) - 1
    told = Counter(charge_notices().values_list("user", flat=True))
    assert told == {one.line.owner_id: 1 for one in charged}
    assert Notification.objects.get(kind="renewal_limit_reached").user == limited.line.owner
    assert (
        set(Subscription.objects.filter(reason__in=["limit_reached", "suspended"]).values_list("pk", flat=True))
        == others
    )
