"""Looking at what a line used: chart, records, sheet, the meter of full speed, and doubting a figure."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
from django.urls import reverse

from accounts.models import Ticket
from esim.models import DailyUsage, ThrottleSpell, UsageBudget, UsageRecord
from esim.throttle_meter import throttle_meter
from esim.usage_history import Window, last_months
from portal.lib.csv_rows import harmless
from portal.lib.data_size import GB, MB
from tests import make

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def line(subscriber, now):
    return make.make_line(owner=subscriber, nickname="Work", usage_reported_at=now, time_zone="Asia/Taipei")


def words(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def page(client, name, line, **query):
    response = client.get(reverse(f"esim:{name}", args=[line.public_id]), query)
    assert response.status_code == 200
    return words(response)


def record(line, at, **amounts):
    number = UsageRecord.objects.count()
    return UsageRecord.objects.create(line=line, source="network", record_id=f"r{number}", at=at, **amounts)


def sheet(client, line, **query):
    response = client.get(reverse("esim:usage_csv", args=[line.public_id]), query)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_usage_is_shown_by_day_by_month_and_for_a_month(as_subscriber, line):
    DailyUsage.objects.create(line=line, date=date(2026, 11, 20), data_bytes=2 * GB)
    DailyUsage.objects.create(line=line, date=date(2026, 9, 3), data_bytes=3 * GB)

    assert "The last 30 days 2 GB" in page(as_subscriber, "usage", line)
    assert "The last 12 months 5 GB" in page(as_subscriber, "usage", line, by="month")
    september = page(as_subscriber, "usage", line, month="2026-09")
    assert "Sep 2026 3 GB" in september
    assert "Next month" in september


def test_calls_and_sms_have_their_own_charts(as_subscriber, line):
    DailyUsage.objects.create(line=line, date=date(2026, 11, 20), voice_seconds=61, sms_count=7)

    assert "The last 30 days 2 min" in page(as_subscriber, "usage", line, what="calls")
    assert "The last 30 days 7" in page(as_subscriber, "usage", line, what="sms")


def test_an_address_made_up_shows_the_last_days(as_subscriber, line):
    for query in ({"month": "2026-13"}, {"month": "9999-01"}, {"month": "x"}, {"what": "love"}, {"by": "hour"}):
        assert "The last 30 days" in page(as_subscriber, "usage", line, **query)


def test_the_ends_of_the_calendar_break_no_page(as_subscriber, line, now):
    record(line, now - HOUR, data_bytes=5 * MB)

    assert "5 MB" in page(as_subscriber, "usage_records", line, since="0001-01-01", until="9999-12-31")
    assert "5 MB" not in page(as_subscriber, "usage_records", line, until="0001-01-01")
    assert "5 MB" not in page(as_subscriber, "usage_records", line, since="9999-12-31")
    page(as_subscriber, "usage", line, month="0001-01")


def test_a_window_knows_its_neighbours():
    today = date(2026, 11, 21)
    january = Window.of_month("2026-01", today=today)

    assert (january.first, january.last) == (date(2026, 1, 1), date(2026, 1, 31))
    assert (january.before, january.after(today)) == ("2025-12", "2026-02")
    assert Window.of_month("2026-11", today=today).after(today) == ""
    assert Window.recent(today).before == "2026-11"
    assert [month.month for month in last_months(today)] == [12, *range(1, 12)]


def test_records_are_narrowed_to_days_of_the_line(as_subscriber, line, now):
    # 20 November, 17:00 UTC, is the 21st in Taipei already.
    record(line, now - 17 * HOUR, data_bytes=5 * MB)
    record(line, now - 40 * HOUR, voice_seconds=185)

    first = page(as_subscriber, "usage_records", line, since="2026-11-21")
    assert "21 Nov 2026, 01:00" in first
    assert "5 MB" in first
    assert "3:05" not in first
    assert "3:05" in page(as_subscriber, "usage_records", line, what="calls")
    assert "Nothing was used on the days you chose." in page(as_subscriber, "usage_records", line, until="2026-01-01")


def test_days_in_the_wrong_order_are_explained(as_subscriber, line):
    address = reverse("esim:usage_records", args=[line.public_id])

    response = as_subscriber.get(address, {"since": "2026-11-20", "until": "2026-11-01"})

    assert response.status_code == 422
    assert "before the first one" in words(response)
    sheet_address = reverse("esim:usage_csv", args=[line.public_id])
    led_back = as_subscriber.get(sheet_address, {"since": "2026-11-20", "until": "2026-11-01"})
    assert led_back.url == f"{address}?since=2026-11-20&until=2026-11-01"


def test_the_sheet_holds_what_the_page_shows(as_subscriber, line, now):
    record(line, now - HOUR, data_bytes=1234, sms_count=1)
    record(line, now - 3 * DAY, data_bytes=1)

    head, *rows = sheet(as_subscriber, line, since="2026-11-21")

    assert head[2] == "Data (bytes)"
    assert rows == [["2026-11-21 17:00:00", "Asia/Taipei", "1234", "0", "1", "network", "r0"]]


def test_no_cell_is_a_formula(as_subscriber, line, now):
    record(line, now - HOUR, data_bytes=1)
    UsageRecord.objects.update(record_id='=HYPERLINK("http://evil.example")')

    assert sheet(as_subscriber, line)[1][-1].startswith("'=")
    assert [harmless(value) for value in ("+1", "-1", "@x", "\tx", -1, "a=b")] == [
        "'+1",
        "'-1",
        "'@x",
        "'\tx",
        -1,
        "a=b",
    ]


def test_a_stranger_sees_and_reports_nothing(client, stranger, line):
    client.force_login(stranger)

    for name in ("usage", "usage_records", "usage_csv", "looks_wrong"):
        assert client.get(reverse(f"esim:{name}", args=[line.public_id])).status_code == 404
    assert client.post(reverse("esim:looks_wrong", args=[line.public_id]), {"text": "x"}).status_code == 404


def make_unlimited(line, **fields):
    fields = {"data_bytes": None, "daily_cap_bytes": 20 * GB, "throttled_kbps": 1024, **fields}
    return make.make_allowance(line=line, **fields)


def test_the_meter_foretells_when_it_slows_down(line, now):
    make_unlimited(line)
    # 18:00 in Taipei: 15 GB in 18 hours leaves 5 GB for 6 more.
    DailyUsage.objects.create(line=line, date=date(2026, 11, 21), data_bytes=16 * GB)

    meter = throttle_meter(line, now=now)

    assert (meter.percent, meter.is_slow) == (80, False)
    assert meter.slows_at == now + 4.5 * HOUR
    assert meter.resets_at == now + 6 * HOUR


def test_the_meter_says_nothing_where_full_speed_lasts(line, now):
    make_unlimited(line)
    DailyUsage.objects.create(line=line, date=date(2026, 11, 21), data_bytes=10 * GB)

    assert throttle_meter(line, now=now).slows_at is None


def test_a_day_that_began_with_a_single_byte_is_foretold_like_any_other(line, now):
    make_unlimited(line)
    DailyUsage.objects.create(line=line, date=date(2026, 11, 21), data_bytes=1)

    assert throttle_meter(line, now=now).slows_at is None


def test_full_speed_is_back_when_the_plan_ends_before_the_day_does(line, now):
    make_unlimited(line, ends_at=now + HOUR)

    assert throttle_meter(line, now=now).resets_at == now + HOUR


def test_a_limited_plan_has_no_meter_of_speed(line, now):
    make.make_allowance(line=line)

    assert throttle_meter(line, now=now) is None


def test_past_hours_at_reduced_speed_are_told(as_subscriber, line, now):
    allowance = make_unlimited(line)
    DailyUsage.objects.create(line=line, date=date(2026, 11, 21), data_bytes=21 * GB)
    began = now - DAY - HOUR
    ThrottleSpell.objects.create(
        line=line, allowance=allowance, date=date(2026, 11, 20), kbps=1024, began_at=began,
        resets_at=began + 7 * HOUR, lifted_at=began + 7 * HOUR,
    )  # fmt: skip

    text = page(as_subscriber, "usage", line)

    assert "Today’s full speed is used up. The line works on at 1 Mbit/s" in text
    assert "Slowed down on 1 of the last 30 days" in text
    assert "7 h 0 min" in text
    assert "(Asia/Taipei)" in text


def test_doubting_a_figure_opens_one_ticket_that_carries_it(as_subscriber, line, now):
    make.make_allowance(line=line, used_bytes=4 * GB)
    record(line, now - HOUR, data_bytes=77)
    address = reverse("esim:looks_wrong", args=[line.public_id])
    form_key = re.search(r'name="form_key" value="([^"]+)"', as_subscriber.get(address).content.decode())[1]

    for _twice in range(2):
        response = as_subscriber.post(address, {"text": "I used nothing.", "form_key": form_key})

    ticket = Ticket.objects.get()
    assert response["Location"] == reverse("ticket", args=[ticket.public_id])
    assert ticket.about == [line.public_id]
    assert "4000000000 of" in ticket.references["allowances"]
    assert "77 bytes" in ticket.references["last records"]


def test_another_doubt_in_a_form_that_was_sent_is_not_dropped(as_subscriber, line):
    address = reverse("esim:looks_wrong", args=[line.public_id])
    form_key = str(as_subscriber.get(address).context["form"]["form_key"].value())
    as_subscriber.post(address, {"text": "I used nothing.", "form_key": form_key})

    asked = as_subscriber.post(address, {"text": "Yesterday neither.", "form_key": form_key})

    assert asked.status_code == 422
    assert "Yesterday neither." in asked.content.decode()
    assert str(asked.context["form"]["form_key"].value()) != form_key


def test_a_doubt_without_words_is_asked_again(as_subscriber, line):
    response = as_subscriber.post(reverse("esim:looks_wrong", args=[line.public_id]), {"text": ""})

    assert response.status_code == 422
    assert not Ticket.objects.exists()


def set_budget(client, line, **fields):
    return client.post(reverse("esim:usage_budget", args=[line.public_id]), {"daily": "", "monthly": "", **fields})


def test_a_budget_is_set_shown_changed_and_taken_away(as_subscriber, line):
    DailyUsage.objects.create(line=line, date=date(2026, 11, 21), data_bytes=450 * MB)

    assert set_budget(as_subscriber, line, daily="0.5", monthly="20")["Location"].endswith("/usage/")
    assert "Today 450 MB of 500 MB" in page(as_subscriber, "usage", line)
    form = as_subscriber.get(reverse("esim:usage_budget", args=[line.public_id])).content.decode()
    assert re.findall(r'value="([\d.]+)"', form) == ["0.5", "20"]
    set_budget(as_subscriber, line)
    assert "Set a budget" in page(as_subscriber, "usage", line)


def test_a_budget_that_makes_no_sense_is_explained_and_kept(as_subscriber, line):
    for wrong in ("0", "-1", "x", "99999999", "1e400", "NaN"):
        response = set_budget(as_subscriber, line, daily=wrong, monthly="20")
        assert response.status_code == 422
        assert f'value="{wrong}"' in response.content.decode()
    assert not UsageBudget.objects.exists()
