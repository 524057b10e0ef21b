"""Staff ask for a new address on the person's page, and somebody else decides on it."""

import pytest
from django.contrib.messages import get_messages

from accounts.models import AddressChange
from tests import make
from tests.admin.dialogs import dialog, helper

pytestmark = pytest.mark.django_db

WISH = {"kind": "email", "address": " Ada@New.example ", "reason": "Passport and last invoice seen in the shop"}


def said(answer):
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_one_asks_and_another_one_approves(client, as_staff, staff, subscriber):
    assert said(dialog(as_staff, subscriber, "change-address", **WISH)) == ["Somebody else has to approve it now."]
    change = AddressChange.objects.get()
    assert (change.address, change.requested_by, change.reason) == ("ada@new.example", staff, WISH["reason"])
    assert dialog(as_staff, change, "approve").status_code == 403

    client.force_login(second := helper("approve_addresschange", "view_addresschange"))
    dialog(client, change, "approve")

    change.refresh_from_db()
    assert (change.state, change.decided_by) == ("agreed", second)


def test_refusing_says_why(client, as_staff, subscriber):
    dialog(as_staff, subscriber, "change-address", **WISH)
    client.force_login(helper("approve_addresschange", "view_addresschange"))

    dialog(client, AddressChange.objects.get(), "refuse", why="The photograph is of somebody else")

    assert AddressChange.objects.get().refusal == "The photograph is of somebody else"


def test_one_person_is_enough_to_stop_it(as_staff, subscriber):
    dialog(as_staff, subscriber, "change-address", **WISH)

    dialog(as_staff, AddressChange.objects.get(), "stop")

    assert AddressChange.objects.get().state == "stopped"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": ""},
        {"kind": ""},
        {"address": "no address"},
        {"kind": "phone", "address": "ada@new.example"},
        {"kind": "phone", "address": "12"},
    ],
)
def test_what_is_no_address_or_has_no_reason_is_asked_again(as_staff, subscriber, wrong):
    answer = dialog(as_staff, subscriber, "change-address", **{**WISH, **wrong})

    assert "HX-Refresh" not in answer.headers
    assert not AddressChange.objects.exists()


def test_a_number_is_kept_in_one_spelling(as_staff, subscriber):
    dialog(as_staff, subscriber, "change-address", **{**WISH, "kind": "phone", "address": "+1 (415) 555-0177"})

    assert AddressChange.objects.get().address == "+14155550177"


def test_an_address_that_is_taken_is_refused_in_words(as_staff, subscriber, stranger):
    answer = dialog(as_staff, subscriber, "change-address", **{**WISH, "address": stranger.email})

    assert said(answer) == ["An account has this address or number already. Nothing was changed."]


@pytest.mark.parametrize("powers", [(), ("add_addresschange",), ("change_user", "approve_addresschange")])
def test_without_both_powers_nobody_asks(client, subscriber, powers):
    client.force_login(helper(*powers, "view_user"))

    assert dialog(client, subscriber, "change-address", **WISH).status_code == 403
    assert not AddressChange.objects.exists()


def test_nobody_but_a_superuser_asks_for_a_colleague_and_nobody_for_themselves(client, as_staff, staff):
    colleague = make.make_user(is_staff=True)
    assert said(dialog(as_staff, staff, "change-address", **WISH))[0].startswith("This account is closed")
    dialog(as_staff, colleague, "change-address", **WISH)
    assert AddressChange.objects.get().user == colleague

    client.force_login(helper("add_addresschange", "change_user", "view_user"))
    other = make.make_user(is_staff=True)
    assert dialog(client, other, "change-address", **WISH).status_code == 403


def test_it_is_offered_while_none_is_under_way(as_staff, subscriber):
    page = f"/admin/accounts/user/{subscriber.pk}/change/"
    assert "/change-address/" in as_staff.get(page).content.decode()

    dialog(as_staff, subscriber, "change-address", **WISH)

    assert "/change-address/" not in as_staff.get(page).content.decode()


def test_the_page_begins_with_what_is_to_be_changed(as_staff, subscriber):
    dialog(as_staff, subscriber, "change-address", **WISH)

    page = as_staff.get(f"/admin/accounts/addresschange/{AddressChange.objects.get().pk}/change/").content.decode()

    assert page.index("New address or number") < page.index("Requested by")
