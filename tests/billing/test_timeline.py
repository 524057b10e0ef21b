"""The timeline of a line: what it says today is what the dry run prints on the day, and what the scheduler then does."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from billing import charging_stops, gateways, renewal_report, renewals
from billing.foretelling import RELATED, foresee_next
from billing.models import Charge, Order, Subscription, TopUpRule
from billing.outlook_words import if_you_do_nothing
from billing.timeline import Outlook, timeline
from billing.timeline_events import What
from billing.timeline_words import steps_of
from esim.models import ServiceState
from plans.models import PlanPrice
from plans.terms import PlanTerms
from portal.lib.dates import held_together
from portal.lib.money import Money
from portal.lib.saying import join_sentences
from tests import make
from tests.billing.books import fund

pytestmark = [pytest.mark.usefixtures("at_now"), pytest.mark.slow]

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
State, Mode = Subscription.State, Subscription.Mode


@pytest.fixture
def world(line, plan, now):
    """Make auto-renewal of a 30-day plan that began ten days ago; `fields` are those of the subscription."""

    def make_world(*, ends_in=20 * DAY, plan=plan, starts=-10 * DAY, **fields):
        paid = make.make_allowance(line=line, plan=plan, starts_at=now + starts, ends_at=now + ends_in)
        fields.setdefault("charge_due_at", paid.ends_at - DAY)
        fields.setdefault("anchor_at", paid.starts_at)
        return make.make_subscription(line=line, plan=plan, **fields)

    return make_world


@pytest.fixture
def run(gateway, carrier, time_machine):
    """Let the scheduler do at a moment all it does."""

    def at(moment):
        time_machine.move_to(moment, tick=False)
        here = {gateway.name: gateway}
        renewals.renew_due(gateways=here, carrier=carrier, now=moment)
        renewals.retry_declined(gateways=here, carrier=carrier, now=moment)

    return at


def usd(minor):
    return Money(minor, "USD")


def dry_run(moment):
    """Return what `--dry-run --at` prints of both jobs."""
    due, again = Subscription.objects.due(moment), Subscription.objects.to_retry(moment)
    return renewal_report.would_do(due | again, gateways=gateways.by_name(), now=moment)


def plain(world, now):
    return world()


def month_from_the_31st(world, now):
    monthly = make.make_plan(period_unit="month", period_count=1)
    starts, ends = datetime(2026, 10, 31, 12, tzinfo=UTC), datetime(2026, 11, 30, 12, tzinfo=UTC)
    return world(plan=monthly, starts=starts - now, ends_in=ends - now)


def day_plan(world, now):
    a_day = make.make_plan(period_count=1)
    return world(plan=a_day, starts=-HOUR, ends_in=23 * HOUR, charge_due_at=now + 21 * HOUR)


def off_its_anchor(world, now):
    return world(anchor_at=now - 13 * DAY)


def balance_covers(world, now):
    subscription = world(pay_from="wallet_then_method")
    fund(subscription.line.owner, usd(2000))
    return subscription


def balance_helps(world, now):
    subscription = world(pay_from="wallet_then_method")
    fund(subscription.line.owner, usd(500))
    return subscription


def balance_is_empty(world, now):
    return world(pay_from="wallet_then_method")


def balance_alone(world, now):
    subscription = world(pay_from="wallet")
    fund(subscription.line.owner, usd(1490))
    return subscription


def balance_alone_is_too_low(world, now):
    subscription = world(pay_from="wallet")
    fund(subscription.line.owner, usd(1489))
    return subscription


def another_plan_queued(world, now):
    subscription = world()
    week = make.make_plan(period_count=7)
    make.make_allowance(line=subscription.line, plan=week, starts_at=now + 20 * DAY, ends_at=now + 27 * DAY)
    return subscription


def renewed_by_hand(world, now):
    subscription = world()
    make.make_allowance(
        line=subscription.line, plan=subscription.plan, starts_at=now + 20 * DAY, ends_at=now + 50 * DAY
    )
    return subscription


def price_rises_before(world, now):
    subscription = world()
    PlanPrice.objects.create(plan=subscription.plan, currency="USD", amount=1690, valid_from=now + 5 * DAY)
    return subscription


def price_rises_after(world, now):
    subscription = world()
    PlanPrice.objects.create(plan=subscription.plan, currency="USD", amount=1690, valid_from=now + 19 * DAY + HOUR)
    return subscription


def price_has_changed(world, now):
    subscription = world()
    PlanPrice.objects.create(plan=subscription.plan, currency="USD", amount=1290, valid_from=now - DAY)
    return subscription


def withdrawn_before(world, now):
    subscription = world()
    type(subscription.plan).objects.update(active_until=now + 3 * DAY)
    return subscription


def terms_have_changed(world, now):
    subscription = world()
    subscription.consent_terms = PlanTerms.of(subscription.plan).to_json() | {"data_bytes": 1}
    subscription.save()
    return subscription


def card_removed(world, now):
    subscription = world()
    type(subscription.method).objects.update(removed_at=now)
    return subscription


def card_expires_before(world, now):
    subscription = world()
    type(subscription.method).objects.update(expires_month=11, expires_year=2026)
    return subscription


def paid_time_is_over(world, now):
    return world(starts=-40 * DAY, ends_in=-10 * DAY, charge_due_at=now - 11 * DAY)


def paid_time_was_over_in_an_outage(world, now):
    """For 72 hours nothing ran."""
    return world(starts=-32 * DAY, ends_in=-2 * DAY, charge_due_at=now - 3 * DAY)


def day_plan_of_the_day_before_yesterday(world, now):
    return world(plan=make.make_plan(period_count=1), starts=-3 * DAY, ends_in=-2 * DAY)


def declined_before_a_long_stop(world, now):
    fields = {"state": State.PAST_DUE, "declines": 2, "reason": "declined:insufficient_funds"}
    return world(starts=-40 * DAY, ends_in=-10 * DAY, charge_due_at=now - 9 * DAY, **fields)


def said_yes_before_a_long_stop(world, now):
    answers = {"mode": Mode.ASK, "asked_index": 1, "approved_index": 1}
    return world(starts=-40 * DAY, ends_in=-10 * DAY, charge_due_at=now - 12 * DAY, **answers)


def asked_for_the_first_time(world, now):
    return world(mode=Mode.ASK, charge_due_at=now + 17 * DAY)


def said_yes(world, now):
    return world(mode=Mode.ASK, charge_due_at=now, ends_in=2 * DAY, starts=-28 * DAY, approved_index=1, asked_index=1)


def limit_of_the_month_reached(world, now):
    subscription = world(max_times=1, ends_in=5 * DAY, starts=-25 * DAY)
    make.make_order(
        owner=subscription.line.owner, line=subscription.line, subscription=subscription, period_index=0,
        trigger="expiry", state="fulfilled", paid_at=now - DAY, plan=subscription.plan,
    )  # fmt: skip
    return subscription


def limit_of_another_month(world, now):
    subscription = world(max_times=1, max_amount=1490)
    make.make_order(
        owner=subscription.line.owner, line=subscription.line, subscription=subscription, period_index=0,
        trigger="expiry", state="fulfilled", paid_at=now - DAY, plan=subscription.plan,
    )  # fmt: skip
    return subscription


def declined_once(world, now):
    return world(state=State.PAST_DUE, declines=1, charge_due_at=now + 6 * HOUR, ends_in=DAY, starts=-29 * DAY)


def declined_with_its_share_of_the_balance(world, now):
    subscription = world(
        pay_from="wallet_then_method", state=State.PAST_DUE, declines=1, charge_due_at=now + 6 * HOUR,
        ends_in=DAY, starts=-29 * DAY, reason="declined:insufficient_funds",
    )  # fmt: skip
    fund(subscription.line.owner, usd(500))
    order = make.make_order(
        owner=subscription.line.owner, line=subscription.line, plan=subscription.plan, subscription=subscription,
        period_index=1, plan_terms=PlanTerms.of(subscription.plan).to_json(), wallet_amount=400, expires_at=now + 8 * DAY, trigger="expiry",
    )  # fmt: skip
    make.make_charge(order=order, amount=1090, state="declined", settled_at=None, method=subscription.method)
    return subscription


def second_cards_turn(world, now):
    subscription = world(state=State.PAST_DUE, uses_backup=True, charge_due_at=now, ends_in=DAY, starts=-29 * DAY)
    subscription.backup_method = make.make_method(owner=subscription.line.owner, brand="Mastercard", last_four="4444")
    subscription.save()
    return subscription


WORLDS = [
    (plain, Outlook.CHARGE),
    (month_from_the_31st, Outlook.CHARGE),
    (day_plan, Outlook.CHARGE),
    (off_its_anchor, Outlook.CHARGE),
    (balance_covers, Outlook.CHARGE),
    (balance_helps, Outlook.CHARGE),
    (balance_is_empty, Outlook.CHARGE),
    (balance_alone, Outlook.CHARGE),
    (balance_alone_is_too_low, Outlook.TOO_LOW),
    (another_plan_queued, Outlook.CHARGE),
    (renewed_by_hand, Outlook.CHARGE),
    (price_rises_before, Outlook.WILL_PAUSE),
    (price_rises_after, Outlook.CHARGE),
    (price_has_changed, Outlook.WILL_PAUSE),
    (terms_have_changed, Outlook.WILL_PAUSE),
    (withdrawn_before, Outlook.WILL_PAUSE),
    (card_removed, Outlook.WILL_PAUSE),
    (card_expires_before, Outlook.CHARGE),
    (paid_time_is_over, Outlook.CHARGE),
    (paid_time_was_over_in_an_outage, Outlook.CHARGE),
    (day_plan_of_the_day_before_yesterday, Outlook.CHARGE),
    (declined_before_a_long_stop, Outlook.RETRY),
    (said_yes_before_a_long_stop, Outlook.CHARGE),
    (asked_for_the_first_time, Outlook.ASK),
    (said_yes, Outlook.CHARGE),
    (limit_of_the_month_reached, Outlook.CHARGE),
    (limit_of_another_month, Outlook.CHARGE),
    (declined_once, Outlook.RETRY),
    (declined_with_its_share_of_the_balance, Outlook.RETRY),
    (second_cards_turn, Outlook.RETRY),
]


@pytest.mark.parametrize(("make_world", "outlook"), WORLDS, ids=[build.__name__ for build, _outlook in WORLDS])
def test_what_is_said_today_is_printed_on_the_day_and_then_done(world, run, now, make_world, outlook):
    subscription = make_world(world, now)
    before = set(Charge.objects.values_list("pk", flat=True))
    told = timeline(line=subscription.line, now=now)
    assert told.outlook == outlook
    for event in told.events:
        if event.what in {What.QUESTION, What.REMINDER, What.HELD, What.ANNOUNCED}:
            run(event.at)

    look = told.decisive
    printed = dry_run(look.at)
    assert printed == [renewal_report.foretold(look)]
    run(look.at)

    subscription.refresh_from_db()
    charge = Charge.objects.exclude(pk__in=before).first()
    order = Order.objects.filter(subscription=subscription, period_index=look.period_index).first()
    if not look.charges:
        assert (subscription.state, subscription.reason) == (State.PAUSED, look.reason)
        assert (order, charge) == (None, None)
    elif not look.is_covered:
        assert (subscription.state, subscription.reason) == (State.PAST_DUE, "declined:balance_too_low")
        assert order is None
    else:
        assert (order.total, order.wallet_part, order.to_charge) == (look.price, look.wallet_part, look.card_part)
        assert (order.starts_at, order.ends_at) == (look.starts_at, look.ends_at)
        assert (order.state, subscription.state) == (Order.State.FULFILLED, State.ACTIVE)
        assert (charge.money, charge.method) == (look.card_part, look.card) if look.card_part else charge is None


@pytest.mark.parametrize("make_world", [build for build, _outlook in WORLDS], ids=lambda build: build.__name__)
def test_front_page_and_calendar_foretell_what_the_timeline_does(world, now, make_world):
    subscription = make_world(world, now)
    beside = make.make_line(owner=make.make_user())
    make.make_subscription(line=beside, plan=make.make_plan(period_count=7), charge_due_at=now + 9 * DAY)

    looks = foresee_next(Subscription.objects.select_related(*RELATED), now=now)

    [look] = [one for one in looks if one.subscription == subscription]
    assert told_of(look) == told_of(timeline(line=subscription.line, now=now).coming)


def told_of(look):
    return look.at, look.action, look.reason, look.list_price, look.wallet_part, look.card, look.is_covered, look.period


def seen(line, now, **rest):
    """The timeline as the page says it: what follows from doing nothing, and the titles of its moments."""
    told = timeline(line=line, now=now, **rest)
    return if_you_do_nothing(told), [str(step.title) for step in steps_of(told, now=now)]


def test_in_good_order_it_names_amount_card_period_and_each_notice(world, line, now):
    world()

    nothing, titles = seen(line, now)

    assert nothing == held_together(
        "On 10 Dec 2026, 10:00, US$14.90 is charged (Visa 4242), and the line goes on until 10 Jan 2027."
    )
    assert titles == [
        "We tell you about the charge",
        "We tell you about the charge",
        "US$14.90 is charged",
        "The paid time ends",
    ]


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ({"notify_by_email": True}, "By e-mail."),
        (
            {"notify_by_email": True, "notify_by_sms": True, "phone": "+14155550142", "phone_verified": True},
            "By e-mail, SMS.",
        ),
        ({"notify_by_email": False, "notify_by_sms": False}, "You have turned notices off."),
    ],
)
def test_a_notice_to_come_names_its_channels(world, line, now, channels, words):
    world()
    type(line.owner).objects.filter(pk=line.owner_id).update(**channels)

    assert steps_of(timeline(line=line, now=now), now=now)[0].text == words


def test_shares_and_second_card_are_named_with_the_charge(world, line, now):
    second = make.make_method(owner=line.owner, brand="Mastercard", last_four="4444")
    world(pay_from="wallet_then_method", backup_method=second)
    fund(line.owner, usd(500))

    told = timeline(line=line, now=now)

    charge = next(step for step in steps_of(told, now=now) if "is charged" in step.title)
    assert charge.text == held_together(
        "Paid from: US$5.00 from the balance, US$9.90 from Visa 4242. For 11 Dec 2026 to 10 Jan 2027. "
        "If the bank says no, Mastercard 4444 is tried at once."
    )
    assert charge.at == held_together("10 Dec 2026, 10:00 · in 19 days")


def test_a_price_that_changes_before_the_charge_is_foretold(world, line, now):
    price_rises_before(world, now)

    nothing, titles = seen(line, now)

    assert nothing == held_together(
        "The price changes to US$16.90 on 26 Nov 2026: nothing is charged until you agree. "
        "The line stops on 11 Dec 2026; the number stays yours."
    )
    assert titles == [
        "The price becomes US$16.90",
        "Auto-renewal pauses; nothing is charged",
        "The paid time ends",
    ]


def test_turned_off_nothing_is_charged_and_the_line_stops(world, line, now):
    world(mode=Mode.OFF)

    assert seen(line, now) == (
        held_together(
            "Nothing is charged: auto-renewal is off. The line stops on 11 Dec 2026; the number stays yours."
        ),
        ["The paid time ends"],
    )


def test_a_line_that_never_had_a_plan_has_an_empty_timeline(line, now):
    nothing, titles = seen(line, now)

    assert (nothing, titles) == (
        "Nothing is charged: auto-renewal is off. Without a plan the line has no data; the number stays yours.",
        [],
    )


def test_who_wants_to_be_asked_sees_the_question_its_reminder_and_what_silence_means(world, line, now):
    asked_for_the_first_time(world, now)

    nothing, titles = seen(line, now)

    assert nothing.startswith(
        held_together("We ask you on 8 Dec 2026; without your yes nothing is charged. The line stops on")
    )
    assert titles == ["We ask you whether to renew", "We ask once more", "The paid time ends"]


def test_a_refused_charge_shows_every_rung_to_come_and_the_suspension(world, line, now):
    subscription = declined_once(world, now)
    Subscription.objects.update(suspend_due_at=now + 10 * DAY)

    told = timeline(line=subscription.line, now=now)

    tries = [event.at for event in told.events if event.what in {What.CHARGE, What.RETRY}]
    assert tries == [now + delay for delay in (6 * HOUR, DAY, 3 * DAY, 5 * DAY, 7 * DAY)]
    assert told.when(What.SUSPENSION) == now + 10 * DAY


def test_a_limit_that_holds_beyond_the_paid_time_names_the_gap(world, line, now):
    limit_of_the_month_reached(world, now)

    nothing, titles = seen(line, now)

    assert held_together("On 1 Dec 2026, 00:00, US$14.90 is charged") in nothing
    assert held_together("It has no data from 26 Nov 2026 until then.") in nothing
    ends = next(step for step in steps_of(timeline(line=line, now=now), now=now) if step.title == "The paid time ends")
    assert (ends.state, ends.text) == ("attention", "No data from then on, unless the line is renewed.")
    assert titles[-3:] == ["The limit you set for a month is reached", "The paid time ends", "US$14.90 is charged"]


def test_a_limit_that_holds_now_is_named_until_the_month_is_over(world, line, run, now):
    limit_of_the_month_reached(world, now)
    run(now + 4 * DAY)

    nothing, titles = seen(line, now + 4 * DAY)

    assert nothing.startswith(
        held_together("The limit you set for this month is reached. On 1 Dec 2026, 00:00, US$14.90 is charged")
    )
    assert titles == ["The paid time ends", "We tell you about the charge", "US$14.90 is charged"]


def test_a_limit_below_the_price_is_never_passed(world, line, now):
    world(max_amount=1489)

    told = timeline(line=line, now=now)

    assert told.outlook == Outlook.UNKNOWN
    assert if_you_do_nothing(told).startswith("Nothing is charged as long as your limit is reached.")


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (paid_time_was_over_in_an_outage, timedelta()),
        (paid_time_is_over, DAY),
        (day_plan_of_the_day_before_yesterday, 3 * HOUR),
        (declined_before_a_long_stop, DAY),
        (said_yes_before_a_long_stop, DAY),
    ],
)
def test_what_was_due_long_ago_is_charged_after_a_fresh_notice(world, line, now, build, expected):
    build(world, now)

    told = timeline(line=line, now=now)

    assert told.decisive.at == now + expected
    assert (told.when(What.ANNOUNCED) == now) is bool(expected)


def test_it_says_that_it_is_told_anew_and_when_it_was_due(world, line, now):
    paid_time_is_over(world, now)

    nothing, titles = seen(line, now)

    assert nothing.startswith(held_together("On 22 Nov 2026, 10:00, US$14.90 is charged (Visa 4242)"))
    assert titles == ["The charge is announced anew", "US$14.90 is charged"]
    text = steps_of(timeline(line=line, now=now), now=now)[0].text
    assert text.startswith(held_together("It was due on 10 Nov 2026, and we charged nothing by ourselves then."))


def test_the_rungs_of_a_refused_charge_move_with_it(world, line, now):
    declined_before_a_long_stop(world, now)

    tries = [event.at - now for event in timeline(line=line, now=now).events if event.what in {What.CHARGE, What.RETRY}]

    assert tries == [delay * DAY for delay in (1, 3, 5, 7)]


def test_a_card_that_expires_first_is_pointed_at(world, line, now):
    card_expires_before(world, now)

    assert "Visa 4242 expires before the charge" in seen(line, now)[1]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("price_changed", "The price has changed since you agreed."),
        ("not_on_sale", "This plan is no longer sold."),
        ("method_removed", "The card that paid for it was removed."),
        ("undeliverable", "The network could not deliver the last renewal."),
        ("skipped", "You cancelled the last renewal."),
        ("unanswered", "Without your yes the last renewal"),
        ("not_asked", "We did not ask you in time"),
        ("disputed", "A payment for this line is disputed at your bank."),
        ("declined:stolen_card", "Your bank declined the card."),
        ("something staff wrote", "Auto-renewal is paused. Nothing is charged."),
    ],
)
def test_each_pause_says_why_and_what_it_means(world, line, now, reason, words):
    world(state=State.PAUSED, reason=reason)

    nothing, titles = seen(line, now)

    assert nothing.startswith(words)
    assert nothing.endswith(held_together("The line stops on 11 Dec 2026; the number stays yours."))
    assert titles == ["The paid time ends"]


def test_a_charge_under_way_is_said_to_be(world, line, now):
    world(state=State.IN_FLIGHT)

    assert seen(line, now)[0] == "US$14.90 is being charged right now."


def test_a_closed_line_is_charged_nothing(world, line, now):
    world()
    line.service_state = ServiceState.TERMINATED

    assert seen(line, now)[0] == "The line is closed. Nothing is charged."


def test_while_staff_have_stopped_charging_it_says_so_and_what_follows(world, line, now):
    world()
    charging_stops.stop(reason="Maintenance", actor=None, ip=None, now=now)

    nothing, _titles = seen(line, now)

    assert nothing.startswith(
        held_together("At present we charge nothing by ourselves: what is due waits until we go on. On 10 Dec 2026")
    )
    assert dry_run(now + 19 * DAY)[0].startswith("would do nothing while it stands: Nothing is charged automatically")


def test_of_two_lines_on_one_balance_the_first_due_takes_its_share_first(world, line, plan, now):
    first = world(pay_from="wallet_then_method")
    other = make.make_line(owner=line.owner)
    make.make_allowance(line=other, plan=plan, starts_at=now - 10 * DAY, ends_at=now + 20 * DAY)
    make.make_subscription(
        line=other, plan=plan, method=first.method, charge_due_at=now + 19 * DAY, pay_from="wallet_then_method"
    )
    fund(line.owner, usd(2000))

    printed = dry_run(now + 19 * DAY)

    assert "USD 14.90, the balance, " in printed[0]
    assert "USD 14.90, US$5.10 from the balance, US$9.80 from Visa 4242, " in printed[1]


def test_data_that_runs_out_and_a_plan_that_waits_stand_in_their_order(world, line, now):
    world(mode=Mode.OFF)
    queued = make.make_allowance(line=line, starts_at=now + 20 * DAY, ends_at=now + 50 * DAY)

    _nothing, titles = seen(line, now, queued=[queued], runs_out_at=now + 4 * DAY)

    assert titles == ["The data runs out", "Europe 10 GB begins", "The paid time ends"]


def test_to_look_ahead_changes_nothing(world, line, now):
    subscription = world(pay_from="wallet_then_method")
    columns = Subscription.objects.values().get()

    timeline(line=subscription.line, now=now)
    dry_run(now + 19 * DAY)

    assert Subscription.objects.values().get() == columns
    assert not Order.objects.exists()


def test_data_that_a_rule_buys_more_of_is_no_trouble(world, line, now):
    world(mode=Mode.OFF)
    pack = make.make_data_pack()
    rule = TopUpRule(kind="data", line=line, plan=pack, low_percent=10, currency="USD", consent_amount=600)

    told = timeline(line=line, runs_out_at=now + 4 * DAY, rule=rule, now=now)

    assert steps_of(told, now=now)[0].text == (
        "Before that, at 10%, 5 GB more is bought for US$6.00, within the limits you set."
    )


def test_an_unpaid_line_that_is_suspended_says_what_lifts_it(world, line, now):
    world(state=State.PAUSED, reason="declined:insufficient_funds", starts=-40 * DAY, ends_in=-10 * DAY)
    line.service_state, line.suspended_for = ServiceState.SUSPENDED, "unpaid"

    assert seen(line, now)[0] == (
        "Your bank declined the card: not enough funds. The line is suspended until it is paid; the number stays yours."
    )


def test_chinese_sentences_follow_each_other_without_a_space():
    with translation.override("zh-hant"):
        assert join_sentences("不會扣款。", "", "門號仍歸您。") == "不會扣款。門號仍歸您。"

    assert join_sentences("Nothing is charged.", "", "The number stays yours.") == (
        "Nothing is charged. The number stays yours."
    )
