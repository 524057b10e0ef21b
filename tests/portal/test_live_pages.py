"""Pages that ask for their changing part, once its reader is signed out or has to prove who they are."""

import pytest
from django.urls import reverse

from esim.models import SimApplication
from tests import make

HTMX = {"HX-Request": "true"}


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    return line


def parts(line):
    """Return what pages ask for again and again."""
    order = make.make_order(owner=line.owner, line=line, state="paid", paid_at=make.NOW)
    application = make.make_application(owner=line.owner, state=SimApplication.State.SUBMITTED, submitted_at=make.NOW)
    replacement = make.make_replacement(line=make.make_line(owner=line.owner), state="to_install")
    return [
        reverse("esim:install_state", args=[line.public_id]) + "?seen=",
        reverse("billing:order", args=[order.public_id]),
        reverse("esim:application", args=[application.public_id]),
        reverse("esim:replacement", args=[replacement.public_id]),
    ]


def test_a_page_that_waits_is_loaded_anew_when_its_reader_is_signed_out(client, line):
    """What htmx is redirected to it puts into the page: a sign-in page beside the code that is still shown there."""
    addresses = parts(line)
    client.force_login(line.owner)
    meanwhile = [client.get(address, headers=HTMX) for address in addresses]
    client.logout()

    answers = [client.get(address, headers=HTMX) for address in addresses]

    assert [answer.status_code for answer in meanwhile] == [200] * len(addresses)
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * len(addresses)
    assert {answer.headers["HX-Refresh"] for answer in answers} == {"true"}


def test_a_part_that_asks_for_a_proof_has_the_page_ask_for_it(as_subscriber, line):
    page = reverse("esim:install", args=[line.public_id])

    assert as_subscriber.get(page).url.startswith(reverse("account_reauthenticate"))
    assert as_subscriber.get(page, headers=HTMX).headers["HX-Refresh"] == "true"
