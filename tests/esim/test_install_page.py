"""The page that shows an activation code: to its owner, freshly signed in, and leaving a trace."""

import json
import logging
from datetime import timedelta
from io import BytesIO

import pytest
import zxingcpp
from django.urls import reverse
from PIL import Image

from accounts.letters import write_email, write_sms
from accounts.models import AuditEvent, Notification
from esim.models import DownloadState, Line, SimProfile
from tests import make

CODE = "1$smdp.example.com$CANARY-7Q2XZ-PLUGH"
TOKEN = "CANARY-7Q2XZ-PLUGH"


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, nickname="Work phone")


@pytest.fixture
def profile(line):
    profile = make.make_profile(line=line, activation_code=CODE)
    profile.pin, profile.puk = "47110815", "81726354"
    profile.save()
    return profile


def prove(client):
    """Give the password again."""
    client.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})


@pytest.fixture
def as_ada(as_subscriber):
    prove(as_subscriber)
    return as_subscriber


def page(client, line):
    return client.get(reverse("esim:install", args=[line.public_id]))


def test_the_page_shows_what_a_phone_needs(as_ada, line, profile):
    response = page(as_ada, line)

    text = response.content.decode()
    assert response.status_code == 200
    assert "smdp.example.com" in text
    assert f"LPA:{CODE}" in text
    assert f"https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=LPA:{CODE}" in text
    assert f"https://esimsetup.android.com/esim_qrcode_provisioning?carddata=LPA:{CODE}" in text
    assert text.count('rel="noreferrer"') == 2
    assert "47110815" not in text


def test_the_picture_is_read_back_by_a_camera(as_ada, line, profile):
    response = as_ada.get(reverse("esim:install_qr", args=[line.public_id]))

    picture = Image.open(BytesIO(response.content)).convert("L")
    assert response["Content-Type"] == "image/png"
    assert zxingcpp.read_barcodes(picture)[0].text == f"LPA:{CODE}"


@pytest.mark.parametrize("name", ["esim:install", "esim:install_qr"])
def test_secrets_are_kept_nowhere_and_framed_by_nobody(as_ada, line, profile, name):
    response = as_ada.get(reverse(name, args=[line.public_id]))

    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["esim:install", "esim:install_qr"])
def test_a_proof_of_ten_minutes_ago_is_asked_for_again(as_subscriber, line, profile, name, time_machine, now):
    time_machine.move_to(now)
    prove(as_subscriber)
    time_machine.move_to(now + timedelta(minutes=10))
    address = reverse(name, args=[line.public_id])

    response = as_subscriber.get(address)

    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_reauthenticate')}?next={address.replace('/', '%2F')}"
    assert not AuditEvent.objects.filter(action="line.activation_code_viewed").exists()


@pytest.mark.parametrize("name", ["esim:install", "esim:install_qr", "esim:install_state", "esim:line_settings"])
def test_a_stranger_learns_nothing(client, stranger, line, profile, name):
    client.force_login(stranger)

    assert client.get(reverse(name, args=[line.public_id])).status_code == 404


@pytest.mark.parametrize("name", ["esim:install", "esim:install_qr", "esim:install_state", "esim:line_settings"])
def test_somebody_signed_out_is_asked_to_sign_in(client, line, profile, name):
    response = client.get(reverse(name, args=[line.public_id]))

    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("state", [DownloadState.INSTALLED, DownloadState.ENABLED, DownloadState.DELETED])
def test_a_code_that_is_used_up_is_not_shown(as_ada, line, profile, state):
    SimProfile.objects.filter(pk=profile.pk).update(download_state=state)

    response = page(as_ada, line)

    assert TOKEN not in response.content.decode()
    assert as_ada.get(reverse("esim:install_qr", args=[line.public_id])).status_code == 404
    assert not AuditEvent.objects.filter(target=line.public_id).exists()


def test_a_card_that_is_in_the_phone_has_nothing_to_install(as_ada, line, profile):
    Line.objects.filter(pk=line.pk).update(form=Line.Form.PHYSICAL)

    assert page(as_ada, line)["Location"] == reverse("esim:sim", args=[line.public_id])


def test_a_line_still_without_a_profile_says_so(as_ada, line):
    response = page(as_ada, line)

    assert "Being prepared" in response.content.decode()
    assert "<img" not in response.content.decode()


def test_each_view_leaves_a_trace_and_one_notice_a_day(as_ada, line, profile):
    for _ in range(3):
        page(as_ada, line)

    events = AuditEvent.objects.filter(action="line.activation_code_viewed", target=line.public_id)
    notice = Notification.objects.get(kind="activation_code_viewed")
    profile.refresh_from_db()
    assert events.count() == 3
    assert {event.subject for event in events} == {line.owner}
    assert notice.user == line.owner
    assert profile.code_shown_at == events.earliest("at").at


def test_the_picture_in_its_page_is_one_look(as_ada, line, profile):
    page(as_ada, line)
    as_ada.get(reverse("esim:install_qr", args=[line.public_id]))

    assert AuditEvent.objects.filter(action="line.activation_code_viewed").count() == 1


def test_the_picture_without_its_page_leaves_a_trace_too(as_ada, line, profile):
    as_ada.get(reverse("esim:install_qr", args=[line.public_id]))

    assert AuditEvent.objects.get(action="line.activation_code_viewed").target == line.public_id
    assert Notification.objects.filter(kind="activation_code_viewed").count() == 1


