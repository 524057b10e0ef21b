"""The front page: what is left, until when, what needs its owner."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from billing import charging_stops
from billing.models import LedgerAccount, Subscription
from esim.carriers.base import UsageReport
from esim.models import DailyUsage, DownloadState, Line, ServiceState, SuspendedFor
from esim.usage import ingest
from plans import catalogue
from plans.models import PlanPrice
from plans.terms import PlanTerms
from portal.lib.data_size import GB, MB
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


def make_line(owner, now, *, state=DownloadState.ENABLED, **allowance):
    """Make a line of everyday life: installed, with a running plan."""
    line = make.make_line(owner=owner, usage_reported_at=now)
    make.make_profile(line=line, download_state=state)
    make.make_allowance(line=line, **allowance)
    return line


def home(client, **query):
    response = client.get(reverse("home"), query)
    assert response.status_code == 200
    return response.content.decode()


def words(html):
    """The text of a page, blanks folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_somebody_signed_out_is_sent_to_sign_in(client, db):
    response = client.get(reverse("home"))

    assert response.status_code == 302
    assert response["Location"].split("?")[0] == "/accounts/login/"


@pytest.mark.parametrize(
    ("lines", "mode", "queries"),
    [(0, "off", 3), (1, "off", 5), (20, "off", 5), (1, "automatic", 10), (20, "automatic", 10)],
)
def test_a_few_queries_do_for_any_number_of_lines(
    as_subscriber, subscriber, now, lines, mode, queries, django_assert_num_queries
):
    for number in range(lines):
        ends_at = now + 20 * DAY + number * timedelta(hours=7)
        line = make_line(subscriber, now, ends_at=ends_at)
        make.make_subscription(line=line, plan=make.make_plan(), mode=mode, charge_due_at=ends_at - DAY)
        DailyUsage.objects.create(line=line, date=now.date(), data_bytes=MB)
    catalogue.running_promotions(now=now)  # cached for all readers

    with django_assert_num_queries(queries):
        drawn = as_subscriber.get(reverse("home"))
    with django_assert_num_queries(3):
        kept = as_subscriber.get(reverse("home"))

    assert drawn.content.decode().count("<article") == lines
    assert kept.content.decode().count("<article") == lines


def test_without_lines_the_page_leads_to_the_plans(as_subscriber):
    html = home(as_subscriber)

    assert "No lines yet" in html
    assert reverse("plans:catalogue") in html


def test_a_card_says_what_is_left_until_when(as_subscriber, subscriber, now):
    line = make.make_line(owner=subscriber, nickname="Work phone", msisdn="+14155550101", usage_reported_at=now)
    make.make_profile(line=line, download_state=DownloadState.ENABLED)
    make.make_allowance(
        line=line,
        used_bytes=6200 * MB,
        voice_minutes=60,
        used_minutes=12,
        sms_count=50,
        used_sms=5,
        ends_at=now + 9 * DAY,
    )

    text = words(home(as_subscriber))

    assert "Work phone" in text
    assert "+1 415-555-0101" in text
    assert "Europe 10 GB" in text
    assert "3 countries" in text
    assert "3.8 GB left of 10 GB" in text
    assert "48 of 60 min left" in text
    assert "45 of 50 left" in text
    assert "until 30 Nov 2026 · in 9 days" in text
    assert "As of 10:00, network" in text
    assert "Auto-renewal is off" in text
    assert "In service" in text


def test_the_deeds_lead_where_they_say(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, state=DownloadState.RELEASED)

    html = home(as_subscriber)

    for name in ("billing:renew", "billing:top_up", "esim:install", "line"):
        assert reverse(name, args=[line.public_id]) in html
    assert reverse("billing:add_money") in html


def test_the_button_names_the_price_in_the_currency_of_the_reader(as_subscriber, subscriber, now):
    subscriber.currency = "EUR"
    subscriber.save()
    make_line(subscriber, now, plan=make.make_plan(prices={"USD": 1490, "EUR": 1390}))

    assert "Renew for €13.90" in words(home(as_subscriber))


def test_a_plan_no_longer_sold_names_no_price(as_subscriber, subscriber, now):
    make_line(subscriber, now, plan=make.make_plan(is_active=False))

    text = words(home(as_subscriber))

    assert "Renew for" not in text
    assert "Renew" in text


