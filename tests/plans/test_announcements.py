"""What is announced, to whom, until when, and how a banner goes away for good."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from plans import announcements
from plans.models import AnnouncementDismissal
from tests import make

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
CATALOGUE = "/plans/"


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


def page(client, path=CATALOGUE, **headers):
    return client.get(path, headers=headers).content.decode()


def close(client, row, **form):
    return client.post(reverse("plans:close_announcement", args=[row.public_id]), form)


def test_a_banner_stands_on_pages_and_other_news_only_in_the_list(client):
    make.make_announcement(title="Slower on Sunday", is_banner=True)
    make.make_announcement(title="A plan for Japan")

    listed = page(client, reverse("plans:announcements"))

    assert "Slower on Sunday" in page(client)
    assert "A plan for Japan" not in page(client)
    assert "Slower on Sunday" in listed
    assert "A plan for Japan" in listed


def test_it_is_shown_within_its_window(client, now):
    windows = {"no end": (-1, None), "now": (-1, 1), "to come": (1, None), "over": (-2, -1), "just begun": (0, 1)}
    rows = {
        title: make.make_announcement(
            title=title,
            is_banner=True,
            shown_from=now + begins * DAY,
            shown_until=None if ends is None else now + ends * DAY,
        )
        for title, (begins, ends) in windows.items()
    }
    shown = page(client)
    codes = {
        title: client.get(reverse("plans:announcement", args=[row.public_id])).status_code
        for title, row in rows.items()
    }

    assert {title for title in rows if f">{title}<" in shown} == {"no end", "now", "just begun"}
    assert {title for title, code in codes.items() if code == 404} == {"to come", "over"}


def test_a_kept_page_loses_the_banner_when_its_time_is_over(client, now, time_machine):
    row = make.make_announcement(is_banner=True, shown_until=now + timedelta(seconds=30))
    before = page(client)
    time_machine.move_to(now + timedelta(seconds=31), tick=False)

    assert row.title in before
    assert row.title not in page(client)


def test_it_speaks_the_reader_s_language_or_english(client):
    make.make_announcement(title="Slower", title_zh_hans="较慢", is_banner=True)

    assert "较慢" in page(client, **{"accept-language": "zh-hans"})
    assert "Slower" in page(client, **{"accept-language": "zh-hant"})


def test_it_may_be_for_one_language_or_for_whoever_is_signed_in(client, subscriber):
    make.make_announcement(title="Only Hant", languages=["zh-hant"], is_banner=True)
    make.make_announcement(title="Members", audience="signed_in", is_banner=True)
    english, chinese = page(client), page(client, **{"accept-language": "zh-hant"})
    client.force_login(subscriber)
    signed_in = page(client, "/")

    assert [title in text for title in ("Only Hant", "Members") for text in (english, chinese, signed_in)] == [
        *(False, True, False),
        *(False, False, True),
    ]


def test_what_a_visitor_closed_stays_closed_in_that_browser(client):
    row = make.make_announcement(is_banner=True)
    before = page(client)

    answer = close(client, row, next="/plans/?region=europe")

    assert row.title in before
    assert answer["Location"] == "/plans/?region=europe"
    assert row.title not in page(client)
    assert row.title in page(client, reverse("plans:announcements"))


def test_what_a_person_closed_stays_closed_in_every_browser(client, subscriber):
    row = make.make_announcement(is_banner=True)
    client.force_login(subscriber)
    assert row.title in page(client, "/")

    close(client, row)
    close(client, row)
    client.cookies.pop(announcements.COOKIE)

    assert row.title not in page(client, "/")
    assert subscriber.public_id not in AnnouncementDismissal.objects.get().reader


def test_what_must_be_seen_can_not_be_closed_and_nobody_is_led_astray(client):
    row = make.make_announcement(is_banner=True, is_dismissible=False)

    answer = close(client, row, next="https://evil.example/")

    assert answer["Location"] == reverse("plans:announcements")
    assert row.title in page(client)
    for word in ("account_logout", "nothing:here", "a\x00b"):
        assert close(client, row, next=word)["Location"] == reverse("plans:announcements")


def test_pages_cost_no_query_for_it_once_it_is_known(client, django_assert_num_queries):
    make.make_announcement(is_banner=True)
    page(client)
    announcements.at_hand.clear()

    with django_assert_num_queries(0):
        page(client)


def test_staff_announce_with_a_preview_before_its_time(client, staff, now, django_capture_on_commit_callbacks):
    client.force_login(staff)
    form = {
        "title": "Strike",
        "text": "Trains stand still.",
        "link": "javascript:alert(1)",
        "level": "warning",
        "languages": ["en"],
        "audience": "everybody",
        "is_banner": "on",
        "is_dismissible": "on",
        "shown_from_0": f"{now + DAY:%Y-%m-%d}",
        "shown_from_1": "10:00:00",
        "shown_until_0": "",
        "shown_until_1": "",
    }
    add = reverse("admin:plans_announcement_add")
    refused = client.post(add, form)

    with django_capture_on_commit_callbacks(execute=True):
        saved = client.post(add, {**form, "link": "/plans/"})
    row = announcements.Announcement.objects.get()
    preview = page(client, reverse("plans:announcement", args=[row.public_id]))

    assert "Write a page of this portal" in refused.content.decode()
    assert saved.status_code == 302
    assert "Only staff see this page." in preview
    assert row.history.count() == 1
    assert row.title not in page(client)


def test_announcements_leave_and_come_back_as_a_sheet(client, staff, now, django_capture_on_commit_callbacks):
    old = make.make_announcement(title="Strike", text="Trains\nstand still.", shown_from=now, languages=["en"])
    client.force_login(staff)
    path = reverse("admin:plans_announcement_changelist")
    sheet = client.post(f"{path}export/", {"format": "0"}).content.decode("utf-8-sig")
    head, row = sheet.split("\r\n", 1)
    changed = row.replace("info", "warning").replace("Strike", "Fair", 1)
    both = f"{head}\r\n{row.replace('info', 'warning').strip()}\r\n{changed}"
    wrong = both.replace(",warning,", ",javascript:alert(1),warning,", 1).replace(",,javascript", ",javascript", 1)

    refused = send_sheet(client, path, wrong)
    preview = send_sheet(client, path, both)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(f"{path}process_import/", preview.context["confirm_form"].initial)

    old.refresh_from_db()
    assert "Write a page of this portal" in refused.content.decode()
    assert (old.level, old.text, old.languages) == ("warning", "Trains\nstand still.", ["en"])
    assert announcements.Announcement.objects.get(title="Fair").shown_from == now


def send_sheet(client, path, text):
    file = SimpleUploadedFile("announcements.csv", text.encode(), content_type="text/csv")
    return client.post(f"{path}import/", {"import_file": file, "format": "0"})
