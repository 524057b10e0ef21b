"""Who may open what about a line: every route that names one, for everybody there is."""

import re
from http import HTTPStatus

import pytest

from esim import invitations
from tests import make
from tests.portal.routes import routes
from tests.portal.walking import first_visit

pytestmark = pytest.mark.slow

SEES = {"line", "esim:usage", "esim:usage_records", "esim:usage_csv"}
"""What a viewer opens; everything else about a line is not found."""

PAYS = SEES | {"billing:renew", "billing:top_up", "billing:queue", "billing:add_to_queue"}
OF_A_LINE = [route for route in routes() if route.pattern.startswith("lines/<") and not route.is_for_staff]
OPENED = {
    "owner": {route.name for route in OF_A_LINE},
    "payer": PAYS,
    "viewer": SEES,
    "stranger": set(),
    "former member": set(),
    "visitor": set(),
}


@pytest.fixture
def people(subscriber, stranger, address_of, now):
    """Everybody, with Ada's line of `ids_of_ada`; the former member was a payer until a moment ago."""
    line = subscriber.lines.order_by("pk").first()
    payer, viewer, former = (make.make_user(full_name=name) for name in ("Pat Payer", "Vic Viewer", "Fay Former"))
    make.make_member(line=line, user=payer, role="payer")
    make.make_member(line=line, user=viewer)
    gone = make.make_member(line=line, user=former, role="payer")
    invitations.remove(member=gone, by=subscriber, ip=None, now=now)
    who = {"owner": subscriber, "payer": payer, "viewer": viewer, "stranger": stranger, "former member": former}
    return {**who, "visitor": None}


def answer(client, address, method):
    with first_visit(client) as visitor:
        return getattr(visitor, method)(address)


# How it is for the owner, a stranger and a visitor, test_urls asks at all routes.
ELSEWHERE = ("owner", "stranger", "visitor")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "role", [pytest.param(role, marks=pytest.mark.slow if role in ELSEWHERE else ()) for role in OPENED]
)
def test_each_role_opens_its_pages_and_no_other(client, people, address_of, role, method):
    if people[role]:
        client.force_login(people[role])

    statuses = {route.name: answer(client, address_of(route), method).status_code for route in OF_A_LINE}

    if role == "visitor":
        assert set(statuses.values()) == {HTTPStatus.FOUND}
        return
    closed = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    opened = {name for name, status in statuses.items() if status not in closed}
    assert opened <= OPENED[role]
    if method == "get":
        by_post = {name for name, status in statuses.items() if status == HTTPStatus.METHOD_NOT_ALLOWED}
        assert opened == OPENED[role] - by_post
    assert not {status for status in statuses.values() if status >= HTTPStatus.INTERNAL_SERVER_ERROR}


@pytest.mark.parametrize("role", ["payer", "viewer"])
def test_no_page_of_theirs_says_what_is_the_owners(client, people, address_of, role):
    """Neither the code, nor the card that pays, nor what the owner pays, nor a way to any of it."""
    client.force_login(people[role])
    pages = [answer(client, address_of(route), "get") for route in OF_A_LINE if route.name in SEES - {"esim:usage_csv"}]

    for text in [page.content.decode() for page in [*pages, client.get("/")]]:
        assert "TEST-" not in text
        assert not re.search(r"\b4242\b", text)
        assert not re.search(r"/lines/lin_\w+/(auto-renewal|install|sim|people|service)/", text)
        assert "Recent orders" not in text


@pytest.mark.parametrize(("role", "offers"), [("payer", True), ("viewer", False)])
def test_the_front_page_shows_a_shared_line_with_what_one_may_do(client, people, subscriber, role, offers):
    client.force_login(people[role])

    text = client.get("/").content.decode()

    assert "Shared by Ada Lin" in text
    assert ("/renew/" in text) == offers
