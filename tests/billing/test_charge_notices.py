"""Notices before an automatic charge: each once, in time, true when they are read, and never after the charge."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from accounts.letters import write_email, write_sms
from accounts.models import Notification
from accounts.notifications import deliver_due
from billing.models import Order, Subscription
from billing.notice_keys import charge_notices
from billing.reminders import send_reminders
from billing.sales import automatic_facts, delivered_facts, facts
from esim.models import Line, ServiceState, SuspendedFor
from plans.models import PlanPrice
from portal.lib.money import Money
from portal.lib.periods import PeriodUnit
from tests import make
from tests.billing.books import fund

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, nickname="Italy trip")


def renewing(line, charge_at, *, days=30, **fields):
    """Let a plan of so many days run, and renew at `charge_at`, a day or two hours before its end."""
    plan = make.make_plan(period_unit=PeriodUnit.DAY, period_count=days)
    ends_at = charge_at + (DAY if days >= 7 else 2 * HOUR)
    make.make_allowance(line=line, plan=plan, starts_at=ends_at - days * DAY, ends_at=ends_at)
    anchor = ends_at - days * DAY
    return make.make_subscription(line=line, plan=plan, anchor_at=anchor, charge_due_at=charge_at, **fields)


def told(now):
    """Sweep, and return the first words of the keys that were written."""
    written = []
    send_reminders(now=now, hear=written.append)
    return [draft.key.split(":")[0] for draft in written]


def sweep(first, last):
    """Sweep every ten minutes; return what was told, and how long before `last`."""
    found, now = [], first
    while now <= last:
        found += [(name, last - now) for name in told(now)]
        now += TEN_MINUTES
    return found


def at(hours, now):
    return now.replace(hour=0) + hours * HOUR


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (30, [("charge-7d", 7 * DAY), ("charge-1d", DAY)]),
        (7, [("charge-7d", 7 * DAY), ("charge-1d", DAY)]),
        (3, [("charge-1d", DAY)]),
        (1, [("charge-3h", 3 * HOUR)]),
    ],
)
def test_each_charge_is_announced_before_it_on_the_rungs_of_its_period(line, now, days, expected):
    charge_at = now + 8 * DAY
    renewing(line, charge_at, days=days)
    moments = [charge_at - before + delta for _name, before in expected for delta in (-TEN_MINUTES, 0 * DAY, HOUR)]

    found = [(name, charge_at - moment) for moment in [*moments, charge_at] for name in told(moment)]

    assert found == expected


def test_after_72_hours_of_silence_the_latest_notice_is_sent_only(line, now):
    renewing(line, now + 10 * DAY)
    assert told(now + 2 * DAY) == []

    assert told(now + 9 * DAY + HOUR) == ["charge-1d"]
    assert told(now + 9 * DAY + 2 * HOUR) == []


def test_nothing_is_announced_once_it_is_due(line, now):
    renewing(line, now)

    assert told(now) == []


def test_a_charge_that_did_not_come_leaves_the_end_to_be_told_of(line, now):
    """All renewals may have been stopped by staff."""
    renewing(line, now)

    assert told(now + HOUR - TEN_MINUTES) == []
    assert told(now + HOUR) == ["expiry-1d"]


@pytest.mark.parametrize(
    "why",
    [
        {"state": Subscription.State.PAUSED},
        {"state": Subscription.State.PAST_DUE},
        {"mode": Subscription.Mode.OFF},
        {"consent_amount": 1390},
    ],
    ids=["paused", "declined", "off", "another price"],
)
def test_what_will_not_be_charged_is_not_announced(line, now, why):
    renewing(line, now + 6 * DAY, **why)

    assert [name for name in told(now) if name.startswith("charge")] == []


def test_a_charge_that_became_possible_again_is_announced(line, now):
    subscription = renewing(line, now + 6 * DAY, consent_amount=1390)
    told(now)
    PlanPrice.objects.filter(plan=subscription.plan).update(amount=1390)

    assert told(now + HOUR) == ["charge-7d"]


def test_a_price_that_begins_before_the_charge_is_known(line, now):
    subscription = renewing(line, now + 6 * DAY)
    PlanPrice.objects.create(plan=subscription.plan, currency="USD", amount=1990, valid_from=now + 3 * DAY)

    assert told(now) == []
    assert told(now + 3 * DAY) == ["renewal-obstacle"], "nobody can agree to it before"


def test_what_stands_in_the_way_is_told_a_week_before_and_once(line, now):
    subscription = renewing(line, now + 6 * DAY, consent_amount=1390)

    found = [name for hours in range(5 * 24) for name in told(now + hours * HOUR)]

    assert found == ["renewal-obstacle"]
    deliver_due(now=now)
    letter = mail.outbox[0]
    assert letter.subject == "Italy trip will not renew by itself on 27 Nov 2026"
    assert "The price has changed since you agreed." in letter.body
    assert "Price: US$13.90 → US$14.90" in letter.body
    assert "The line is paid until 28 Nov 2026." in letter.body
    assert f"/lines/{line.public_id}/auto-renewal/" in letter.body
    PlanPrice.objects.filter(plan=subscription.plan).update(amount=1290)
    assert told(now + 5 * DAY) == ["renewal-obstacle"], "another price is other news"


@pytest.mark.parametrize(
    ("charge_in_days", "expected"), [(6, ["renewal-obstacle"]), (9, [])], ids=["a gap", "the limit is over before"]
)
def test_a_limit_that_leaves_a_gap_is_told_a_week_before(line, now, charge_in_days, expected):
    """The month is over in nine days and some hours."""
    subscription = renewing(line, now + charge_in_days * DAY, max_times=1)
    fields = {"subscription": subscription, "trigger": Order.Trigger.EXPIRY, "state": Order.State.FULFILLED}
    make.make_order(owner=line.owner, line=line, period_index=0, paid_at=now - DAY, **fields)

    assert [name for day in range(charge_in_days) for name in told(now + day * DAY)] == expected
    for notice in Notification.objects.all():
        body = write_email(kind=notice.kind, user=notice.user, context=notice.context).body
        assert "It would pass the monthly limit you set for auto-renewal." in body


def test_who_suspended_the_line_needs_no_telling(line, now):
    renewing(line, now + 6 * DAY)
    Line.objects.update(service_state=ServiceState.SUSPENDED, suspended_for=SuspendedFor.OWNER)

    assert told(now) == []


def test_a_time_paid_for_by_hand_moves_the_notice_with_the_charge(line, now):
    subscription = renewing(line, now + 6 * DAY)
    last = line.allowances.get()
    make.make_allowance(line=line, plan=last.plan, starts_at=last.ends_at, ends_at=last.ends_at + 30 * DAY)

    assert told(now) == []

    Subscription.objects.filter(pk=subscription.pk).update(charge_due_at=now + 36 * DAY, period_index=2)
    assert told(now + 29 * DAY) == ["charge-7d"]


def test_a_charge_at_another_date_or_price_is_announced_anew(line, now):
    subscription = renewing(line, now + 6 * DAY)
    rows = Subscription.objects.filter(pk=subscription.pk)
    assert told(now) == ["charge-7d"]

    rows.update(charge_due_at=now + 6 * DAY + HOUR)
    assert told(now) == ["charge-7d"]

    PlanPrice.objects.filter(plan=subscription.plan).update(amount=1590)
    rows.update(consent_amount=1590)
    assert told(now) == ["charge-7d"]
    assert told(now) == []


def test_why_was_i_charged_finds_the_notices_of_its_period(line, now):
    subscription = renewing(line, now + 6 * DAY)
    told(now)
    told(now + 5 * DAY)

    mine = Notification.objects.owned_by(line.owner)
    of_this = charge_notices(subscription_id=subscription.public_id, period_index=1)
    of_next = charge_notices(subscription_id=subscription.public_id, period_index=11)

    assert [notice.kind for notice in mine.filter(of_this)] == ["charge_notice", "charge_notice"]
    assert not mine.filter(of_next)


def test_a_notice_says_what_is_charged_when_from_what_and_how_to_stop_it(line, subscriber, now):
    subscriber.time_zone = "Asia/Taipei"
    subscriber.save()
    subscription = renewing(line, datetime(2026, 11, 28, 17, 30, tzinfo=UTC))

    told(now + 12 * HOUR)
    deliver_due(now=datetime(2026, 11, 22, 4, 0, tzinfo=UTC))

    letter = mail.outbox[0]
    assert letter.subject == "Italy trip renews on 29 Nov 2026 for US$14.90"
    assert "renews by itself on 29 Nov 2026 at 01:30" in letter.body
    assert "Paid from: Visa 4242." in letter.body
    assert "until 30 Dec 2026" in letter.body
    assert "until 29 Nov 2026, 01:30" in letter.body
    assert f"/lines/{line.public_id}/auto-renewal/" in letter.body
    assert subscription.public_id not in letter.body


def test_a_notice_names_the_second_card_where_that_one_pays(line, subscriber, now):
    renewing(
        line,
        now + DAY,
        method=make.make_method(owner=subscriber, last_four="4242"),
        backup_method=make.make_method(owner=subscriber, last_four="5556"),
        uses_backup=True,
    )

    told(now)

    notice = Notification.objects.get(kind="charge_notice")
    letter = write_email(kind=notice.kind, user=subscriber, context=notice.context)
    assert "5556" in letter.body
    assert "4242" not in letter.body


@pytest.mark.parametrize(
    ("pay_from", "balance", "sentence"),
    [
        ("wallet_then_method", 500, "your balance with US$5.00, and Visa 4242 with US$9.90, as the balance stands now"),
        ("wallet_then_method", 5000, "your balance with US$14.90. There is US$50.00 in it now"),
        ("wallet", 5000, "your balance with US$14.90. There is US$50.00 in it now"),
    ],
)
def test_a_notice_says_the_share_of_the_balance(line, subscriber, now, pay_from, balance, sentence):
    fund(subscriber, Money(balance, "USD"))
    renewing(line, now + 6 * DAY, pay_from=pay_from)

    told(now)
    deliver_due(now=now)

    assert sentence in mail.outbox[0].body


@pytest.mark.parametrize(
    ("charge_hour", "quiet", "told_at_hour"),
    [
        (25, (21, 8), 21),  # 22:00 would be quiet until after the charge: the last sweep before the evening
        (36, (21, 8), 33),  # 09:00
        (34, (21, 8), 31),  # 07:00, quiet until 08:00, the charge is at 10:00
        (24 + 8, (21, 8), 21),
    ],
)
def test_quiet_hours_move_a_notice_but_never_beyond_its_charge(line, subscriber, now, charge_hour, quiet, told_at_hour):
    charge_at, midnight = at(charge_hour, now), now.replace(hour=0)
    renewing(line, charge_at, days=1)

    found = sweep(midnight + 16 * HOUR, charge_at)

    assert len(found) == 1
    told_at = charge_at - found[0][1]
    assert midnight + told_at_hour * HOUR - TEN_MINUTES <= told_at <= midnight + told_at_hour * HOUR
    assert Notification.objects.get().due_at < charge_at


@pytest.mark.parametrize(("language", "longest"), [("en", 160), ("zh-hans", 70), ("zh-hant", 70)])
def test_a_notice_by_sms_is_short_in_every_language(line, subscriber, now, language, longest):
    subscriber.language, subscriber.notify_by_sms, subscriber.phone_verified = language, True, True
    subscriber.phone = "+14155550101"
    subscriber.save()
    renewing(line, now + 6 * DAY)

    told(now)
    deliver_due(now=now)

    sms = Notification.objects.get(channel="sms")
    assert sms.state == Notification.State.SENT
    assert len(sms.body) <= longest


def test_the_letter_after_the_charge_says_that_it_was_automatic_and_why(subscriber, now):
    context = {
        **facts(order_id="ord_0123456789abcdef", kind="renewal", plan={"name": "Europe 10 GB"}, line="Italy trip"),
        **delivered_facts(line_id="lin_0123456789abcdef", starts_at=now, ends_at=now + 30 * DAY),
        **automatic_facts(trigger="expiry", card="Visa 4242"),
        "money": {"minor": 1490, "currency": "USD"},
    }

    letter = write_email(kind="order_fulfilled", user=subscriber, context=context)

    assert letter.subject == "Italy trip is renewed until 21 Dec 2026"
    assert "US$14.90 was paid by itself with Visa 4242, as you agreed." in letter.body
    assert "/orders/ord_0123456789abcdef/why/" in letter.body
    assert "US$14.90" in write_sms(kind="order_fulfilled", user=subscriber, context=context)
