"""What every answer tells the browser, whatever its status."""

import re
import sys
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from tests.make import PASSWORD
from tests.portal.routes import DEMO_ONLY, PUBLIC, routes
from tests.portal.walking import first_visit

# A letter of the demo has a policy of its own: tests/accounts/test_outbox.py.
STYLED_BY_ITSELF = {"accounts:outbox_letter"}
ROUTES = [route for route in routes() if not route.is_for_staff and route.name not in STYLED_BY_ITSELF]
CACHEABLE = {"brand_css", "manifest", "offline"}
STRICT = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}


def policy(response):
    directives = (part.strip().partition(" ") for part in response["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in directives}


def check_headers(response):
    assert policy(response).items() >= STRICT.items()
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "http:" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    # "strict-origin" where the address is a key: not even we are told it again.
    assert response["Referrer-Policy"] in {"same-origin", "strict-origin"}
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def visits(client, address_of, routes):
    """Open each route as if it were the first; a test that fails on one shows its address."""
    for route in routes:
        with first_visit(client) as visitor:
            response = visitor.get(address_of(route))
            sys.stdout.write(f"{route.name} at {response.request['PATH_INFO']}\n")
            yield route, response


@pytest.mark.slow
def test_every_answer_to_ada_is_guarded_and_not_kept(as_subscriber, address_of):
    for route, response in visits(as_subscriber, address_of, ROUTES):
        check_headers(response)
        if route.name not in CACHEABLE:
            assert "no-store" in response["Cache-Control"]


def test_every_answer_to_a_visitor_is_guarded(client, address_of):
    for _, response in visits(client, address_of, [one for one in ROUTES if one.name in PUBLIC | DEMO_ONLY]):
        check_headers(response)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing/", HTTPStatus.NOT_FOUND), ("/i18n/setlang/", HTTPStatus.METHOD_NOT_ALLOWED), ("/lines/x/", 404)],
)
def test_errors_are_guarded_too(client, db, path, status):
    response = client.get(path)

    assert response.status_code == status
    check_headers(response)


def test_a_refused_form_is_guarded_too(db):
    response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x"})

    assert response.status_code == HTTPStatus.FORBIDDEN
    check_headers(response)


def test_a_broken_page_is_guarded_too(client, db, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("portal.health.connection", None)

    response = client.get("/readyz")

    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    check_headers(response)


def test_the_admin_alone_may_evaluate(client, staff):
    client.force_login(staff)

    relaxed = policy(client.get("/admin/", follow=True))

    assert relaxed["script-src"] == "'self' 'unsafe-eval'"
    assert relaxed["default-src"] == "'none'"


LEADS_TO_GATEWAY = {
    "billing:settle",
    "billing:pay_for",
    "billing:add_to_queue",
    "billing:add_money",
    "billing:another_way",
    "billing:buy",
    "billing:confirm",
    "billing:methods",
    "billing:order",
    "billing:pay",
    "billing:renew",
    "billing:top_up",
}


@pytest.fixture
def payment_page_elsewhere(settings):
    """Payments go through Stripe, whose pages are on a host of its own; nobody asks it anything here."""
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_API_KEY = "rk_test_not_a_real_key"


@pytest.mark.slow
def test_only_forms_that_pay_lead_to_the_payment_page(as_subscriber, address_of, payment_page_elsewhere):
    for route, response in visits(as_subscriber, address_of, ROUTES):
        elsewhere = " https://checkout.stripe.com" if route.name in LEADS_TO_GATEWAY else ""
        assert policy(response)["form-action"] == f"'self'{elsewhere}"


def test_the_payment_page_adds_nothing_else_to_the_policy(as_subscriber, address_of, payment_page_elsewhere):
    route = next(route for route in ROUTES if route.name == "billing:methods")

    paying = policy(as_subscriber.get(address_of(route)))

    assert {**paying, "form-action": "'self'"}.items() >= STRICT.items()


def test_cookies_stay_out_of_reach_of_scripts_and_other_sites(client, subscriber):
    client.get(reverse("account_login"))
    client.post(reverse("account_login"), {"login": subscriber.email, "password": PASSWORD})

    assert {cookie.key for cookie in client.cookies.values()} >= {"sessionid", "csrftoken"}
    for cookie in client.cookies.values():
        assert cookie["httponly"] or cookie.key == "django_language"
        assert cookie["samesite"] == "Lax"


@pytest.mark.slow
def test_pages_load_nothing_from_other_hosts(as_subscriber, address_of):
    pages = 0
    for _, response in visits(as_subscriber, address_of, ROUTES):
        if response["Content-Type"].startswith("text/html"):
            loads = re.findall(r"""<(?:script|link|img|iframe|source|use)\b[^>]*(?:src|href)="([^"]+)""", response.text)
            assert [address for address in loads if not address.startswith(("/", "#", "data:image/"))] == []
            pages += bool(loads)
    assert pages > 20
