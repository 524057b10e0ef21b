"""Whatever is sent to whatever address: never an error of ours, and nothing of Ada's changes hands."""

import random

import pytest
from django.urls import Resolver404, resolve, reverse

from billing.models import LedgerEntry, Order
from plans.models import Plan
from tests.portal.routes import routes
from tests.portal.walking import first_visit

ROUTES = [route for route in routes() if not route.is_for_staff]
NUL = "a\x00b"
LONG = "x" * 20_000
JUNK = {
    "nul": NUL,
    "long": LONG,
    "right to left": "\u202e\u0000\uffff",
    "minus one": "-1",
    "huge number": "9" * 40,
    "no number": "NaN",
    "markup": "<script>alert(1)</script>",
    "percent": "%00%ff%n",
    "braces": "{{7*7}}{% debug %}",
    "quotes": "' OR 1=1 --",
    "path": "../../etc/passwd",
    "lines": "a\r\nSet-Cookie: x=1",
    "list": ["1", "2"],
    "empty": "",
}
NAMES = [
    "page",
    "plan",
    "plan_id",
    "method",
    "currency",
    "source",
    "amount",
    "own_amount",
    "pay_with",
    "price_seen",
    "form_key",
    "use_balance",
    "keep_card",
    "nickname",
    "region",
    "country",
    "period",
    "size",
    "sort",
    "next",
    "q",
    "login",
    "email",
    "phone",
    "password",
    "password1",
    "password2",
    "oldpassword",
    "code",
    "card",
    "answer",
    "leave",
    "keep",
    "agreed",
    "sentence_seen",
    "hidden",
    "language",
    "time_zone",
    "notify_by_email",
    "full_name",
    "action",
    "key",
    "id_",
    "session",
    "name",
    "credential",
    "otp",
    "order",
    "search",
    "line",
    "public_id",
    "website",
    "remember",
    "passwordless",
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"]
BODIES = [b"", b"[]", b"=&=&%zz=%00", b"a" * 10_000]
KINDS = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain; charset=nothing",
    "multipart/form-data; boundary=\x7f",
    "application/x-www-form-urlencoded; charset=utf-7",
]
QUERIES = ["?page=-1", "?page=abc", "?page=%00", f"?page={'9' * 40}", "?%ff=%ff", "?a[]=1&a[b]=2"]
HEADERS = [
    {"accept-language": "x" * 600},
    {"accept-language": "zh-\x7f;q=9e9,*;q=-1"},
    {"hx-request": "true", "hx-current-url": "\xff", "hx-current-url-uri-autoencoded": "true"},
    {"x-forwarded-for": "\xff, ' OR 1=1, ::::"},
    {"user-agent": "\x00" * 5_000},
    {"referer": "http://[::1"},
    {"if-modified-since": "Thu, 99 Foo 9999"},
    {"content-length": "-1"},
]


def form_of(junk):
    return dict.fromkeys(NAMES, junk)


def is_no_error_of_ours(response):
    return response.status_code < 500


def dealt(shift):
    """Give every field another piece of junk."""
    pieces = list(JUNK.values())
    return {name: pieces[(place + shift) % len(pieces)] for place, name in enumerate(NAMES)}


def answers(client, address, junk):
    """Send a form of junk by GET and by POST."""
    yield client.get(address, {name: str(value)[:400] for name, value in junk.items()})
    yield client.post(address, junk)


@pytest.mark.slow
def test_no_junk_breaks_a_page(as_ada, address_of):
    for route in ROUTES:
        with first_visit(as_ada) as ada:
            for answer in answers(ada, address_of(route), form_of(NUL)):
                assert is_no_error_of_ours(answer), route.name


@pytest.mark.slow
def test_no_junk_in_any_field_breaks_a_page(as_ada, address_of, sample):
    everything = [*map(form_of, JUNK.values()), *map(dealt, range(len(JUNK)))]

    for turn, route in enumerate(ROUTES):
        with first_visit(as_ada) as ada:
            for junk in sample.of(everything, turn=turn):
                for answer in answers(ada, address_of(route), junk):
                    assert is_no_error_of_ours(answer), (route.name, junk)


