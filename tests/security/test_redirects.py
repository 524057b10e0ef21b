"""Wherever an address can be named to go on to: it never leaves the portal."""

from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import reverse

from tests import make
from tests.portal.routes import routes
from tests.portal.walking import first_visit

PAYLOADS = [
    "//evil.example", "///evil.example", "////evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "\x00//evil.example",
    "https:evil.example", "https:/evil.example", "https://evil.example", "http:\\\\evil.example", "HTTPS://EVIL.EXAMPLE",
    "http://testserver@evil.example", "http://testserver:80@evil.example/", "http://testserver.evil.example",
    "//testserver@evil.example", "//evil.example/testserver", "http://evil.example#testserver", "//evil。example",
    "//ⓔvil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/%2fevil.example/..//x",
    "//[::2]", "http:///evil.example", "%2f%2fevil.example", "/..//evil.example", "ftp://evil.example", "//0x7f.1",
]  # fmt: skip
NAMES = ["next", "return_url", "success_url", "url", "return", "redirect_to", "continue"]
ROUTES = [route for route in routes() if not route.is_for_staff]


def stays(response):
    """Tell whether a browser would stay: leading white space and backslashes are what it makes of them."""
    location = response.headers.get("Location", "").strip().replace("\\", "/").replace("\t", "").replace("\n", "")
    target = urlsplit(urljoin("http://testserver/", location))
    return target.scheme in {"http", "https"} and target.netloc == "testserver"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_signing_in_and_out_never_leaves_the_portal(client, subscriber, payload):
    sign_in = {"login": subscriber.email, "password": make.PASSWORD, "next": payload}
    here = {"HTTP_REFERER": payload.replace("\n", "").replace("\x00", "")}

    assert stays(client.post(reverse("set_language"), {"language": "en", "next": payload}, **here))
    assert stays(client.post(reverse("account_login"), sign_in, query_params={"next": payload}))
    assert stays(client.get(reverse("account_login"), {"next": payload}))
    assert stays(client.post(reverse("account_reauthenticate"), {"password": make.PASSWORD, "next": payload}))
    assert stays(client.post(reverse("account_logout"), {"next": payload}))


@pytest.mark.slow
def test_no_address_leaves_the_portal(as_ada, address_of, sample):
    for turn, route in enumerate(ROUTES):
        for payload in sample.of(PAYLOADS, turn=turn):
            sent = dict.fromkeys(NAMES, payload)
            with first_visit(as_ada) as ada:
                for response in (ada.get(address_of(route), sent), ada.post(address_of(route), sent)):
                    assert stays(response), (route.name, payload, response.headers.get("Location"))


@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST"])
def test_a_foreign_host_is_in_no_answer(client, db, header):
    for address in ("/plans/", "/accounts/login/", "/help/", "/"):
        response = client.get(address, **{header: "evil.example"})
        assert b"evil.example" not in response.content
        assert "evil.example" not in str(response.headers)


@pytest.mark.parametrize("header", ["HTTP_HOST", "HTTP_X_FORWARDED_HOST"])
def test_a_foreign_host_is_in_no_mail(client, subscriber, mailoutbox, header):
    client.post(reverse("account_reset_password"), {"login": subscriber.email}, **{header: "evil.example"})
    client.post(reverse("account_request_login_code"), {"login": subscriber.email}, **{header: "evil.example"})

    assert all("evil.example" not in mail.subject + mail.body for mail in mailoutbox)
