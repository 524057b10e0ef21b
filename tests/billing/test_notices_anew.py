"""What waited for the morning is true when it is read, or is not told: the evening's news may be no news any more."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Notification
from accounts.notifications import deliver_due, notify
from accounts.waited_notices import NO_LONGER_SO
from billing import agreements, announcing, card_upkeep, methods, questions, renewals, staff_pauses, verdicts
from billing.models import RenewalQuestion, Subscription
from billing.reminders import send_reminders
from esim import keep_alive
from esim.budgets import save_budget
from esim.carriers.base import UsageReport
from esim.models import Allowance, Line
from esim.usage import ingest
from plans.models import PlanPrice
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
Mode, State = Subscription.Mode, Subscription.State


@pytest.fixture
def evening(now):
    """Ten in the evening, an hour into the quiet that Ada keeps until eight."""
    return now.replace(hour=22)


@pytest.fixture
def morning(evening):
    return evening + 10 * HOUR


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, nickname="Italy trip")


@pytest.fixture
def renewing(line, plan, evening):
    """Charged in six days, and told of that this evening."""
    ends_at = evening + 7 * DAY
    make.make_allowance(line=line, plan=plan, starts_at=ends_at - 30 * DAY, ends_at=ends_at)
    row = make.make_subscription(line=line, plan=plan, anchor_at=ends_at - 30 * DAY, charge_due_at=ends_at - DAY)
    send_reminders(now=evening)
    return row


def letters(at):
    """Deliver what is due, and return what it says."""
    deliver_due(now=at)
    return [letter.subject for letter in mail.outbox]


def left_out():
    return list(Notification.objects.filter(state="left_out", error=NO_LONGER_SO).values_list("kind", flat=True))


def use(line, gigabytes, at):
    ingest(
        line=line,
        reports=[UsageReport(record_id=f"{at}", at=at, data_bytes=int(gigabytes * GB))],
        source="sim",
        now=at,
    )


def turned_off(row, at):
    agreements.turn_off(subscription=row, actor=row.line.owner, ip=None, now=at)


def paused(row, _at):
    Subscription.objects.filter(pk=row.pk).update(state=State.PAUSED, reason="price_changed")


def renewed_by_hand(row, at):
    paid = row.line.allowances.get()
    make.make_allowance(line=row.line, plan=row.plan, starts_at=paid.ends_at, ends_at=paid.ends_at + 30 * DAY)
    agreements.follow_purchase(line=row.line, now=at)


def paid_for_and_not_yet_moved(row, _at):
    paid = row.line.allowances.get()
    make.make_allowance(line=row.line, plan=row.plan, starts_at=paid.ends_at, ends_at=paid.ends_at + 30 * DAY)


def price_rises(row, at):
    PlanPrice.objects.create(plan=row.plan, currency="USD", amount=1990, valid_from=at)


def agreed_to_another_price(row, at):
    price_rises(row, at)
    Subscription.objects.filter(pk=row.pk).update(consent_amount=1990)


@pytest.mark.parametrize(
    "change",
    [turned_off, paused, renewed_by_hand, paid_for_and_not_yet_moved, price_rises, agreed_to_another_price],
    ids=lambda change: change.__name__,
)
def test_a_charge_that_will_not_come_is_not_announced_in_the_morning(renewing, evening, morning, change):
    change(renewing, evening + HOUR)

    assert letters(morning) == []
    assert left_out() == ["charge_notice"]


def test_a_dry_run_says_what_would_be_left_out_and_leaves_it(renewing, evening, morning, capsys):
    turned_off(renewing, evening + HOUR)

    call_command("deliver_notifications", "--at", morning.isoformat(), "--dry-run")

    assert capsys.readouterr().out.startswith("would leave out charge-7d:")
    assert Notification.objects.get().state == "queued"


def test_a_charge_that_still_comes_is_announced(renewing, morning):
    assert letters(morning) == ["Italy trip renews on 27 Nov 2026 for US$14.90"]
    assert left_out() == []


def test_the_notice_names_the_card_and_the_share_of_the_morning(renewing, subscriber, morning):
    other = make.make_method(owner=subscriber, brand="Mastercard", last_four="4444")
    Subscription.objects.update(method=other, pay_from="wallet_then_method")
    fund(subscriber, Money(500, "USD"))

    deliver_due(now=morning)

    assert "your balance with US$5.00, and Mastercard 4444 with US$9.90" in mail.outbox[0].body


def test_quiet_hours_that_are_over_do_not_hold_a_notice_back(renewing, subscriber, evening):
    """Told at another hour than it was planned for it is as true."""
    type(subscriber).objects.update(quiet_from=None, quiet_until=None)
    Notification.objects.update(due_at=evening)

    assert letters(evening + HOUR) == ["Italy trip renews on 27 Nov 2026 for US$14.90"]


def test_an_obstacle_that_is_gone_is_not_told(renewing, evening, morning):
    Notification.objects.all().delete()
    Subscription.objects.update(consent_amount=1390, notice_due_at=evening)
    send_reminders(now=evening)
    assert Notification.objects.get().kind == "renewal_obstacle"
    again = Notification.objects.values().get()

    PlanPrice.objects.update(amount=1390)
    assert letters(morning) == []

    PlanPrice.objects.update(amount=1490)
    Notification.objects.update(**{name: again[name] for name in ("state", "error", "attempts", "due_at")})
    assert letters(morning) == ["Italy trip will not renew by itself on 27 Nov 2026"]


def test_a_charge_announced_anew_is_told_in_the_morning_whatever_its_rung(line, plan, evening, morning):
    """What is late by days is told of by another hand than the sweep's, also after a refusal."""
    make.make_allowance(line=line, plan=plan, starts_at=evening - 40 * DAY, ends_at=evening - 10 * DAY)
    refused = {"state": State.IN_FLIGHT, "declines": 2, "reason": "declined:insufficient_funds"}
    row = make.make_subscription(line=line, plan=plan, charge_due_at=evening - 9 * DAY, **refused)
    [verdict] = verdicts.judge([row], now=evening)
    announcing.announce(verdict, now=evening)

    assert letters(morning) == ["Italy trip renews on 23 Nov 2026 for US$14.90"]
    assert "It was due on 12 Nov 2026." in mail.outbox[0].body


