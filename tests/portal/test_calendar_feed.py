"""The private calendar, read back by the library: what is in it, who may read it, and how a link is taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as project
from django.db import connection
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from accounts import calendar_links
from accounts.models import AuditEvent
from billing.models import Order, Subscription
from esim import keep_alive
from esim.models import Allowance
from plans.models import PlanPrice
from portal.calendar_feed import calendar_of
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def line(subscriber, now):
    line = make.make_line(owner=subscriber, nickname="Italy, trip; ç 号卡")
    allowance = make.make_allowance(line=line, ends_at=now + 20 * DAY)
    make.make_subscription(line=line, plan=allowance.plan, anchor_at=now - 10 * DAY, charge_due_at=now + 19 * DAY)
    return line


def events(user, now):
    calendar = Calendar.from_ical(calendar_of(user, now=now))
    return {event["uid"].partition("-")[0]: event for event in calendar.walk("VEVENT")}


def path_of(user):
    return calendar_links.address_of(user).removeprefix(project.PORTAL_BASE_URL)


def test_calendar_has_the_end_and_the_next_charge_of_a_line(line, subscriber, now):
    found = events(subscriber, now)

    assert set(found) == {"end", "charge"}
    assert found["end"].decoded("dtstart") == now + 20 * DAY
    assert found["charge"].decoded("dtstart") == now + 19 * DAY
    assert found["charge"].decoded("dtstart").utcoffset() == timedelta()
    assert str(found["charge"]["summary"]) == "Italy, trip; ç 号卡 renews for US$14.90"
    assert "Visa 4242" in str(found["charge"]["description"])
    assert line.msisdn not in calendar_of(subscriber, now=now).decode()


def test_more_lines_cost_no_more_queries(subscriber, now):
    costs = []
    for _number in range(3):
        paid = make.make_allowance(line=make.make_line(owner=subscriber), ends_at=now + 20 * DAY)
        make.make_subscription(line=paid.line, plan=paid.plan, charge_due_at=now + 19 * DAY)
        with CaptureQueriesContext(connection) as queries:
            calendar_of(subscriber, now=now)
        costs.append(len(queries))

    assert costs[0] == costs[2]


def test_an_event_keeps_its_id_and_says_that_it_changed(line, subscriber, now):
    before = events(subscriber, now)["charge"]
    Subscription.objects.update(charge_due_at=now + 18 * DAY, fence=1)

    after = events(subscriber, now + DAY)["charge"]

    assert after["uid"] == before["uid"]
    assert after["sequence"] > before["sequence"]
    assert after.decoded("dtstamp") > before.decoded("dtstamp")


@pytest.mark.parametrize(
    "changes", [{"state": "paused"}, {"mode": "off"}, {"consent_amount": 1}], ids=["paused", "off", "another price"]
)
def test_what_will_not_be_charged_is_not_in_it(line, subscriber, now, changes):
    Subscription.objects.update(**changes)

    assert set(events(subscriber, now)) == {"end"}


def test_a_price_that_begins_before_the_charge_is_known_to_it(line, subscriber, now):
    subscription = Subscription.objects.get()
    PlanPrice.objects.create(plan=subscription.plan, currency="USD", amount=1990, valid_from=now + 10 * DAY)

    assert set(events(subscriber, now)) == {"end"}


def test_a_refused_charge_moves_to_its_next_try(line, subscriber, now):
    before = events(subscriber, now)["charge"]
    Subscription.objects.update(state="past_due", declines=1, fence=1, charge_due_at=now + 19 * DAY + 6 * HOUR)

    after = events(subscriber, now + 19 * DAY)["charge"]

    assert after["uid"] == before["uid"]
    assert after.decoded("dtstart") == now + 19 * DAY + 6 * HOUR


def test_a_limit_moves_the_charge_to_the_next_month(line, subscriber, now):
    Subscription.objects.update(max_times=1, charge_due_at=now + DAY)
    Allowance.objects.update(ends_at=now + 2 * DAY)
    fields = {"subscription": Subscription.objects.get(), "trigger": Order.Trigger.EXPIRY, "period_index": 0}
    make.make_order(owner=subscriber, line=line, paid_at=now - DAY, state=Order.State.FULFILLED, **fields)

    assert events(subscriber, now)["charge"].decoded("dtstart") == datetime(2026, 12, 1, tzinfo=UTC)


def test_who_wants_to_be_asked_sees_when_and_then_the_charge(line, subscriber, now):
    Subscription.objects.update(mode="ask", charge_due_at=now + 17 * DAY)

    found = events(subscriber, now)
    assert set(found) == {"end", "question"}
    assert found["question"].decoded("dtstart") == now + 17 * DAY
    assert str(found["question"]["summary"]) == "Italy, trip; ç 号卡: renew for US$14.90?"

    Subscription.objects.update(approved_index=1, charge_due_at=now)
    assert set(events(subscriber, now)) == {"end", "charge"}


def test_shares_of_balance_and_card_are_named(line, subscriber, now):
    Subscription.objects.update(pay_from="wallet_then_method")
    fund(subscriber, Money(500, "USD"))

    assert "US$5.00 from the balance, US$9.90 from Visa 4242" in str(events(subscriber, now)["charge"]["description"])


def test_a_charge_that_the_balance_does_not_hold_is_not_called_a_renewal(line, subscriber, now):
    Subscription.objects.update(pay_from="wallet")
    fund(subscriber, Money(1489, "USD"))

    due = events(subscriber, now)["charge"]

    assert str(due["summary"]) == "Italy, trip; ç 号卡: US$14.90 is due"
    assert str(due["description"]).startswith("The balance does not hold enough at present.")


def test_a_line_that_lapses_for_want_of_use_is_in_it(line, subscriber, now):
    keep_alive.record_use(line, at=now - 10 * DAY)
    before = events(subscriber, now)["keep"]
    assert before.decoded("dtstart") == now + 80 * DAY
    line.refresh_from_db()

    keep_alive.record_use(line, at=now)

    after = events(subscriber, now)["keep"]
    assert (after["uid"], after.decoded("dtstart")) == (before["uid"], now + 90 * DAY)
    assert after["sequence"] > before["sequence"]


def test_hidden_lines_and_other_peoples_are_not_in_it(line, subscriber, stranger, now):
    line.hidden = True
    line.save()

    assert events(subscriber, now) == events(stranger, now) == {}


def test_calendar_speaks_the_readers_language(line, subscriber, now, settings):
    subscriber.language = "zh-hans"
    subscriber.save()

    assert Calendar.from_ical(calendar_of(subscriber, now=now))["x-wr-calname"]


def test_link_opens_without_signing_in_and_is_kept_by_nobody(client, line, subscriber):
    answer = client.get(path_of(subscriber))

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]
    assert "Set-Cookie" not in answer
    assert Calendar.from_ical(answer.content)


def test_a_new_link_takes_the_old_one_back(as_subscriber, line, subscriber):
    old = path_of(subscriber)

    page = as_subscriber.post("/settings/calendar/", follow=True)

    subscriber.refresh_from_db()
    assert path_of(subscriber) in page.content.decode()
    assert old not in page.content.decode()
    assert as_subscriber.get(old).status_code == 404
    assert as_subscriber.get(path_of(subscriber)).status_code == 200
    assert AuditEvent.objects.filter(subject=subscriber, action="account.calendar_link_replaced").count() == 1


def test_looking_at_the_settings_makes_no_new_link(as_subscriber, subscriber):
    assert as_subscriber.get("/settings/calendar/").status_code == 405
    subscriber.refresh_from_db()
    assert subscriber.calendar_version == 1


@pytest.mark.parametrize("spoil", [lambda token: token[:-1], lambda token: "x" + token, lambda token: token + "%00"])
def test_a_guess_opens_nothing(client, subscriber, spoil):
    token = calendar_links.token_of(subscriber)

    assert client.get(f"/calendar/{spoil(token)}.ics").status_code == 404


def test_a_deactivated_persons_link_opens_nothing(client, subscriber):
    path = path_of(subscriber)
    type(subscriber).objects.update(is_active=False)

    assert client.get(path).status_code == 404


def test_too_many_readings_are_refused_for_a_while(client, subscriber, stranger, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "calendar": "2/h/key"}
    answers = [client.get(path_of(subscriber)).status_code for _number in range(3)]

    assert answers == [200, 200, 429]
    assert client.get(path_of(stranger)).status_code == 200
