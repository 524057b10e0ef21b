"""A marked activation code and its confirmation code are followed everywhere: each is where it belongs, and nowhere else.

The activation code stands on the install page, in its picture and in the copy that a device keeps; the confirmation
code in one message. Everything else that the portal says, stores, queues or logs is searched for both.
"""

import logging
from dataclasses import replace
from io import BytesIO

import pytest
import zxingcpp
from celery.signals import before_task_publish, task_prerun
from django.apps import apps
from django.contrib import admin
from django.core import mail, serializers
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from PIL import Image

from accounts.calendar_links import token_of
from accounts.notifications import deliver_due
from billing.tasks import fulfil_order
from esim import provisioning
from esim.models import ProfileOrder
from portal.celery import TIMETABLE, app
from tests import make
from tests.fakes.carrier import FakeCarrier
from tests.portal.routes import routes
from tests.security.test_secrets import body_of

TOKEN, CONFIRMATION = "CANARY-9X4K-7F3Q", "60471938"
CODE = f"1$smdp.example.com${TOKEN}$$1"
CANARIES = [TOKEN, TOKEN.lower(), CONFIRMATION]
SHOW_THE_CODE = {"get esim:install", "post esim:install_keep"}
LEAVE = {
    "account_logout",
    "accounts:lock",
    "accounts:report",
    "accounts:replace_calendar_link",
    "esim:terminate",
    "usersessions_list",
}
ROWS_A_MODEL = 2

pytestmark = pytest.mark.slow


class CanaryCarrier(FakeCarrier):
    """Answers every order with the marked codes."""

    def order_profile(self, ask):
        return replace(super().order_profile(ask), activation_code=CODE, confirmation_code=CONFIRMATION)


@pytest.fixture
def queued():
    """What was handed to the queue, arguments and headers."""
    seen = []

    def publishing(body=None, headers=None, **_kwargs):
        seen.append(f"{body!r}{headers!r}")

    def running(args=None, kwargs=None, **_others):
        seen.append(f"{args!r}{kwargs!r}")

    before_task_publish.connect(publishing)
    task_prerun.connect(running)
    yield seen
    before_task_publish.disconnect(publishing)
    task_prerun.disconnect(running)


@pytest.fixture
def line(subscriber, ids_of_ada):
    """A line of Ada's that was delivered by the way every purchase takes."""
    line = provisioning.open_line(
        owner=subscriber,
        purchase_id="ord_canary",
        plan_code="europe",
        nickname="Canary",
        carrier=CanaryCarrier(),
        now=timezone.now(),
    )
    for order in ProfileOrder.objects.filter(line=line):
        order.matching_id, order.confirmation_code = TOKEN, CONFIRMATION
        order.save()
    ids_of_ada["lines/"] = {"public_id": line.public_id}
    return line


def found_in(text):
    return [canary for canary in CANARIES if canary in text]


def text_of(answer):
    return body_of(answer) + str(answer.headers) + str(answer.cookies)


def proved(user):
    """Return a browser in which this person proved a moment ago who they are."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    client.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    return client


def answers_to(who, address_of):
    """Walk through every address of the portal but the staff's, looking and then sending an empty form."""
    browser = proved(who)
    for method in ("get", "post"):
        for route in routes():
            if not (route.is_for_staff or (method == "post" and route.name in LEAVE)):
                yield f"{method} {route.name}", text_of(getattr(browser, method)(address_of(route)))


def pages_of_staff():
    """Return the pages of the admin: lists, forms for what is new, and what is known of some rows of each kind."""
    yield reverse("admin:index")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        for row in model._default_manager.order_by("-pk")[:ROWS_A_MODEL]:
            for page in ("change", "history"):
                try:
                    yield reverse(f"{name}_{page}", args=[row.pk])
                except NoReverseMatch:
                    continue


def test_the_codes_are_where_they_belong_and_nowhere_else(
    line, subscriber, staff, stranger, address_of, caplog, queued, mailoutbox
):
    caplog.set_level(logging.DEBUG)
    leaks = {}

    def search(where, text):
        if found := found_in(text):
            leaks[where] = found

    # They are where they belong.
    ada = proved(subscriber)
    install = reverse("esim:install", args=[line.public_id])
    shown = text_of(ada.get(install))
    picture = Image.open(BytesIO(ada.get(f"{install}qr.png").content)).convert("L")
    kept = text_of(ada.post(f"{install}keep/"))
    deliver_due(now=timezone.now())
    assert TOKEN in shown
    assert TOKEN in kept
    assert zxingcpp.read_barcodes(picture)[0].text == f"LPA:{CODE}"
    assert [CONFIRMATION in letter.body for letter in mailoutbox].count(True) == 1
    assert CONFIRMATION not in shown + kept

    # Nowhere else: pages, for their owner, for others and for staff.
    for who in (subscriber, stranger):
        for where, text in answers_to(who, address_of):
            search(where, text.replace(TOKEN, "") if who == subscriber and where in SHOW_THE_CODE else text)
    app.loader.import_default_modules()
    for entry in TIMETABLE.values():
        app.tasks[entry["task"]].delay()
    fulfil_order.delay(order_id=subscriber.orders.first().pk)
    boss = proved(staff)
    for page in pages_of_staff():
        search(f"staff {page}", text_of(boss.get(page, follow=True)))
    visitor = Client()
    search("calendar", text_of(visitor.get(reverse("calendar", args=[token_of(subscriber)]))))
    search("metrics", text_of(visitor.get("/metrics")))

    # Messages, but for the one that brings the confirmation code.
    for letter in mail.outbox:
        html = "".join(part.content for part in letter.alternatives)
        words = letter.body.replace(CONFIRMATION, "", 1)
        # Large, in words, and beside the subject.
        search(
            f"letter {letter.subject}",
            letter.subject + words + html.replace(CONFIRMATION, "", 3) + str(letter.extra_headers),
        )
        assert html
        assert TOKEN not in letter.body + html

    # What is stored, queued, remembered and logged.
    rows = [row for model in apps.get_models() if model._meta.managed for row in model._default_manager.all()]
    search("the database", serializers.serialize("json", rows))
    search("sessions", str([dict(browser.session) for browser in (ada, boss)]))
    search("the cache", repr(getattr(cache, "_cache", {})))
    search("the queue", " ".join(queued))
    search("the log", caplog.text + " ".join(str(record.__dict__) for record in caplog.records))

    assert leaks == {}
    assert queued