@pytest.mark.slow
def test_no_method_and_no_body_breaks_a_page(as_ada, address_of, sample):
    bodies = [(kind, body) for kind in KINDS for body in BODIES]

    for turn, route in enumerate(ROUTES):
        address = address_of(route)
        with first_visit(as_ada) as ada:
            for method in METHODS:
                answer = ada.generic(method, address, b"\xff\xfe\x00", content_type="application/json")
                assert is_no_error_of_ours(answer), (route.name, method)
            for kind, body in sample.of(bodies, turn=turn):
                answer = ada.generic("POST", address, body, content_type=kind)
                assert is_no_error_of_ours(answer), (route.name, kind, body)


@pytest.mark.slow
def test_no_query_and_no_header_breaks_a_page(as_ada, address_of, sample):
    for turn, route in enumerate(ROUTES):
        address = address_of(route)
        with first_visit(as_ada) as ada:
            for query in sample.of(QUERIES, turn=turn):
                assert is_no_error_of_ours(ada.get(address + query)), (route.name, query)
            for given in sample.of(HEADERS, turn=turn):
                assert is_no_error_of_ours(ada.get(address, headers=given)), (route.name, given)


@pytest.mark.parametrize(
    "name", ["billing:orders", "billing:charges", "billing:movements", "plans:catalogue", "accounts:outbox"]
)
def test_no_page_number_breaks_a_list(as_ada, name):
    answers = {query: as_ada.get(reverse(name) + query).status_code for query in QUERIES}

    assert answers == dict.fromkeys(QUERIES, 200)


@pytest.mark.slow
@pytest.mark.parametrize("cookie", ["sessionid", "csrftoken", "currency", "django_language", "messages", "mfa_trusted"])
def test_no_cookie_breaks_a_page(client, db, cookie):
    for value in ('"aaaaaaaaaaaa\\000"', "x" * 4_000, '"\\377\\376"', "%00", "{}"):
        with first_visit(client) as visitor:
            visitor.cookies.load(f"{cookie}=a")
            visitor.cookies[cookie].set(cookie, value, value)
            for address in ("/", "/plans/", "/accounts/login/"):
                assert is_no_error_of_ours(visitor.get(address)), (value, address)


@pytest.mark.slow
def test_no_id_in_an_address_breaks_a_page(as_ada, address_of, ids_of_ada, sample):
    ids = [str(value) for values in ids_of_ada.values() for value in values.values()]

    for turn, route in enumerate(route for route in ROUTES if route.arguments):
        for junk in sample.of(("%00", "lin_%00", "%ff", "..%2f..", "x" * 3_000, "9" * 40, "%F0%9F%92%A9"), turn=turn):
            address = address_of(route)
            for known in ids:
                if known == "sandbox" and not route.pattern.startswith("webhooks/"):
                    continue
                address = address.replace(f"/{known}/", f"/{junk}/")
            with first_visit(as_ada) as ada:
                for method in ("get", "post"):
                    assert is_no_error_of_ours(getattr(ada, method)(address)), address


@pytest.mark.parametrize("prefix", ["lin_", "ord_", "pln_", "pm_", ""])
def test_ids_that_nobody_has_are_not_found(as_ada, prefix):
    dice = random.Random(4)  # noqa: S311 - junk, not a secret
    for _ in range(20):
        word = "".join(dice.choices("0123456789abcdefghjkmnpqrstvwxyzILOU_-.~", k=dice.choice([1, 16, 17, 64])))
        for address in (f"/lines/{prefix}{word}/", f"/orders/{prefix}{word}/", f"/plans/{prefix}{word}/"):
            try:
                resolve(address)
            except Resolver404:
                continue
            assert as_ada.get(address).status_code == 404


def test_ten_megabytes_are_refused(as_ada, address_of):
    body = b"form_key=" + b"x" * (10 << 20)

    for route in ROUTES[::8]:
        answer = as_ada.generic("POST", address_of(route), body, content_type="application/x-www-form-urlencoded")
        assert is_no_error_of_ours(answer), route.name

    assert not Order.objects.filter(form_key__contains="xxx").exists()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("junk", [{"plan": NUL, "source": "balance"}, {"plan": "pln_", "source": NUL}, {}])
def test_no_junk_breaks_the_agreement_to_auto_renewal(as_ada, ids_of_ada, junk):
    plan = Plan.objects.of_kind(Plan.Kind.PLAN).get()
    wishes = {name: plan.public_id if value == "pln_" else value for name, value in junk.items()}

    answer = as_ada.get(reverse("billing:agree", kwargs=ids_of_ada["lines/"]), wishes)

    onward, _, _wishes = answer.headers["Location"].partition("?")
    assert onward == reverse("billing:auto_renewal", kwargs=ids_of_ada["lines/"])