def test_the_first_look_makes_the_network_be_asked_soon(as_ada, line, profile, time_machine, now):
    time_machine.move_to(now, tick=False)
    prove(as_ada)
    Line.objects.filter(pk=line.pk).update(usage_poll_due_at=now + timedelta(minutes=5))

    page(as_ada, line)

    assert list(Line.objects.usage_poll_due(now)) == [line]


def test_the_notice_says_when_and_names_the_line(as_ada, line, profile, subscriber):
    page(as_ada, line)
    context = Notification.objects.get().context

    letter = write_email(kind="activation_code_viewed", user=subscriber, context=context)
    text = write_sms(kind="activation_code_viewed", user=subscriber, context=context)

    assert letter.subject == "The activation code of “Work phone” was opened"
    assert "change your password now" in letter.body
    assert len(text) <= 160


def test_the_code_is_in_no_log_no_other_page_no_notice_and_no_trail(as_ada, line, profile, caplog):
    others = ["esim:install_state", "esim:line_settings", "line"]
    with caplog.at_level(logging.DEBUG):
        page(as_ada, line)
        as_ada.get(reverse("esim:install_qr", args=[line.public_id]))
        pages = [as_ada.get(reverse(name, args=[line.public_id])).content.decode() for name in others]
        pages.append(as_ada.get(reverse("home")).content.decode())

    trail = [str(event) + json.dumps(event.detail) for event in AuditEvent.objects.all()]
    notices = [str(notice) + json.dumps(notice.context) for notice in Notification.objects.all()]
    for text in [caplog.text, *pages, *trail, *notices]:
        assert TOKEN not in text


def test_the_code_is_in_no_description_of_the_picture(as_ada, line, profile):
    text = page(as_ada, line).content.decode()

    alt = text.split('alt="')[1].split('"')[0]
    assert alt.startswith("QR code")
    assert "smdp" not in alt


def test_the_state_updates_itself_and_takes_the_code_away(as_subscriber, line, profile):
    address = reverse("esim:install_state", args=[line.public_id])

    before = as_subscriber.get(address).content.decode()
    SimProfile.objects.filter(pk=profile.pk).update(download_state=DownloadState.ENABLED)
    after = as_subscriber.get(address).content.decode()

    assert "Ready to install" in before
    assert "hx-get" in before
    assert "Installed and switched on" in after
    assert '<div id="install-code" hx-swap-oob="true"></div>' in after
    assert "hx-get" not in after


def test_a_code_seen_before_midnight_is_told_again_the_next_day(as_ada, line, profile, subscriber, time_machine, now):
    time_machine.move_to(now, tick=False)
    prove(as_ada)
    page(as_ada, line)
    time_machine.move_to(now + timedelta(days=1), tick=False)
    prove(as_ada)

    page(as_ada, line)

    assert Notification.objects.filter(kind="activation_code_viewed").count() == 2


@pytest.mark.parametrize("state", [DownloadState.ERROR, DownloadState.DELETED])
def test_who_needs_a_new_code_writes_about_this_line(as_subscriber, line, profile, state):
    SimProfile.objects.update(download_state=state)

    shown = as_subscriber.get(reverse("esim:install_state", args=[line.public_id])).content.decode()

    assert f'href="{reverse("new_ticket")}?about={line.public_id}"' in shown


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
PIXEL = "Mozilla/5.0 (Linux; Android 16; Pixel 9a) AppleWebKit/537.36"
DESK = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"


@pytest.mark.parametrize(
    ("device", "order"),
    [
        (IPHONE, ["apple", "android", "<img"]),
        (PIXEL, ["android", "apple", "<img"]),
        (DESK, ["<img", "apple", "android"]),
    ],
)
def test_what_fits_the_device_stands_first(as_ada, line, profile, device, order):
    text = as_ada.get(reverse("esim:install", args=[line.public_id]), headers={"user-agent": device}).content.decode()
    marks = {"apple": "esimsetup.apple.com", "android": "esimsetup.android.com", "<img": "install/qr.png"}

    assert sorted(order, key=lambda what: text.index(marks[what])) == order


def test_the_page_says_what_went_wrong_and_what_to_do(as_ada, line, profile):
    SimProfile.objects.filter(pk=profile.pk).update(problem="8.8.5/3.8")

    text = page(as_ada, line).content.decode()

    assert "It did not work yet" in text
    assert "allow the eSIM to be added" in text
    assert "8.8.5/3.8" in text
    assert TOKEN in text


def test_a_state_that_is_on_the_screen_is_not_sent_again(as_subscriber, line, profile):
    address = reverse("esim:install_state", args=[line.public_id])

    same = as_subscriber.get(address, {"seen": "released-"})
    SimProfile.objects.update(problem="8.8.5/3.8")
    other = as_subscriber.get(address, {"seen": "released-"})

    assert same.status_code == 204
    assert other.status_code == 200
    assert "data-code-over" not in other.content.decode()


def test_a_page_without_a_code_is_loaded_anew_when_there_is_one(as_subscriber, line):
    address = reverse("esim:install_state", args=[line.public_id])
    before = as_subscriber.get(address, {"seen": ""})
    make.make_profile(line=line)

    assert before.status_code == 204
    assert as_subscriber.get(address, {"seen": ""})["HX-Refresh"] == "true"


def test_an_installed_one_says_what_to_do_where_it_is_not_there(as_ada, line, profile):
    SimProfile.objects.update(download_state=DownloadState.INSTALLED)

    text = page(as_ada, line).content.decode()

    assert "It is not on my device" in text
    assert "data-code-over" in text
    assert "internet" in text
