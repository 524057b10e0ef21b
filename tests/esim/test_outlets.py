"""Outlets: when they are open, how far they are, and where nobody is told who looked."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from tablib import Dataset

from esim.models import Outlet
from esim.opening_hours import BadHours, exceptions_text, parse_exceptions, parse_week, standing_at, week_text
from esim.outlet_search import Position, distance_km, parse_position
from esim.outlet_sheet import OutletResource
from tests import make

OUTLETS = reverse("esim:outlets")
WEEK = {**{day: ["10:00-13:00", "14:00-19:00"] for day in ("mon", "tue", "wed", "thu", "fri")}, "sat": ["10:00-24:00"]}
XMAS = {"2026-12-25": [], "2026-12-24": ["10:00-14:00"]}
PARIS = ZoneInfo("Europe/Paris")


def test_hours_are_read_as_they_are_written():
    assert parse_week("Mon-Fri 10:00-13:00 14:00-19:00\nSat 10:00-24:00; sun closed") == WEEK
    assert parse_week(week_text(WEEK)) == WEEK
    assert parse_exceptions(exceptions_text(XMAS)) == XMAS


@pytest.mark.parametrize(
    "text", ["Mon", "Fri-Mon 10:00-12:00", "Mon 12:00-10:00", "Mon 10:00-25:00", "Noday 1:00-2:00", "Mon 10-12 noon"]
)
def test_hours_that_make_no_sense_are_refused(text):
    with pytest.raises(BadHours):
        parse_week(text)


@pytest.mark.parametrize(
    ("at", "closes", "opens"),
    [
        ("2026-11-20T12:59", "2026-11-20T13:00", None),
        ("2026-11-20T13:00", None, "2026-11-20T14:00"),
        ("2026-11-21T23:00", "2026-11-22T00:00", None),
        ("2026-11-22T09:00", None, "2026-11-23T10:00"),
        ("2026-12-24T15:00", None, "2026-12-26T10:00"),
    ],
)
def test_open_now_follows_week_and_exceptions(at, closes, opens):
    standing = standing_at(datetime.fromisoformat(at).replace(tzinfo=PARIS), week=WEEK, exceptions=XMAS)

    def told(moment):
        return moment and f"{moment:%Y-%m-%dT%H:%M}"

    assert (standing.is_open, told(standing.closes_at), told(standing.opens_at)) == (closes is not None, closes, opens)


def test_an_outlet_without_hours_does_not_open():
    assert standing_at(datetime(2026, 11, 20, tzinfo=PARIS), week={}, exceptions={}).opens_at is None


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((48.8566, 2.3522), (51.5074, -0.1278), 343.6),  # Paris to London
        ((0, 179.5), (0, -179.5), 111.2),  # across the date line
        ((90, 0), (-90, 0), 20015.1),  # pole to pole
        ((52.5, 13.4), (52.5, 13.4), 0),
    ],
)
def test_distances_are_those_of_great_circles(here, there, km):
    assert distance_km(Position(*here), Position(*there)) == pytest.approx(km, abs=0.1)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("48.8566, 2.3522", (48.8566, 2.3522)),
        ("48,8566; 2,3522", (48.8566, 2.3522)),
        ("33.9° S 151.2° E", (-33.9, 151.2)),
        ("Paris", None),
        ("91, 0", None),
        ("0, 181", None),
    ],
)
def test_a_position_is_read_as_people_write_it(text, position):
    assert parse_position(text) == (position and Position(*position))


def test_outlets_near_a_position_come_nearest_first(client, db):
    make.make_outlet(name="Far", latitude="48.90", longitude="2.35")
    make.make_outlet(name="Near", latitude="48.86", longitude="2.35")
    make.make_outlet(name="Lyon", latitude="45.76", longitude="4.83")
    make.make_outlet(name="Gone", latitude="48.86", longitude="2.35", is_active=False)

    page = client.post(OUTLETS, {"where": "48.86, 2.35", "radius": "50"}).content.decode()

    assert page.index("Near</a>") < page.index("Far</a>")
    assert "Lyon" not in page
    assert "Gone" not in page


def test_who_has_none_near_is_told_of_the_nearest_and_what_to_do(client, db):
    outlet = make.make_outlet(name="Rivoli")

    page = client.post(OUTLETS, {"where": "45.76, 4.83", "radius": "10"}).content.decode()

    assert "No outlet within 10 km" in page
    assert "Rivoli, Paris, 391 km away" in page
    assert reverse("esim:outlet", args=[outlet.public_id]) in page


@pytest.mark.parametrize("typed", ["paris", "巴黎", "France", "rivoli"])
def test_an_outlet_is_found_by_what_people_call_its_place(client, db, typed):
    make.make_outlet(city_zh_hans="巴黎", name="Rivoli")
    make.make_outlet(city="Oslo", name="Sentrum", country="NO", address="Karl Johans gate 1")

    page = client.post(OUTLETS, {"where": typed, "radius": "50"}).content.decode()

    assert "Rivoli</a>" in page
    assert "Sentrum" not in page


@pytest.mark.parametrize("typed", ["", "x" * 81, "\x00"])
def test_nonsense_is_answered_by_the_page(client, db, typed):
    assert client.post(OUTLETS, {"where": typed, "radius": "7"}).status_code == 422


def test_a_position_stays_in_the_body(client, db):
    """Neither the answer's address nor its cookies tell where somebody is."""
    make.make_outlet()

    answer = client.post(OUTLETS, {"where": "48.86, 2.35", "radius": "50"})

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    assert "48.86" not in str(answer.cookies) + str(dict(client.session))


def test_the_page_of_an_outlet_has_everything(client, db, time_machine):
    time_machine.move_to(datetime(2026, 12, 23, 16, 0, tzinfo=UTC), tick=False)
    outlet = make.make_outlet(phone="+33 1 99 00 00 00", exceptions=XMAS, takes_payment=True)

    page = client.get(reverse("esim:outlet", args=[outlet.public_id])).content.decode()

    for told in (
        "Open now until 19:00",
        "12 rue de Rivoli",
        "+33 1 99",
        "24 Dec 2026",
        "10:00–14:00",
        "Closed",
        "ayment",
    ):
        assert told in page
    assert "https://www.openstreetmap.org/?mlat=48.855600" in page


def test_a_hidden_outlet_is_staffs_to_look_at(client, staff):
    page = reverse("esim:outlet", args=[make.make_outlet(is_active=False).public_id])
    hidden = client.get(page)
    client.force_login(staff)

    assert (hidden.status_code, client.get(page).status_code) == (404, 200)


def test_a_sheet_of_outlets_comes_back_unchanged(db):
    make.make_outlet(exceptions=XMAS, weekly_hours=WEEK)
    sheet = OutletResource().export()

    again = OutletResource().import_data(Dataset().load(sheet.export("csv"), format="csv"))

    assert (again.has_errors(), again.has_validation_errors(), again.totals["skip"]) == (False, False, 1)


def test_a_sheet_with_bad_hours_imports_nothing(db):
    sheet = OutletResource().export()
    row = {"code": "a", "name": "A", "city": "Oslo", "address": "1", "country": "NO", "latitude": "59.9"}
    row |= {"longitude": "10.7", "time_zone": "Europe/Oslo", "weekly_hours": "Mon late", "is_active": "yes"}
    row |= {"gives_sims": "yes", "checks_identity": "no", "takes_payment": "no"}
    sheet.append([row.get(header, "") for header in sheet.headers])

    result = OutletResource().import_data(sheet, rollback_on_validation_errors=True)

    assert result.has_errors() or result.has_validation_errors()
    assert not Outlet.objects.exists()
