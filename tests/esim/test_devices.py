"""Whether a device takes an eSIM: the list, what the device itself shows, and what the buy page remembers of it."""

import csv

import pytest
from django.urls import reverse

from esim.devices import CAVEATS, LIST, OTHER_NAMES, devices_matching, known_devices
from tests import make

EID = "89049032123451234512345678901235"


def names(text):
    return [device.name for device in devices_matching(text)]


def test_every_row_of_the_list_says_whence_and_when():
    with LIST.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) > 250
    assert len({(row["brand"], row["model"]) for row in rows}) == len(rows)
    assert all(row["source"] and row["model"] and row["kind"] in {"phone", "tablet", "computer"} for row in rows)
    assert {caveat for device in known_devices() for caveat in device.caveats} == CAVEATS.keys()
    assert OTHER_NAMES.keys() <= {row["brand"] for row in rows}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("iphone 15 pro max", "Apple iPhone 15 Pro Max"),
        ("iPhone15", "Apple iPhone 15"),
        ("苹果 16", "Apple iPhone 16"),
        ("三星 s24", "Samsung Galaxy S24"),
        ("S23 plus", "Samsung Galaxy S23+"),
        ("s23+", "Samsung Galaxy S23+"),
        ("ｐｉｘｅｌ 8a", "Google Pixel 8a"),
        ("fairphone gen", "Fairphone (Gen. 6)"),
    ],
)
def test_a_device_is_found_as_people_write_it(text, name):
    assert name in names(text)


@pytest.mark.parametrize("text", ["", "  ", "+++++", "iphone 6s", "\x00", "'; DROP TABLE", "galaxy s24 ultra max"])
def test_what_is_not_listed_is_not_found(text):
    assert names(text) == []


def test_a_model_of_mainland_china_is_warned_of():
    (iphone,) = (device for device in known_devices() if device.name == "Apple iPhone 15")

    assert "mainland China" in str(iphone.sentences[0])


def test_the_page_finds_devices_without_script_and_without_an_account(client, db):
    found = client.get("/devices/", {"q": "iphone"}).content.decode()
    nothing = client.get("/devices/", {"q": "<b>Zaphod</b>"}).content.decode()

    assert 'value="Apple iPhone XR"' in found
    assert "Type more of the name." in found
    assert reverse("sim_apply") in found, "a device without eSIM takes a card"
    assert "That proves nothing" in nothing
    assert "&lt;b&gt;Zaphod&lt;/b&gt;" in nothing


@pytest.mark.parametrize(
    ("eid", "sentence"),
    [(EID[:-1], "An EID has 32 digits."), (EID[:-1] + "6", "One of the digits"), ("x" * 500, "at most 80")],
)
def test_a_mistyped_eid_is_explained_and_nothing_lost(client, db, eid, sentence):
    answer = client.post("/devices/", {"eid": eid, "is_unlocked": "on", "q": "pixel 9a", "model": "Google Pixel 9a"})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert 'value="Google Pixel 9a"' in text
    assert "device_check" not in client.session


def test_the_buy_page_remembers_the_check_and_nobody_keeps_the_eid(as_subscriber):
    buy = reverse("billing:buy", args=[make.make_plan().public_id])
    before = as_subscriber.get(buy).content.decode()

    answer = as_subscriber.post("/devices/", {"next": buy, "model": "Google Pixel 9a", "is_unlocked": "on", "eid": EID})
    after = as_subscriber.get(buy).content.decode()

    assert f"/devices/?next={buy}" in before
    assert answer["Location"] == buy
    assert "Device checked" in after
    assert "Google Pixel 9a" in after
    assert EID not in str(dict(as_subscriber.session))


def test_nobody_has_to_check_a_device(as_subscriber):
    buy = reverse("billing:buy", args=[make.make_plan().public_id])

    empty = as_subscriber.post("/devices/", {"next": buy})
    unsure = as_subscriber.post("/devices/", {"next": buy, "model": "Zaphod One"})

    page = as_subscriber.get(buy).content.decode()
    assert empty["Location"] == unsure["Location"] == buy
    assert "Device partly checked" in page
    assert "Buy for US$14.90" in page


def test_a_check_kept_by_another_release_is_forgotten(as_subscriber):
    session = as_subscriber.session
    session["device_check"] = {"phone": "?"}
    session.save()

    assert as_subscriber.get("/devices/").status_code == 200
