"""What subscribers choose, and the page where they do."""

import re
from datetime import time

import pytest
from django.conf import settings
from django.utils import timezone

from accounts import webhooks
from accounts.models import AuditEvent, User
from accounts.preferences import PreferencesForm
from accounts.time_zones import offered_zones
from accounts.trail import LABELS
from tests import make

CHOICE = {
    "full_name": "Ada Lin",
    "language": "zh-hant",
    "time_zone": "Asia/Taipei",
    "currency": "TWD",
    "notify_by_email": "on",
}


def test_settings_are_saved_and_said_in_the_new_language(as_subscriber, subscriber):
    page = as_subscriber.post("/settings/", CHOICE, follow=True)

    subscriber.refresh_from_db()
    assert (subscriber.language, subscriber.time_zone, subscriber.currency) == ("zh-hant", "Asia/Taipei", "TWD")
    assert 'lang="zh-hant"' in page.content.decode()


def test_settings_do_not_let_a_deactivated_person_back_in(subscriber):
    form = PreferencesForm(CHOICE, instance=User.objects.get(pk=subscriber.pk))
    User.objects.filter(pk=subscriber.pk).update(is_active=False)

    form.save()

    subscriber.refresh_from_db()
    assert (subscriber.time_zone, subscriber.is_active) == ("Asia/Taipei", False)


@pytest.mark.parametrize(("typed", "zone"), [("taipei", "Asia/Taipei"), ("america/new york", "America/New_York")])
def test_time_zone_is_found_as_people_type_it(as_subscriber, subscriber, typed, zone):
    as_subscriber.post("/settings/", {**CHOICE, "time_zone": typed})

    subscriber.refresh_from_db()
    assert subscriber.time_zone == zone


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", ""),
        ("time_zone", "../../etc/passwd"),
        ("language", "tlh"),
        ("currency", "XXX"),
        ("full_name", "x" * 121),
    ],
)
def test_nonsense_is_explained_and_nothing_is_lost_or_saved(as_subscriber, subscriber, field, value):
    page = as_subscriber.post("/settings/", {**CHOICE, field: value})

    assert page.status_code == 422
    assert page.context["form"].errors[field]
    assert page.context["user"].language == "en"
    subscriber.refresh_from_db()
    assert subscriber.time_zone == "UTC"


def test_one_channel_must_stay(as_subscriber):
    page = as_subscriber.post("/settings/", {**CHOICE, "notify_by_email": ""})

    assert page.context["form"].errors["notify_by_email"]


@pytest.mark.parametrize(
    ("begins", "ends", "field"),
    [("22:00", "", "quiet_until"), ("", "07:00", "quiet_from"), ("07:00", "07:00", "quiet_until"), ("7", "8", None)],
)
def test_quiet_hours_that_make_no_sense_are_explained(as_subscriber, subscriber, begins, ends, field):
    page = as_subscriber.post("/settings/", {**CHOICE, "quiet_from": begins, "quiet_until": ends})

    assert page.status_code == 422
    assert page.context["form"].errors.keys() == ({field} if field else {"quiet_from", "quiet_until"})
    subscriber.refresh_from_db()
    assert (subscriber.quiet_from, subscriber.quiet_until) == (time(21), time(8))


@pytest.mark.parametrize(
    ("begins", "ends", "kept"),
    [("22:30", "06:15", (time(22, 30), time(6, 15))), ("", "", (None, None))],
    ids=["others", "none"],
)
def test_quiet_hours_are_chosen_and_shown_again(as_subscriber, subscriber, begins, ends, kept):
    page = as_subscriber.post("/settings/", {**CHOICE, "quiet_from": begins, "quiet_until": ends}, follow=True)

    subscriber.refresh_from_db()
    assert (subscriber.quiet_from, subscriber.quiet_until) == kept
    assert ('value="22:30"' in page.content.decode()) is bool(begins)


def test_sms_needs_a_confirmed_number(as_subscriber, subscriber):
    as_subscriber.post("/settings/", {**CHOICE, "notify_by_sms": "on"})

    subscriber.refresh_from_db()
    assert not subscriber.notify_by_sms


def test_page_tells_the_way_to_sms(as_subscriber):
    page = as_subscriber.get("/settings/").content.decode()

    assert "SMS needs a mobile number that you have confirmed." in page
    assert "/accounts/phone/change/" in page


