"""Who may open which address; a new route that is on no list and guards nothing fails here."""

from http import HTTPStatus

import pytest
from django.urls import reverse

from tests.portal.routes import DEMO_ONLY, PUBLIC, SHARED, routes
from tests.portal.walking import first_visit

ROUTES = routes()
BY_NAME = {route.name: route for route in ROUTES}
OURS = [route for route in ROUTES if not (route.is_for_staff or route.is_for_programs)]
GUARDED = [route for route in OURS if route.name not in PUBLIC | DEMO_ONLY]
OWNED = [route for route in GUARDED if route.is_owned]
STAFF_ONLY = [route for route in ROUTES if route.is_for_staff and not route.arguments]
OPEN_ADMIN = {"admin:login", "admin:jsi18n"}
# Payments that nobody began, and programs of networks that this portal does not use.
NOT_HERE = {name for name in PUBLIC if name.startswith(("billing:sandbox_", "esim:esimgo_", "esim:es2plus_"))}


def visit(client, address):
    """Ask by GET, and by POST where GET is not offered."""
    response = client.get(address)
    return client.post(address) if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED else response


def test_the_lists_name_routes_that_exist():
    assert BY_NAME.keys() >= PUBLIC | DEMO_ONLY | SHARED


def answers(client, address_of, routes):
    """Visit each route as if it were the first; return the answers by name."""
    found = {}
    for route in routes:
        with first_visit(client) as visitor:
            found[route.name] = visit(visitor, address_of(route))
    return found


def test_anonymous_visitor_is_sent_to_sign_in(client, address_of):
    sign_in = reverse("account_login")

    seen = answers(client, address_of, GUARDED)

    assert [name for name, answer in seen.items() if not answer.headers.get("Location", "").startswith(sign_in)] == []
    assert {answer.status_code for answer in seen.values()} == {HTTPStatus.FOUND}


def test_stranger_finds_nothing(client, stranger, address_of):
    client.force_login(stranger)

    seen = answers(client, address_of, OWNED)

    # Asked to prove who they are first, they learn no more than from a 404.
    asked = reverse("account_reauthenticate")
    found = {name: answer for name, answer in seen.items() if not answer.headers.get("Location", "").startswith(asked)}
    assert [name for name, answer in found.items() if answer.status_code != HTTPStatus.NOT_FOUND] == []
    assert len(found) > len(seen) / 2


@pytest.mark.parametrize("method", ["get", "post"])
def test_stranger_finds_nothing_by_any_method(client, stranger, address_of, method):
    client.force_login(stranger)

    for route in OWNED:
        with first_visit(client) as visitor:
            status = getattr(visitor, method)(address_of(route)).status_code
        assert status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.FOUND}, route.name


@pytest.mark.slow
def test_owner_is_not_refused(as_subscriber, address_of):
    seen = answers(as_subscriber, address_of, OWNED)

    refused = {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}
    assert [name for name, answer in seen.items() if answer.status_code in refused] == []


def test_public_route_answers_anybody(client, address_of):
    public = [BY_NAME[name] for name in sorted(PUBLIC - NOT_HERE)]

    seen = answers(client, address_of, public)

    refused = {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}
    assert [name for name, answer in seen.items() if answer.status_code in refused or answer.status_code >= 500] == []


@pytest.mark.parametrize("name", sorted(DEMO_ONLY))
def test_demo_page_is_shown_in_the_demo_only(client, address_of, settings, name):
    address = address_of(BY_NAME[name])
    shown = client.get(address)
    settings.DEMO = settings.PLAYGROUND = False
    hidden = client.get(address)

    assert (shown.status_code, hidden.status_code) == (HTTPStatus.OK, HTTPStatus.NOT_FOUND)


@pytest.mark.slow
def test_admin_is_for_staff(as_subscriber):
    closed = [route for route in STAFF_ONLY if route.name not in OPEN_ADMIN]

    seen = answers(as_subscriber, lambda route: route.address({}), closed)

    refused = {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}
    assert [name for name, answer in seen.items() if answer.status_code not in refused] == []


@pytest.mark.parametrize(
    "path", ["/nothing/", "/lines/lin_0000000000000000/", "/orders/ord_0000000000000000/", "/lines/1/"]
)
def test_what_does_not_exist_is_not_found(as_subscriber, path):
    assert as_subscriber.get(path).status_code == HTTPStatus.NOT_FOUND
