"""What is charged by itself stays within what the subscriber set for a calendar month."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Notification
from billing import agreements, charges, limits, questions, renewals, top_up_run
from billing.consenting import Limits
from billing.invariants import broken_invariants
from billing.models import Charge, Order, RenewalQuestion, Subscription, TopUpRule
from billing.top_up_invariants import limits_are_kept
from esim.models import Allowance, Line
from portal.lib.data_size import GB
from tests import make

DAY = timedelta(days=1)
NEXT_MONTH = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def rule(line, plan):
    make.make_allowance(line=line, plan=plan, used_bytes=10 * GB)
    return make.make_top_up_rule(line=line, plan=make.make_data_pack(), max_times=2)


@pytest.fixture
def run(gateway, carrier, line):
    """Use up all data and run the tick, at each of these moments."""

    def run(*moments):
        for at in moments:
            for one in Allowance.objects.filter(line=line):
                Allowance.objects.filter(pk=one.pk).update(used_bytes=one.data_bytes)
            top_up_run.top_up_low(gateways={gateway.name: gateway}, carrier=carrier, now=at)

    return run


def limited(rule, **changes):
    TopUpRule.objects.filter(pk=rule.pk).update(**changes)


def days(now, count):
    return [now + number * DAY for number in range(count)]


def told(kind):
    return Notification.objects.filter(kind=kind).count()


def test_no_more_purchases_a_month_than_were_allowed(rule, run, gateway, now):
    run(*days(now, 5))

    rule.refresh_from_db()
    assert len(gateway.taken) == 2
    assert (rule.state, rule.reason, rule.wait_until) == (TopUpRule.State.ACTIVE, "limit_reached", NEXT_MONTH)
    assert told("top_up_limit_reached") == 1
    assert broken_invariants(now=now) == {}


@pytest.mark.parametrize(("most", "bought"), [(1199, 1), (1200, 2), (1799, 2)])
def test_no_more_money_a_month_than_was_allowed(rule, run, gateway, now, most, bought):
    limited(rule, max_times=9, max_amount=most)

    run(*days(now, 4))

    assert len(gateway.taken) == bought


def test_next_month_it_goes_on_and_tells_again(rule, run, gateway, now):
    run(*days(now, 3))
    run(NEXT_MONTH - timedelta(seconds=1))
    assert len(gateway.taken) == 2

    run(*days(NEXT_MONTH, 4))
    assert len(gateway.taken) == 4
    assert told("top_up_limit_reached") == 2


def test_the_month_is_that_of_the_line(rule, run, gateway, line):
    Line.objects.filter(pk=line.pk).update(time_zone="Asia/Tokyo")
    limited(rule, max_times=1, max_amount=600)
    Allowance.objects.update(ends_at=datetime(2027, 1, 1, tzinfo=UTC))
    still_november, december_there = (
        datetime(2026, 11, 30, 14, 59, tzinfo=UTC),
        datetime(2026, 11, 30, 15, 0, tzinfo=UTC),
    )

    run(still_november - DAY, still_november)
    assert len(gateway.taken) == 1

    run(december_there)
    assert len(gateway.taken) == 2


def test_a_charge_in_doubt_counts_and_one_that_was_refused_does_not(rule, now):
    refused = make.make_order(owner=rule.owner, top_up_rule=rule, top_up_index=1, amount=600)
    make.make_charge(order=refused, state=Charge.State.DECLINED)
    assert limits.this_month(rule, now=now) == []

    in_doubt = make.make_order(owner=rule.owner, top_up_rule=rule, top_up_index=2, amount=600)
    make.make_charge(order=in_doubt, state=Charge.State.UNKNOWN, settled_at=None)
    assert [one.amount for one in limits.this_month(rule, now=now)] == [600]


def test_the_clock_change_does_not_move_the_month():
    month = limits.month_of(datetime(2026, 10, 25, 12, tzinfo=UTC), make.Line(time_zone="Europe/Berlin").zone)

    assert (month.begins_at, month.ends_at) == (
        datetime(2026, 9, 30, 22, tzinfo=UTC),
        datetime(2026, 10, 31, 23, tzinfo=UTC),
    )


@pytest.fixture
def subscription(line, plan, now):
    """Auto-renewal of a week that is due now, with one renewal charged by itself this month."""
    week = make.make_plan(period_count=7)
    make.make_allowance(line=line, plan=week, starts_at=now - 6 * DAY, ends_at=now + DAY)
    subscription = make.make_subscription(
        line=line, plan=week, anchor_at=now - 6 * DAY, charge_due_at=now, period_index=2, max_times=2
    )
    make.make_order(
        owner=line.owner,
        line=line,
        plan=week,
        subscription=subscription,
        period_index=1,
        trigger=Order.Trigger.EXPIRY,
        state=Order.State.FULFILLED,
        paid_at=now - 6 * DAY,
    )
    return subscription


@pytest.fixture
def renew(gateway, carrier):
    return lambda at: renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=at)


def test_auto_renewal_is_held_at_its_limit_told_once_and_goes_on_next_month(subscription, renew, gateway, now):
    renew(now)
    second = Subscription.objects.get().charge_due_at
    renew(second)
    renew(second + DAY)

    held = Subscription.objects.get()
    assert len(gateway.taken) == 1
    assert (held.state, held.reason, held.charge_due_at) == (Subscription.State.ACTIVE, "limit_reached", NEXT_MONTH)
    assert told("renewal_limit_reached") == 1

    renew(NEXT_MONTH)
    assert len(gateway.taken) == 2


def test_renewing_by_hand_does_not_count(subscription, renew, gateway, now):
    Order.objects.update(trigger=Order.Trigger.CLICK)

    renew(now)
    renew(Subscription.objects.get().charge_due_at)

    assert len(gateway.taken) == 2


def test_a_refused_renewal_is_not_counted_against_itself_while_somebody_pays_it(
    subscription, renew, gateway, carrier, now
):
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"
    renew(now)
    rung = Subscription.objects.get().charge_due_at
    charges.start_charge(order=Order.objects.latest("pk"), gateway_name=gateway.name, now=rung)

    renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=rung)

    assert told("renewal_limit_reached") == 0
    assert Subscription.objects.get().state == Subscription.State.IN_FLIGHT, "nobody knows yet whether it is paid"


def test_who_is_asked_first_is_asked_although_a_limit_is_reached(subscription, renew, gateway, now):
    Subscription.objects.update(mode="ask", max_times=1)
    renew(now)
    question = RenewalQuestion.objects.get()

    questions.answer(question, RenewalQuestion.Answer.RENEW, actor=None, ip=None, now=now)
    renew(now)
    assert (gateway.taken, told("renewal_limit_reached")) == ([], 1)

    renew(NEXT_MONTH)
    assert len(gateway.taken) == 1, "the yes still counts when the month is over"


def test_a_renewal_that_would_cost_too_much_this_month_waits(subscription, renew, gateway, now):
    Subscription.objects.update(max_times=None, max_amount=2000)

    renew(now)

    assert gateway.taken == []
    assert Subscription.objects.get().reason == "limit_reached"


def test_an_invariant_finds_what_passed_a_limit(rule, run, now):
    run(*days(now, 2))
    assert limits_are_kept(now + DAY) == []

    rule.agreement.limits["max_times"] = 1
    rule.agreement.save()

    (sentence,) = limits_are_kept(now + DAY)
    assert f"agreement {rule.agreement.public_id}" in sentence
    assert "2 orders for 1200" in sentence


@pytest.mark.parametrize(
    ("at", "zone"),
    [
        (datetime(2026, 11, 30, 23, 30, tzinfo=UTC), "Pacific/Auckland"),
        (datetime(2026, 11, 1, 0, 30, tzinfo=UTC), "America/Los_Angeles"),
    ],
)
def test_who_moves_to_another_zone_breaks_no_invariant(rule, run, now, at, zone):
    """Two charges of two months there are two of one month here; an invariant about money would stop everybody's."""
    limited(rule, max_times=1)
    rule.agreement.limits["max_times"] = 1
    rule.agreement.save()
    other = datetime(2026, 10 if at.month == 11 and at.day == 1 else 12, 15, tzinfo=UTC)
    for moment in sorted([at, other]):
        limited(rule, wait_until=None)
        Allowance.objects.update(starts_at=moment - DAY, ends_at=moment + DAY, used_bytes=0)
        run(moment)
    assert Order.objects.count() == 2

    Line.objects.update(time_zone=zone)

    assert limits_are_kept(other + 20 * DAY) == []