@pytest.fixture
def half_used(line, evening):
    return make.make_allowance(line=line, starts_at=evening - 10 * DAY, ends_at=evening + 20 * DAY, data_bytes=10 * GB)


def test_data_that_is_used_up_overnight_is_not_called_low_in_the_morning(line, half_used, evening, morning):
    use(line, 8, evening)
    send_reminders(now=evening)
    use(line, 2, evening + 4 * HOUR)
    send_reminders(now=evening + 4 * HOUR)
    assert letters(evening + 4 * HOUR) == ["The data of Italy trip is used up"]

    assert letters(morning) == ["The data of Italy trip is used up"]
    assert left_out() == ["data_reminder"]


def test_of_two_marks_passed_overnight_the_lower_is_told_with_what_is_left_by_then(line, half_used, evening, morning):
    for hours, gigabytes in enumerate([8, 1, 0.5]):
        use(line, gigabytes, evening + hours * HOUR)
        send_reminders(now=evening + hours * HOUR)

    assert letters(morning) == ["500 MB left on Italy trip"]


def test_data_bought_overnight_makes_the_warning_needless(line, half_used, evening, morning):
    use(line, 8, evening)
    send_reminders(now=evening)
    pack = make.make_data_pack()
    make.make_allowance(line=line, plan=pack, is_data_pack=True, data_bytes=5 * GB, ends_at=evening + 20 * DAY)

    assert letters(morning) == []


def test_a_plan_that_is_followed_since_is_not_said_to_end(line, plan, evening, morning):
    paid = make.make_allowance(line=line, plan=plan, starts_at=evening - 27 * DAY, ends_at=evening + 3 * DAY)
    send_reminders(now=evening)
    assert Notification.objects.get().key.startswith("expiry-3d")
    kept = Notification.objects.values().get()

    following = make.make_allowance(line=line, plan=plan, starts_at=paid.ends_at, ends_at=paid.ends_at + 30 * DAY)
    assert letters(morning) == []

    Allowance.objects.filter(pk=following.pk).update(taken_back_at=morning)
    Notification.objects.update(**{name: kept[name] for name in ("state", "error", "attempts", "due_at")})
    assert letters(morning) == ["Italy trip ends in 2 days, on 24 Nov 2026"], "counted in the morning"


@pytest.fixture
def asked(line, plan, evening):
    """Asked this evening whether to renew."""
    ends_at = evening + 3 * DAY
    make.make_allowance(line=line, plan=plan, starts_at=ends_at - 30 * DAY, ends_at=ends_at)
    row = make.make_subscription(
        line=line, plan=plan, mode=Mode.ASK, anchor_at=ends_at - 30 * DAY, charge_due_at=evening
    )
    renewals.renew_due(gateways={}, carrier=None, now=evening)
    return row


def test_who_has_answered_already_is_not_asked(asked, evening, morning):
    questions.answer(RenewalQuestion.objects.get(), "skip", actor=None, ip=None, now=evening + HOUR)

    assert letters(morning) == []
    assert left_out() == ["renewal_question"]


def test_who_has_not_answered_is_asked_in_the_morning(asked, morning):
    assert letters(morning) == ["Renew Italy trip for US$14.90?"]


def test_a_line_used_overnight_is_not_said_to_lapse(line, evening, morning):
    keep_alive.record_use(line, at=evening - 83 * DAY)
    send_reminders(now=evening)
    assert Notification.objects.get().kind == "keep_alive_reminder"
    kept = Notification.objects.values().get()
    line.refresh_from_db()
    before = line.last_used_at

    keep_alive.record_use(line, at=evening + HOUR)
    assert letters(morning) == []

    type(line).objects.update(last_used_at=before)
    Notification.objects.update(**{name: kept[name] for name in ("state", "error", "attempts", "due_at")})
    assert letters(morning) == ["Italy trip lapses in 6 days, on 28 Nov 2026, unless you use it"]