def test_a_card_says_when_it_renews_how_much_and_how(as_subscriber, subscriber, now):
    line = make_line(subscriber, now)
    make.make_subscription(line=line, plan=make.make_plan(), charge_due_at=now + 19 * DAY)

    assert "Renews 10 Dec 2026, US$14.90, Visa 4242" in words(home(as_subscriber))


@pytest.mark.parametrize(("days", "look"), [(2, ""), (20, "muted")])
def test_where_a_line_needs_its_owner_its_renewal_is_not_said_in_grey(as_subscriber, subscriber, now, days, look):
    make_line(subscriber, now, ends_at=now + days * DAY)

    looks = re.findall(r'<p class="(\w*)">\s*Auto-renewal is off', home(as_subscriber))

    assert looks == [look]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"mode": "off"}, "Auto-renewal is off"),
        ({"state": "paused"}, "Auto-renewal is paused"),
        ({"state": "in_flight"}, "Renewing now for US$14.90"),
        ({"state": "past_due"}, "US$14.90 could not be charged. Next try 10 Dec 2026"),
        ({"pay_from": "wallet"}, "Renews 10 Dec 2026, US$14.90, from the balance"),
        ({"pay_from": "wallet_then_method"}, "Renews 10 Dec 2026, US$14.90, balance first, then Visa 4242"),
        ({"mode": "ask"}, "Asks you 10 Dec 2026 whether to renew for US$14.90"),
        ({"mode": "ask", "asked_index": 2, "period_index": 2}, "Waits for your answer: renew for US$14.90?"),
    ],
)
def test_every_state_of_auto_renewal_has_words(as_subscriber, subscriber, now, fields, sentence):
    fund(subscriber, Money(2000, "USD"))
    renewing(subscriber, now, **fields)

    assert sentence in words(home(as_subscriber))


def renewing(owner, now, *, ends_at=None, **fields):
    """Make a line that renews itself a day before its end, in twenty days unless told otherwise."""
    line = make_line(owner, now, ends_at=ends_at or now + 20 * DAY)
    paid = line.allowances.get()
    fields = {"anchor_at": paid.starts_at, "charge_due_at": paid.ends_at - DAY, **fields}
    return make.make_subscription(line=line, plan=paid.plan, **fields)


def price_rises(subscription, now):
    PlanPrice.objects.create(plan=subscription.plan, currency="USD", amount=1690, valid_from=now + HOUR)


def plan_is_withdrawn(subscription, now):
    type(subscription.plan).objects.update(active_until=now + HOUR)


def terms_change(subscription, now):
    type(subscription).objects.update(consent_terms={**PlanTerms.of(subscription.plan).to_json(), "data_bytes": 1})


def card_is_removed(subscription, now):
    type(subscription.method).objects.update(removed_at=now)


def payment_is_disputed(subscription, now):
    line = subscription.line
    make.make_dispute(charge=make.make_charge(order=make.make_order(owner=line.owner, line=line)))


def limit_is_below_the_price(subscription, now):
    type(subscription).objects.update(max_amount=1489)


def card_is_not_charged_so_little(subscription, now):
    type(subscription).objects.update(consent_amount=49)
    PlanPrice.objects.filter(plan=subscription.plan).update(amount=49)


OBSTACLES = [
    price_rises,
    plan_is_withdrawn,
    terms_change,
    card_is_removed,
    payment_is_disputed,
    limit_is_below_the_price,
    card_is_not_charged_so_little,
]


