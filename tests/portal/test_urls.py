"""Who may open which address; a new route that is on no list and guards nothing fails here."""

from http import HTTPStatus

import pytest
from django.urls import reverse

from tests.portal.routes import DEMO_ONLY, PUBLIC, SHARED, routes

ROUTES = routes()
BY_NAME = {route.name: route for route in ROUTES}
GUARDED = [route for route in ROUTES if not route.is_for_staff and route.name not in PUBLIC | DEMO_ONLY]
OWNED = [route for route in GUARDED if route.is_owned]
STAFF_ONLY = [route for route in ROUTES if route.is_for_staff and not route.arguments]
OPEN_ADMIN = {"admin:login", "admin:jsi18n"}


def visit(client, address):
    """Ask by GET, and by POST where GET is not offered."""
    response = client.get(address)
    return client.post(address) if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED else response


def test_the_lists_name_routes_that_exist():
    assert BY_NAME.keys() >= PUBLIC | DEMO_ONLY | SHARED


@pytest.mark.parametrize("route", GUARDED, ids=lambda route: route.name)
def test_anonymous_visitor_is_sent_to_sign_in(client, address_of, route):
    response = visit(client, address_of(route))

    assert response.status_code == HTTPStatus.FOUND
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("route", OWNED, ids=lambda route: route.name)
def test_stranger_finds_nothing(client, stranger, address_of, route):
    client.force_login(stranger)

    response = visit(client, address_of(route))

    # Asked to prove who they are first, they learn no more than from a 404.
    if response.status_code == HTTPStatus.FOUND:
        assert response["Location"].startswith(reverse("account_reauthenticate"))
    else:
        assert response.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", OWNED, ids=lambda route: route.name)
def test_stranger_finds_nothing_by_any_method(client, stranger, address_of, route, method):
    client.force_login(stranger)

    response = getattr(client, method)(address_of(route))

    assert response.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.FOUND}


@pytest.mark.parametrize("route", OWNED, ids=lambda route: route.name)
def test_owner_is_not_refused(client, subscriber, address_of, route):
    client.force_login(subscriber)

    assert visit(client, address_of(route)).status_code not in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}


@pytest.mark.parametrize("name", sorted(PUBLIC - {"billing:sandbox_pay", "billing:sandbox_confirm"}))
def test_public_route_answers_anybody(client, address_of, name):
    response = visit(client, address_of(BY_NAME[name]))

    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    assert response.status_code not in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}


@pytest.mark.parametrize("name", sorted(DEMO_ONLY))
def test_demo_page_is_shown_in_the_demo_only(client, address_of, settings, name):
    address = address_of(BY_NAME[name])
    shown = client.get(address)
    settings.DEMO = settings.PLAYGROUND = False
    hidden = client.get(address)

    assert (shown.status_code, hidden.status_code) == (HTTPStatus.OK, HTTPStatus.NOT_FOUND)


@pytest.mark.parametrize(
    "route", [route for route in STAFF_ONLY if route.name not in OPEN_ADMIN], ids=lambda route: route.name
)
def test_admin_is_for_staff(as_subscriber, route):
    response = visit(as_subscriber, route.address({}))

    assert response.status_code in {HTTPStatus.FOUND, HTTPStatus.FORBIDDEN}


@pytest.mark.parametrize(
    "path", ["/nothing/", "/lines/lin_0000000000000000/", "/orders/ord_0000000000000000/", "/lines/1/"]
)
def test_what_does_not_exist_is_not_found(as_subscriber, path):
    assert as_subscriber.get(path).status_code == HTTPStatus.NOT_FOUND
