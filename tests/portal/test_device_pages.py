"""The portal on a device: as an app, on a slow network, and without one."""

import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from billing.models import Order
from tests import make

LIGHT = 30_000
"""Bytes of a page, uncompressed; style sheet and scripts are in the cache of the browser when somebody comes back."""


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, nickname="Work phone")
    make.make_allowance(line=line)
    return line


def test_the_manifest_names_the_operator_and_icons_that_are_there(client, settings):
    settings.PORTAL_BRAND_NAME = "LEB Mobile"
    told = json.loads(client.get("/manifest.webmanifest").content)

    assert (told["name"], told["start_url"], told["display"]) == ("LEB Mobile", "/", "standalone")
    assert {icon["sizes"] for icon in told["icons"]} == {"192x192", "512x512"}
    for icon in told["icons"]:
        assert finders.find(re.sub(r"^/static/", "", icon["src"])), icon


@pytest.mark.django_db
def test_the_page_without_a_connection_holds_nothing_of_anybody(as_subscriber, client, subscriber):
    client.logout()
    for_all = client.get(reverse("offline", args=["zh-hant"]))
    as_subscriber.force_login(subscriber)
    for_ada = as_subscriber.get(reverse("offline", args=["zh-hant"]))

    assert 'lang="zh-hant"' in for_all.content.decode()
    assert subscriber.email not in for_ada.content.decode()
    assert "csrfmiddlewaretoken" not in for_ada.content.decode()
    assert client.get(reverse("offline", args=["tlh"])).status_code == 404


@pytest.mark.django_db
def test_only_who_is_signed_in_is_given_a_worker(as_subscriber, client):
    assert "data-worker" in as_subscriber.get(reverse("home")).content.decode()
    as_subscriber.logout()
    assert "data-worker" not in client.get(reverse("account_login")).content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_each_page_on_the_way_to_a_renewal_is_light(as_subscriber, subscriber, line, language):
    type(subscriber).objects.update(language=language)
    plans = [make.make_plan(name=f"Europe {number} GB") for number in range(20)]
    order = make.make_order(owner=subscriber, line=line)
    renew = reverse("billing:renew", args=[line.public_id])
    for address in ("/", renew, f"{renew}?plan={plans[0].public_id}", reverse("billing:order", args=[order.public_id])):
        answer = as_subscriber.get(address)
        assert answer.status_code == 200
        assert len(answer.content) < LIGHT, address


def test_who_comes_back_to_renew_finds_the_order_that_was_begun(as_subscriber, subscriber, line):
    renew = reverse("billing:renew", args=[line.public_id])
    make.make_plan()
    assert "begun to pay" not in as_subscriber.get(renew).content.decode()

    order = make.make_order(owner=subscriber, line=line)

    html = as_subscriber.get(renew).content.decode()
    assert "You have begun to pay for this line" in html
    assert reverse("billing:order", args=[order.public_id]) in html


def test_a_receipt_is_kept_by_its_owner_and_only_once_it_is_paid(as_subscriber, subscriber, line, now):
    order = make.make_order(owner=subscriber, line=line)
    address = reverse("billing:keep_receipt", args=[order.public_id])
    assert as_subscriber.post(address).status_code == 302

    Order.objects.update(state=Order.State.PAID, paid_at=now)
    answer = as_subscriber.post(address)

    text = answer.content.decode()
    assert order.public_id in text
    assert not re.search("<form|csrf|hx-get", text)
    assert "no-store" in answer["Cache-Control"]
    assert as_subscriber.cookies["keeps"].value == subscriber.public_id
