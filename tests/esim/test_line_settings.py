"""What a subscriber may change about a line."""

import pytest
from django.urls import reverse

from esim.forms import LineSettingsForm
from esim.models import Line, ServiceState
from tests import make


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, nickname="Work", time_zone="UTC")


def save(client, line, **fields):
    values = {"nickname": line.nickname, "time_zone": line.time_zone, **fields}
    return client.post(reverse("esim:line_settings", args=[line.public_id]), values)


def test_a_line_is_renamed_moved_and_hidden(as_subscriber, line):
    response = save(as_subscriber, line, nickname="  Taipei  ", time_zone="taipei", hidden="on")

    line.refresh_from_db()
    assert response["Location"] == reverse("line", args=[line.public_id])
    assert (line.nickname, line.time_zone, line.hidden) == ("Taipei", "Asia/Taipei", True)


def test_a_hidden_line_is_shown_again(as_subscriber, line):
    save(as_subscriber, line, hidden="on")
    save(as_subscriber, line)

    line.refresh_from_db()
    assert not line.hidden


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [({"time_zone": "Middle-earth"}, "Middle-earth"), ({"nickname": "x" * 41}, "40 characters")],
)
def test_bad_input_is_explained_and_nothing_is_lost(as_subscriber, line, fields, complaint):
    response = save(as_subscriber, line, **{"nickname": "Kept", **fields})

    line.refresh_from_db()
    assert response.status_code == 422
    assert complaint in response.content.decode()
    assert fields.get("nickname", "Kept") in response.content.decode()
    assert line.nickname == "Work"


def test_nothing_else_of_a_line_can_be_posted(as_subscriber, line):
    save(as_subscriber, line, msisdn="+15550000000", service_state="terminated")

    line.refresh_from_db()
    assert line.msisdn != "+15550000000"
    assert line.service_state == "active"


def test_a_stranger_changes_nothing(client, stranger, line):
    client.force_login(stranger)

    response = save(client, line, nickname="Mine")

    line.refresh_from_db()
    assert response.status_code == 404
    assert line.nickname == "Work"


def test_renaming_a_line_does_not_undo_what_a_worker_did_meanwhile(line, now):
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.PENDING, msisdn="")
    seen = Line.objects.get(pk=line.pk)
    form = LineSettingsForm({"nickname": "Trip", "time_zone": "UTC"}, instance=seen)
    Line.objects.filter(pk=line.pk).update(service_state=ServiceState.ACTIVE, msisdn="+14155550101")

    form.save()

    line.refresh_from_db()
    assert (line.nickname, line.service_state, line.msisdn) == ("Trip", ServiceState.ACTIVE, "+14155550101")


def test_a_line_whose_zone_left_the_tables_lives_by_utc(as_subscriber, line):
    Line.objects.filter(pk=line.pk).update(time_zone="Asia/Atlantis")

    page = as_subscriber.get(reverse("line", args=[line.public_id]))

    assert page.status_code == 200
    assert str(Line.objects.get(pk=line.pk).zone) == "UTC"