def test_a_budget_that_is_all_used_by_then_is_told_once(line, evening, morning):
    make.make_allowance(line=line, data_bytes=50 * GB, ends_at=evening + 20 * DAY)
    save_budget(line, None, 10 * GB, now=evening)
    use(line, 8, evening)
    assert letters(evening + HOUR) == []

    use(line, 2, evening + 2 * HOUR)
    deliver_due(now=evening + 2 * HOUR)
    deliver_due(now=morning)

    assert len(mail.outbox) == 1
    assert left_out() == ["budget_alert"]


@pytest.fixture
def ending_card(subscriber, evening):
    card = make.make_method(owner=subscriber, is_default=True, expires_year=2026, expires_month=11)
    type(card).objects.update(created_at=evening - 300 * DAY)
    card_upkeep.remind_about_cards(now=evening)
    return card


def test_a_card_removed_overnight_is_not_said_to_expire(ending_card, evening, morning):
    methods.retire(method=ending_card, now=evening + HOUR)

    assert letters(morning) == []


def test_a_card_that_still_expires_is_said_to(ending_card, morning):
    [subject] = letters(morning)

    assert "expires on 30 Nov 2026" in subject


def test_what_is_about_nothing_that_we_know_is_told_as_it_was_written(subscriber, evening, morning):
    context = {"line": "Italy trip", "left_bytes": GB, "data_bytes": 5 * GB, "plan": {"name": "x"}}
    notify(user=subscriber, kind="data_reminder", key="data-20:alw_0", context=context, now=evening)

    assert letters(morning) == ["1 GB left on Italy trip"]


def test_what_cannot_be_looked_at_again_is_told_as_it_was_written(renewing, morning, settings):
    settings.NOTICES_ANEW = "tests.billing.test_notices_anew.broken"

    assert letters(morning) == ["Italy trip renews on 27 Nov 2026 for US$14.90"]


def broken(*, notices, now):
    raise LookupError(notices)


def test_a_morning_costs_no_query_more_for_each_that_waited(subscriber, plan, evening, morning):
    costs = []
    for count in (3, 12):
        Notification.objects.all().delete()
        for _number in range(count):
            line = make.make_line(owner=subscriber)
            make.make_allowance(line=line, plan=plan, starts_at=evening - 27 * DAY, ends_at=evening + 3 * DAY)
        Allowance.objects.update(remind_due_at=evening)
        send_reminders(now=evening)
        waiting = Notification.objects.count()
        with CaptureQueriesContext(connection) as asked_for:
            deliver_due(now=morning)
        costs.append(len(asked_for) - 2 * waiting)

    assert costs[0] == costs[1]


def pause(row, *, now):
    staff_pauses.pause(subscription=row, reason="asked", actor=row.line.owner, ip=None, now=now)


def resume(row, *, now):
    row.refresh_from_db()
    staff_pauses.resume(subscription=row, reason="done", actor=row.line.owner, ip=None, now=now)


def suspend(row, **_when):
    Line.objects.filter(pk=row.line_id).update(service_state="suspended", suspended_for="owner")


def reactivate(row, **_when):
    Line.objects.filter(pk=row.line_id).update(service_state="active", suspended_for="")


def raise_price(row, *, now):
    PlanPrice.objects.create(plan=row.plan, currency="USD", amount=14900, valid_from=now)


def correct_price(row, *, now):
    PlanPrice.objects.create(plan=row.plan, currency="USD", amount=1490, valid_from=now)


@pytest.mark.parametrize(
    ("hinder", "free"),
    [(pause, resume), (suspend, reactivate), (raise_price, correct_price)],
    ids=lambda how: how.__name__,
)
def test_what_was_held_up_overnight_and_goes_on_is_announced_before_it_is_charged(
    line, gateway, carrier, evening, morning, hinder, free
):
    plan = make.make_plan(period_count=5)
    due = evening + 23 * HOUR
    end = due + 2 * HOUR
    make.make_allowance(line=line, plan=plan, starts_at=end - 5 * DAY, ends_at=end)
    row = make.make_subscription(line=line, plan=plan, anchor_at=end - 5 * DAY, charge_due_at=due)
    send_reminders(now=evening)
    hinder(row, now=evening + HOUR)
    deliver_due(now=morning)
    send_reminders(now=morning)
    free(row, now=morning + HOUR)

    for quarter in range(4, 12):
        send_reminders(now=morning + quarter * HOUR / 4)
    deliver_due(now=morning + 3 * HOUR)
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=due)

    told = Notification.objects.filter(kind="charge_notice").order_by("pk")
    assert list(told.values_list("state", flat=True)) == ["left_out", "sent"]
    assert len(gateway.taken) == 1