@pytest.mark.parametrize("obstacle", OBSTACLES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("days", [2, 20])
def test_a_renewal_that_will_not_come_is_not_promised(as_subscriber, subscriber, now, obstacle, days):
    obstacle(renewing(subscriber, now, ends_at=now + days * DAY), now)

    text = words(home(as_subscriber))

    assert "As things stand, it will not renew by itself" in text
    assert "Renews" not in text
    assert ("Ends in 2 days" in text) == (days == 2), "nothing follows by itself"


def test_a_balance_that_does_not_hold_the_price_is_named(as_subscriber, subscriber, now):
    renewing(subscriber, now, ends_at=now + 2 * DAY, pay_from="wallet")
    fund(subscriber, Money(1489, "USD"))

    text = words(home(as_subscriber))

    assert "US$14.90 is due 22 Nov 2026, and the balance does not hold that much" in text
    assert "Ends in 2 days" in text


def test_what_is_paid_or_held_beyond_the_day_names_the_day_of_the_charge(as_subscriber, subscriber, now):
    paid_by_hand = renewing(subscriber, now, charge_due_at=now + 5 * DAY).line
    held = renewing(subscriber, now, ends_at=now + 2 * DAY, max_times=1)
    order = make.make_order(
        owner=subscriber, line=held.line, plan=held.plan, subscription=held, period_index=0, trigger="expiry",
        state="fulfilled", paid_at=now - DAY,
    )  # fmt: skip

    text = words(home(as_subscriber))

    assert order.line != paid_by_hand
    assert "Renews 10 Dec 2026" in text, "the scheduler finds it paid on the 26th"
    assert "Renews 1 Dec 2026" in text, "a limit lasts until the month is over"
    assert "Ends in 2 days" in text


def test_what_is_due_while_charging_is_stopped_waits(as_subscriber, subscriber, now):
    renewing(subscriber, now, ends_at=now + DAY - HOUR)
    charging_stops.stop(reason="Maintenance", actor=None, ip=None, now=now)

    assert "US$14.90 is due. At present we charge nothing by ourselves" in words(home(as_subscriber))


def test_what_should_have_been_charged_long_ago_names_the_day_after_its_notice(as_subscriber, subscriber, now):
    renewing(subscriber, now, ends_at=now - 9 * DAY)

    assert "Renews 22 Nov 2026, US$14.90, Visa 4242" in words(home(as_subscriber))


def test_who_shares_a_line_reads_of_renewal_only_where_it_comes(as_subscriber, subscriber, stranger, now):
    subscription = renewing(stranger, now)
    make.make_member(line=subscription.line, user=subscriber)
    assert "renews by itself" in words(home(as_subscriber))

    cache.clear()
    price_rises(subscription, now)

    assert "renews by itself" not in words(home(as_subscriber))


def test_the_balance_is_there_even_when_empty(as_subscriber):
    assert "US$0.00" in home(as_subscriber)


def test_every_balance_is_shown_the_own_currency_first(as_subscriber, subscriber):
    for currency, balance in (("CNY", 9800), ("USD", 1200), ("EUR", 0)):
        LedgerAccount.objects.create(kind="wallet", owner=subscriber, currency=currency, balance=balance)

    assert "US$12.00 · CN¥98.00" in words(home(as_subscriber))


def test_balances_of_others_stay_theirs(as_subscriber, stranger):
    LedgerAccount.objects.create(kind="wallet", owner=stranger, currency="USD", balance=777_00)

    # As a word: three digits in a row come about by chance in what makes a form unique.
    assert not re.search(r"\b777\b", home(as_subscriber))


def test_lines_of_others_stay_theirs(as_subscriber, stranger, now):
    line = make_line(stranger, now)

    assert line.nickname not in home(as_subscriber)


def test_what_needs_its_owner_comes_first(as_subscriber, subscriber, now):
    fine = make_line(subscriber, now)
    not_installed = make_line(subscriber, now, state=DownloadState.RELEASED)
    low = make_line(subscriber, now, used_bytes=9 * GB)
    soon = make_line(subscriber, now, ends_at=now + 2 * DAY)
    used_up = make_line(subscriber, now, used_bytes=10 * GB)
    ended = make_line(subscriber, now, ends_at=now - DAY)
    declined = make_line(subscriber, now)
    make.make_subscription(line=declined, plan=make.make_plan(), state=Subscription.State.PAST_DUE)
    suspended = make_line(subscriber, now)
    suspended.service_state = ServiceState.SUSPENDED
    suspended.save()

    html = home(as_subscriber)

    order = [suspended, declined, ended, used_up, soon, low, not_installed, fine]
    positions = [html.index(reverse("line", args=[line.public_id])) for line in order]
    assert positions == sorted(positions)
    assert "7 lines need attention" in html
    for badge in ("Suspended", "Payment declined", "Plan ended", "Data used up", "Ends in 2 days", "Data low",
                  "Not installed yet", "In service"):  # fmt: skip
        assert badge in words(html)


def test_a_line_that_renews_itself_does_not_warn_of_its_end(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, ends_at=now + DAY)
    subscription = make.make_subscription(line=line, plan=make.make_plan())

    assert "Ends tomorrow" not in words(home(as_subscriber))

    subscription.charge_due_at, subscription.reason = now + 10 * DAY, "limit_reached"
    subscription.save()
    assert "Ends tomorrow" in words(home(as_subscriber)), "its limit holds it until after the end"


def test_a_renewed_line_shows_the_new_end_and_what_follows(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, ends_at=now + DAY)
    make.make_allowance(line=line, starts_at=now + DAY, ends_at=now + 31 * DAY, plan=make.make_plan(name="Next plan"))

    text = words(home(as_subscriber))

    assert "until 22 Dec 2026 · in 31 days" in text
    assert "Next plan begins 22 Nov 2026" in text
    assert "In service" in text


def test_an_unlimited_plan_shows_what_is_left_of_today(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, data_bytes=None, daily_cap_bytes=5 * GB, throttled_kbps=1024)
    DailyUsage.objects.create(line=line, date=now.date(), data_bytes=2 * GB)
    DailyUsage.objects.create(line=line, date=now.date() - DAY, data_bytes=4 * GB)

    html = home(as_subscriber)

    assert "3 GB left today of 5 GB" in words(html)
    assert "at full speed, then 1 Mbit/s" in words(html)
    assert reverse("billing:top_up", args=[line.public_id]) not in html


def test_a_plan_that_began_today_has_the_full_speed_of_a_day(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, ends_at=now - HOUR, data_bytes=None, daily_cap_bytes=5 * GB, throttled_kbps=1024)
    capped = {"data_bytes": None, "daily_cap_bytes": 5 * GB, "throttled_kbps": 1024}
    make.make_allowance(line=line, **capped, starts_at=now - HOUR, used_bytes=2 * GB)
    DailyUsage.objects.create(line=line, date=now.date(), data_bytes=7 * GB)

    assert "3 GB left today of 5 GB" in words(home(as_subscriber))


def test_a_line_says_how_long_its_data_lasts_at_the_pace_of_the_month(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, ends_at=now + 20 * DAY, data_bytes=10 * GB)
    for back, used in ((0, 9 * GB), (1, 3 * GB), (2, GB), (9, 14 * GB)):
        DailyUsage.objects.create(line=line, date=now.date() - back * DAY, data_bytes=used)

    assert "At 2 GB a day, the data lasts until 26 Nov 2026" in words(home(as_subscriber))


def test_data_that_outlasts_the_plan_says_so(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, ends_at=now + 4 * DAY, data_bytes=10 * GB)
    for back in (1, 2, 3):
        DailyUsage.objects.create(line=line, date=now.date() - back * DAY, data_bytes=2 * GB)

    assert "At 2 GB a day, the data lasts until the plan ends" in words(home(as_subscriber))


def test_a_line_that_rests_is_not_foretold_to_run_out(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, ends_at=now + 20 * DAY, data_bytes=10 * GB)
    for back in (1, 2, 3):
        DailyUsage.objects.create(line=line, date=now.date() - back * DAY, data_bytes=2 * GB)
    assert "the data lasts" in words(home(as_subscriber))

    Line.objects.update(service_state=ServiceState.SUSPENDED, suspended_for=SuspendedFor.OWNER)

    assert "the data lasts" not in words(home(as_subscriber))


@pytest.mark.parametrize("days_ago", [0, 1, 31])
def test_without_use_on_three_days_no_pace_is_made_up(as_subscriber, subscriber, now, days_ago):
    line = make_line(subscriber, now)
    DailyUsage.objects.create(line=line, date=now.date() - days_ago * DAY, data_bytes=GB)

    assert "the data lasts" not in words(home(as_subscriber))


def test_an_unlimited_plan_that_is_slow_today_still_works(as_subscriber, subscriber, now):
    line = make_line(subscriber, now, data_bytes=None, daily_cap_bytes=5 * GB, throttled_kbps=1024)
    DailyUsage.objects.create(line=line, date=now.date(), data_bytes=6 * GB)

    assert "Slower until midnight" in words(home(as_subscriber))


def test_usage_of_all_lines_is_drawn_together(as_subscriber, subscriber, now):
    for _ in range(2):
        line = make_line(subscriber, now)
        DailyUsage.objects.create(line=line, date=now.date(), data_bytes=600 * MB)
        DailyUsage.objects.create(line=line, date=now.date() - 40 * DAY, data_bytes=9 * GB)

    html = home(as_subscriber)

    assert "Data used in the last 30 days: 1.2 GB" in words(html)
    assert "<svg" in html


def test_old_figures_show_their_day(as_subscriber, subscriber, now):
    line = make_line(subscriber, now)
    line.usage_reported_at = now - DAY
    line.save()

    assert "As of 20 Nov 2026, 10:00, network" in words(home(as_subscriber))


def test_hidden_lines_are_one_click_away(as_subscriber, subscriber, now):
    line = make_line(subscriber, now)
    line.hidden = True
    line.save()

    assert line.nickname not in home(as_subscriber)
    assert "Show one hidden line" in words(home(as_subscriber))
    assert line.nickname in home(as_subscriber, hidden="")


def test_a_terminated_line_is_gone(as_subscriber, subscriber, now):
    line = make_line(subscriber, now)
    line.service_state = ServiceState.TERMINATED
    line.save()

    assert line.nickname not in home(as_subscriber)


def test_a_line_being_set_up_says_so(as_subscriber, subscriber):
    make.make_line(owner=subscriber, msisdn="", service_state=ServiceState.PENDING)

    assert "Being set up" in words(home(as_subscriber))


def test_a_long_name_is_whole_and_escaped(as_subscriber, subscriber, now):
    line = make_line(subscriber, now)
    line.nickname = "<b>The tablet of the children in the car"
    line.save()

    assert "&lt;b&gt;The tablet of the children in the car" in home(as_subscriber)


def change_nickname(line, now):
    line.nickname = "Renamed"
    line.save()


def renew(line, now):
    make.make_allowance(line=line, starts_at=now + 20 * DAY, ends_at=now + 50 * DAY)


def top_up(line, now):
    make.make_allowance(line=line, is_data_pack=True, data_bytes=7 * GB)


def use(line, now):
    reports = [UsageReport(record_id="1", at=now, data_bytes=GB)]
    ingest(line=line, reports=reports, source="sim", now=now + timedelta(seconds=1))


def install(line, now):
    line.profiles.update(download_state=DownloadState.RELEASED)


def agree(line, now):
    make.make_subscription(line=line, plan=make.make_plan())


def add_money(line, now):
    LedgerAccount.objects.create(kind="wallet", owner=line.owner, currency="USD", balance=100)


def change_currency(line, now):
    line.owner.currency = "EUR"
    line.owner.save()


@pytest.mark.parametrize(
    "change",
    [change_nickname, renew, top_up, use, install, agree, add_money, change_currency],
    ids=lambda f: f.__name__,
)
def test_what_changed_shows_at_once(as_subscriber, subscriber, now, change):
    line = make_line(subscriber, now)
    before = words(home(as_subscriber))

    change(line, now)

    assert words(home(as_subscriber)) != before


def test_a_minute_later_the_page_says_so(as_subscriber, subscriber, now, time_machine):
    make_line(subscriber, now)
    home(as_subscriber)

    time_machine.move_to(now + timedelta(minutes=1), tick=False)

    assert "As of 10:01" in words(home(as_subscriber))


def test_a_page_that_was_kept_takes_forms_of_this_session(client, subscriber, now):
    make_line(subscriber, now)
    tokens = []
    for _ in range(2):
        client.logout()
        client.force_login(subscriber)
        tokens.append(re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', home(client))[1])

    assert len(set(tokens)) == 2
    assert {len(token) for token in tokens} == {64}


def test_a_message_is_shown_once(as_subscriber, subscriber, now):
    line = make_line(subscriber, now)
    home(as_subscriber)
    address = reverse("esim:line_settings", args=[line.public_id])
    as_subscriber.post(address, {"nickname": line.nickname, "time_zone": "UTC"})

    assert "Saved." in home(as_subscriber)
    assert "Saved." not in home(as_subscriber)
