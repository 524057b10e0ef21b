"""Staff edit outlets with their hours as text, and set cards aside for applicants."""

import pytest
from django.urls import reverse

from esim.models import Outlet, SimCard
from tests import make

pytestmark = pytest.mark.django_db

ADD = reverse("admin:esim_outlet_add")
FORM = {
    "code": "paris-rivoli",
    "name": "Rivoli",
    "city": "Paris",
    "country": "FR",
    "address": "12 rue de Rivoli",
    "latitude": "48.8556",
    "longitude": "2.358",
    "time_zone": "Europe/Paris",
    "weekly_hours": "Mon-Fri 10:00-13:00 14:00-19:00",
    "exceptions": "2026-12-25 closed",
    "gives_sims": "on",
    "is_active": "on",
}


def test_an_outlet_is_entered_with_hours_as_text_and_keeps_its_history(as_staff):
    answer = as_staff.post(ADD, FORM)

    outlet = Outlet.objects.get()
    change = reverse("admin:esim_outlet_change", args=[outlet.pk])
    assert answer.status_code == 302
    assert (outlet.weekly_hours["fri"], outlet.exceptions) == (["10:00-13:00", "14:00-19:00"], {"2026-12-25": []})
    assert "Mon-Fri 10:00-13:00 14:00-19:00" in as_staff.get(change).content.decode()
    as_staff.post(change, {**FORM, "name": "Rivoli Nord"})
    assert list(outlet.history.values_list("name", flat=True)) == ["Rivoli Nord", "Rivoli"]
    assert as_staff.get(reverse("admin:esim_outlet_history", args=[outlet.pk])).status_code == 200
    assert "Rivoli Nord" in as_staff.get(reverse("admin:esim_outlet_changelist")).content.decode()


def test_hours_that_cannot_be_read_say_so_and_stay(as_staff):
    page = as_staff.post(ADD, {**FORM, "weekly_hours": "Mon from ten"}).content.decode()

    assert "can&#x27;t be read" in page
    assert "Mon from ten</textarea>" in page
    assert not Outlet.objects.exists()


def test_a_card_is_set_aside_on_the_page_of_the_application(as_staff, subscriber):
    card = make.make_card(pin="471182", form="physical")
    application = make.make_application(
        owner=subscriber, state="approved", delivery="pickup", outlet=make.make_outlet()
    )
    page = as_staff.get(reverse("admin:esim_simapplication_change", args=[application.pk])).content.decode()

    as_staff.post(
        f"/admin/esim/simapplication/{application.pk}/set-card-aside/",
        {"iccid": card.iccid, "_form_submitted": "on"},
        headers={"hx-request": "true"},
    )

    card.refresh_from_db()
    application.refresh_from_db()
    assert "Set a card aside" in page
    assert (card.state, application.state) == (SimCard.State.RESERVED, "ready")
    later = as_staff.get(reverse("admin:esim_simapplication_change", args=[application.pk])).content.decode()
    assert application.pickup_code not in later
    assert application.pickup_code_hash not in later


def test_the_front_page_counts_who_waits_and_what_is_left(as_staff, subscriber):
    make.make_application(owner=subscriber, state="approved")

    page = as_staff.get(reverse("admin:index")).content.decode()

    assert "Approved applications that wait for a SIM card" in page
    assert "Too few SIM cards for applicants are left: 0" in page