def test_what_its_subscriber_paid_on_a_page_is_not_charged_by_itself(rule, run, now):
    run(*days(now, 2))
    rule.agreement.limits["max_times"] = 1
    rule.agreement.save()

    Charge.objects.filter(pk=Charge.objects.first().pk).update(off_session=False)

    assert limits_are_kept(now + DAY) == []


def test_a_limit_reached_again_after_it_was_raised_is_told_again(line, gateway, carrier, now):
    plan = make.make_plan(period_count=1)
    end = now + timedelta(hours=2)
    make.make_allowance(line=line, plan=plan, starts_at=end - DAY, ends_at=end)
    row = make.make_subscription(line=line, plan=plan, anchor_at=end - DAY, charge_due_at=now, max_times=1)

    def renew(at):
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=at)

    renew(now)
    renew(now + DAY)
    consent = make.make_consent(plan=plan, method=row.method, limits=Limits(max_times=2))
    raised_at = now + DAY + timedelta(hours=1)
    agreements.turn_on(line=line, consent=consent, actor=line.owner, now=raised_at)
    renew(raised_at)
    renew(now + 2 * DAY)

    row.refresh_from_db()
    assert (row.reason, len(gateway.taken)) == ("limit_reached", 2)
    assert Notification.objects.filter(kind="renewal_limit_reached").count() == 2
