"""A marked secret is followed through success, refusal and failure: it turns up nowhere it has no business."""

import json
import logging

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.core import serializers
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.notifications import deliver_due
from accounts.second_factors import factors_of
from esim import provisioning
from esim.carriers.base import OrderedProfile
from esim.models import SimProfile
from tests import make
from tests.portal.routes import routes

CODE = "1$smdp.example.com$CANARY-7F3K-DO-NOT-LEAK"
MATCHING_ID = "CANARY-7F3K"
PIN, PUK, SEED, PASSWORD = "31337904", "90817263541", "CANARYSEEDJBSWY3DP", "canary password of Ada 42"
CARD = "card_canary_reference"
CANARIES = [MATCHING_ID, PIN, PUK, SEED, PASSWORD, CARD]
SHOWS_THE_CODE = {"esim:install", "esim:install_keep"}


@pytest.fixture
def secrets(subscriber, ids_of_ada):
    """Mark what Ada has."""
    profile = SimProfile.objects.current().get(line__public_id=ids_of_ada["lines/"]["public_id"])
    profile.activation_code, profile.pin, profile.puk = CODE, PIN, PUK
    profile.save()
    subscriber.payment_methods.update(reference=CARD)
    subscriber.set_password(PASSWORD)
    subscriber.save()
    with factors_of(subscriber):
        TOTP.activate(subscriber, SEED)
    return profile


def body_of(answer):
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode(errors="replace")


def found_in(text):
    return [canary for canary in CANARIES if canary in text]


@pytest.mark.slow
def test_no_log_and_no_page_but_one_tells_a_secret(secrets, client, subscriber, staff, address_of, caplog):
    caplog.set_level(logging.DEBUG)
    client.force_login(subscriber)
    client.raise_request_exception = False

    for route in routes():
        if route.is_for_staff:
            continue
        for answer in (client.get(address_of(route)), client.post(address_of(route), {"password": PASSWORD})):
            if route.name not in SHOWS_THE_CODE:
                assert found_in(body_of(answer)) == [], route.name
            assert found_in(str(answer.headers)) == [], route.name

    assert found_in(caplog.text) == []


@pytest.mark.slow
def test_no_staff_page_tells_a_secret(secrets, client, staff, subscriber):
    client.force_login(staff)
    owned = [secrets, secrets.line, subscriber, subscriber.payment_methods.get()]

    pages = [
        route.address({}) for route in routes() if route.name.endswith("_changelist") or route.name == "admin:index"
    ]
    for row in owned:
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        pages += [reverse(f"{name}_change", args=[row.pk]), reverse(f"{name}_history", args=[row.pk])]
    for page in pages:
        assert found_in(client.get(page, follow=True).content.decode().replace(CARD, "")) == [], page


def test_no_column_holds_a_secret_in_the_clear(secrets, client, subscriber, now):
    """The card's reference is the gateway's name for it, and worth nothing without the gateway's key."""
    client.force_login(subscriber)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.get(reverse("esim:install", args=[secrets.line.public_id]))
    deliver_due(now=now)
    rows = [row for model in apps.get_models() if model._meta.managed for row in model._default_manager.all()]

    dump = serializers.serialize("json", rows)

    assert [canary for canary in found_in(dump) if canary != CARD] == []


def test_an_error_tells_no_secret(secrets, subscriber, caplog, settings):
    """The database fails in the middle of a page: neither the page nor the log says what was in hand."""
    caplog.set_level(logging.DEBUG)
    settings.DEBUG = False
    client = Client(raise_request_exception=False)
    client.force_login(subscriber)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    def failing(execute, sql, params, many, context):
        if "billing_order" in sql or "accounts_auditevent" in sql:
            raise RuntimeError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(failing):
        answers = [
            client.get("/billing/orders/"),
            client.get(reverse("esim:install", args=[secrets.line.public_id])),
        ]

    assert 500 in {answer.status_code for answer in answers}
    for answer in answers:
        assert found_in(answer.content.decode()) == []
        assert "Traceback" not in answer.content.decode()
    assert found_in(caplog.text) == []


def test_a_failing_delivery_tells_no_secret(subscriber, caplog, now):
    caplog.set_level(logging.DEBUG)
    ordered = OrderedProfile(
        iccid="8985200000000000017", msisdn="x" * 400, smdp_address="smdp.example.com", activation_code=CODE, pin=PIN,
        puk=PUK, reference="r",
    )  # fmt: skip
    line = make.make_line(owner=subscriber)

    try:
        provisioning.save_profile(line=line, ordered=ordered, is_current=True, now=now)
    except Exception:  # the log is looked at, whatever was wrong
        logging.getLogger(__name__).exception("Not saved: %r", ordered)

    assert found_in(caplog.text) == []
    assert found_in(repr(ordered)) == []


def test_no_row_prints_a_secret(secrets, subscriber):
    method = subscriber.payment_methods.get()

    assert found_in("".join(f"{row!r}{row}" for row in (secrets, secrets.line, subscriber, method))) == []
    assert found_in(json.dumps(secrets.__dict__, default=repr)) == []
