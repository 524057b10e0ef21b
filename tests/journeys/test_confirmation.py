"""Above a limit a kept card pays after a fresh proof only, and the form that was sent is carried out then, once."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import OutboxMessage
from billing.models import Charge, Order, PaymentMethod
from portal.lib.money import Money
from tests import make
from tests.journeys.steps import arrive_at_stripe, await_confirmed, pay_at_stripe, prove_again

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _ten_dollars_are_much(settings):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(1000, "USD")}


@pytest.fixture
def asked(ada, at_stripe, plan):
    """Ada's browser where it asks who she is, after she has bought a line with her kept card."""
    ada.goto(f"{at_stripe}/billing/methods/")
    ada.get_by_role("button", name="Add a card").click()
    arrive_at_stripe(ada)
    pay_at_stripe(ada)
    ada.goto(f"{at_stripe}/plans/{plan.public_id}/buy/")
    ada.get_by_label("Name of the line").fill("Lisbon in May")
    ada.get_by_role("radio", name="4242").check()
    ada.get_by_role("button", name="Buy for US$14.90").click()
    ada.wait_for_url(re.compile("/reauthenticate/"))
    assert not Order.objects.exists()
    return ada


def assert_bought_once(fake):
    assert Order.objects.get().line.nickname == "Lisbon in May"
    assert Charge.objects.get().method == PaymentMethod.objects.get()
    assert [taken["amount"] for taken in fake.money_taken()] == [1490]


def test_a_password_confirms_and_nothing_of_the_form_is_lost(asked, stripe_fake):
    prove_again(asked, make.PASSWORD)

    await_confirmed(asked)
    assert_bought_once(stripe_fake)


def test_a_one_time_code_confirms_as_well(asked, stripe_fake, subscriber):
    asked.get_by_role("link", name="Use a one-time code").click()
    asked.get_by_role("button", name=re.compile("^Send a code to")).click()
    expect(asked.get_by_label("Code")).to_be_visible()
    letter = OutboxMessage.objects.get(recipient=subscriber.email)
    asked.get_by_label("Code").fill("000000")
    asked.get_by_role("button", name="Confirm").click()
    expect(asked.get_by_role("main")).to_contain_text(re.compile("code", re.IGNORECASE))
    asked.get_by_label("Code").fill(re.search(r"\b\d{6}\b", letter.body)[0])
    asked.get_by_role("button", name="Confirm").click()

    await_confirmed(asked)
    assert_bought_once(stripe_fake)