def test_sms_can_be_chosen_with_a_confirmed_number(as_subscriber, subscriber):
    User.objects.filter(pk=subscriber.pk).update(phone="+14155550101", phone_verified=True)

    as_subscriber.post("/settings/", {**CHOICE, "notify_by_sms": "on"})

    subscriber.refresh_from_db()
    assert subscriber.notify_by_sms


def test_settings_of_the_signed_out_are_the_sign_in_page(client, db):
    assert client.get("/settings/").url == "/accounts/login/?next=/settings/"


def test_zones_are_few_enough_to_list_and_have_utc_first():
    assert offered_zones()[0] == "UTC"
    assert 300 < len(offered_zones()) < 600


def test_zone_that_left_the_tables_reads_as_utc(subscriber):
    subscriber.time_zone = "Asia/Atlantis"

    assert str(subscriber.zone) == "UTC"


def test_page_shows_my_trail_and_nobody_elses(as_subscriber, subscriber, stranger, now):
    for person in (subscriber, stranger):
        AuditEvent.objects.create(subject=person, action="account.password_changed", at=now, ip_address="203.0.113.9")
    AuditEvent.objects.create(subject=stranger, action="account.email_changed", at=now)

    events = as_subscriber.get("/settings/").context["events"]

    assert [str(event.label) for event in events if event.ip_address == "203.0.113.9"] == ["Password changed"]
    assert "E-mail address changed" not in [str(event.label) for event in events]


def test_address_of_staff_is_not_shown_to_subscribers(as_subscriber, subscriber, staff, now):
    AuditEvent.objects.create(
        subject=subscriber, actor=staff, action="user.changed_by_staff", at=now, ip_address="198.51.100.7"
    )

    page = as_subscriber.get("/settings/").content.decode()

    assert "Account changed by support" in page
    assert "198.51.100.7" not in page


def test_everything_recorded_has_words_for_the_subscriber():
    code = "".join(
        path.read_text(encoding="utf-8")
        for app in ("accounts", "esim", "billing", "portal")
        for path in (settings.BASE_DIR / app).rglob("*.py")
        if path.name != "trail.py" and path.parent.name != "gateways"
    )

    subjects = (
        "account|user|line|auto_renewal|top_up_rule|payment_method|order|queue|referral|refund|ticket|api_token"
        "|document|application|data|payout"
    )
    recorded = set(re.findall(rf'"((?:{subjects})\.[a-z_]+)"', code))

    # What the operator's own systems are told is named alike, and is in nobody's trail.
    told = set(webhooks.KINDS) - set(LABELS)
    assert recorded - told == set(LABELS)


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_the_same_for_one_event_or_three(
    as_subscriber, subscriber, now, count, django_assert_max_num_queries
):
    for _ in range(count):
        AuditEvent.objects.create(subject=subscriber, action="account.signed_in", at=now)

    with django_assert_max_num_queries(4):
        as_subscriber.get("/settings/")


def test_page_of_the_signed_in_speaks_their_language_whatever_the_browser(client, db):
    client.force_login(make.make_user(language="zh-hans"))

    page = client.get("/settings/", headers={"accept-language": "en"})

    assert page.headers["Content-Language"] == "zh-hans"


def test_clock_of_one_person_does_not_stay_for_the_next(client, db):
    client.force_login(make.make_user(time_zone="Asia/Taipei"))

    client.get("/settings/")

    assert timezone.get_current_timezone_name() == "UTC"


def test_language_switch_is_remembered_on_the_account(as_subscriber, subscriber):
    as_subscriber.post("/i18n/setlang/", {"language": "zh-hans", "next": "/settings/"})

    subscriber.refresh_from_db()
    assert subscriber.language == "zh-hans"
    assert as_subscriber.get("/settings/").headers["Content-Language"] == "zh-hans"


def test_language_chosen_before_signing_in_is_remembered(client, subscriber):
    client.post("/i18n/setlang/", {"language": "zh-hant", "next": "/accounts/login/"})

    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    subscriber.refresh_from_db()
    assert subscriber.language == "zh-hant"


@pytest.mark.parametrize(("language", "next_url"), [("tlh", "/"), ("", "/"), ("en", "https://evil.example.org/")])
def test_language_switch_with_nonsense_changes_nothing_and_stays_here(as_subscriber, subscriber, language, next_url):
    page = as_subscriber.post("/i18n/setlang/", {"language": language, "next": next_url})

    subscriber.refresh_from_db()
    assert subscriber.language == "en"
    assert page.url == "/"
