"""What a page keeps back from staff is not told by the address of its list either, letter by letter."""

import pytest
from django.contrib import admin

from accounts.models import Notification
from portal.lib.crypto import sealed_columns
from tests import make
from tests.admin.dialogs import helper

pytestmark = pytest.mark.django_db

SEALED = sorted((model._meta.label, column) for model in admin.site._registry for column in sealed_columns(model))
LINK = "http://localhost:8000/renewals/sub_abc.3.aaaaaaaa.SiGnAtUrE0123456789/"
TOKENS, USERS = "/admin/accounts/apitoken/", "/admin/accounts/user/"


def refused(client, address, **lookup):
    """Tell whether a list says neither of a right nor of a wrong guess how many rows are left."""
    return client.get(address, lookup).status_code == 400


def test_passwords_are_not_guessed(client):
    make.make_user()
    client.force_login(helper("view_user"))

    assert refused(client, USERS, password__startswith="md5")
    assert not refused(client, USERS, language__exact="en")


@pytest.mark.parametrize("lookup", ["owner__password__startswith", "owner__password", "line__owner__password__regex"])
def test_nor_by_way_of_what_people_own(as_staff, lookup):
    assert refused(as_staff, "/admin/billing/order/", **{lookup: "md5"})


@pytest.mark.parametrize("lookup", ["body__contains", "body__regex", "context__link__contains", "context__contains"])
def test_link_that_a_letter_hides_is_not_guessed(client, now, lookup):
    facts = {"channel": "email", "kind": "renewal_question", "state": "sent", "created_at": now, "due_at": now}
    notice = Notification.objects.create(
        key="k:email", user=make.make_user(), body=f"Answer: {LINK}", context={"link": LINK}, **facts
    )
    client.force_login(helper("view_notification"))
    address = "/admin/accounts/notification/"

    assert "SiGnAtUrE" not in client.get(f"{address}{notice.pk}/change/").content.decode()
    assert refused(client, address, **{lookup: "SiGnAtUrE01"})


@pytest.mark.parametrize(("label", "column"), SEALED)
def test_no_list_is_narrowed_down_by_secrets_at_rest(as_staff, label, column):
    address = f"/admin/{label.lower().replace('.', '/')}/"

    assert refused(as_staff, address, **{f"{column}__startswith": "v1."})
    assert refused(as_staff, address, **{column: ""})


@pytest.mark.parametrize(
    ("address", "column"),
    [
        (TOKENS, "digest"),
        ("/admin/billing/paylink/", "token_hash"),
        ("/admin/esim/simapplication/", "pickup_code_hash"),
        ("/admin/esim/bindingattempt/", "card"),
        ("/admin/accounts/referral/", "mailbox"),
    ],
)
def test_nor_by_hashes(as_staff, address, column):
    assert refused(as_staff, address, **{f"{column}__startswith": "a"})


def test_a_list_of_what_belongs_to_somebody_still_opens(as_staff, subscriber):
    assert not refused(as_staff, "/admin/billing/order/", owner__id__exact=subscriber.pk)
    assert not refused(as_staff, USERS, id__exact=subscriber.pk)
