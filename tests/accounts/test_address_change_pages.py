"""The links of a change of address by support: opening one changes nothing, its form does, and only its own deed."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import address_change_links, address_changes
from accounts.models import AddressChange
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(subscriber):
    """Ada's new address, agreed to by two members of staff."""
    return make.make_address_change(user=subscriber)


def state_of(change):
    change.refresh_from_db()
    return change.state, change.proved_at is not None


def test_opening_the_links_changes_nothing(client, change):
    for address in (address_change_links.proving_path(change), address_change_links.stopping_path(change)):
        page = client.get(address)
        assert page.status_code == 200
        assert "a•••@new.example" in page.content.decode()
        assert "ada@new.example" not in page.content.decode()
        assert page.headers["Referrer-Policy"] == "strict-origin"
        assert "no-store" in page.headers["Cache-Control"]

    assert state_of(change) == ("agreed", False)


def test_a_yes_at_the_new_address_proves_it(client, change):
    page = client.post(address_change_links.proving_path(change), follow=True)

    assert state_of(change) == ("agreed", True)
    assert "Confirmed" in page.content.decode()


def test_a_no_at_the_old_address_stops_it_and_the_other_link_says_so(client, change):
    page = client.post(address_change_links.stopping_path(change), follow=True)

    assert state_of(change) == ("stopped", False)
    assert "You stopped it in time" in page.content.decode()
    proving = address_change_links.proving_path(change)
    assert "This link is no longer needed" in client.post(proving, follow=True).content.decode()
    assert state_of(change) == ("stopped", False)


def test_the_link_that_proves_stops_nothing(client, change):
    token = address_change_links.proving_path(change).split("/")[-2]

    answer = client.post(reverse("accounts:stop_address_change", args=[token]))

    assert (answer.status_code, state_of(change)) == (404, ("agreed", False))


@pytest.mark.parametrize("route", ["accounts:prove_address", "accounts:stop_address_change"])
def test_a_link_that_is_not_ours_opens_nothing(client, change, route):
    for method in (client.get, client.post):
        assert method(reverse(route, args=[f"{change.public_id}.nonsense"])).status_code == 404


def test_done_the_pages_say_what_comes_next(client, change):
    past = timezone.now()
    AddressChange.objects.filter(pk=change.pk).update(proved_at=past, changes_at=past)
    address_changes.carry_out_due(now=past)

    proved = client.get(address_change_links.proving_path(change)).content.decode()
    stopping = client.post(address_change_links.stopping_path(change), follow=True).content.decode()

    assert "Set a new password" in proved
    assert "The address was changed already" in stopping


def test_settings_lead_to_the_stop_while_there_is_something_to_stop(as_subscriber, change):
    def leads_there():
        stopping = address_change_links.stopping_path(change)
        return stopping in as_subscriber.get(reverse("accounts:settings")).content.decode()

    assert leads_there()
    as_subscriber.post(address_change_links.stopping_path(change))
    assert not leads_there()
