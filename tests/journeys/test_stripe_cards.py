"""A card kept at Stripe with consent, and what it then pays without leaving the portal."""

import re

import pytest
from playwright.sync_api import expect

from billing.models import Charge, Order, PaymentMethod
from tests.journeys.steps import (
    arrive_at_stripe,
    await_confirmed,
    check_renewal,
    pay_at_stripe,
)

pytestmark = pytest.mark.browser


@pytest.fixture
def with_card(ada, at_stripe):
    """Ada's browser after she has kept a card on Stripe's page."""
    ada.goto(f"{at_stripe}/billing/methods/")
    ada.get_by_role("button", name="Add a card").click()
    arrive_at_stripe(ada)
    pay_at_stripe(ada)
    expect(ada.get_by_role("main")).to_contain_text("Visa 4242 is saved")
    return ada


def renew_with_card(page, portal, line, plan):
    check_renewal(page, portal, line, plan)
    page.get_by_role("radio", name="4242").check()
    page.get_by_role("button", name="Renew for US$14.90").click()


def test_a_card_kept_with_consent_renews_by_one_tap(with_card, at_stripe, stripe_fake, line, plan):
    renew_with_card(with_card, at_stripe, line, plan)

    await_confirmed(with_card)
    card = PaymentMethod.objects.get()
    assert "charged only when you choose it" in card.consent["text"]
    assert Charge.objects.get().method == card
    assert [taken["amount"] for taken in stripe_fake.money_taken()] == [1490]


def test_a_kept_card_that_must_be_confirmed_is_at_the_bank(with_card, at_stripe, stripe_fake, line, plan):
    stripe_fake.set_outcome(PaymentMethod.objects.get().reference, "authentication_required")
    renew_with_card(with_card, at_stripe, line, plan)
    expect(with_card.get_by_role("main")).to_contain_text("Your bank wants you to confirm")
    with_card.get_by_role("button", name="Confirm US$14.90 with your bank").click()
    arrive_at_stripe(with_card)
    pay_at_stripe(with_card, outcome="Bank asks who you are, then pays")
    with_card.get_by_role("button", name="It is me").click()

    await_confirmed(with_card)
    assert Order.objects.get().charges.filter(state=Charge.State.SUCCEEDED).count() == 1
    assert [taken["amount"] for taken in stripe_fake.money_taken()] == [1490]


def test_a_card_is_kept_while_paying_and_can_be_removed(ada, at_stripe, stripe_fake, line, plan):
    check_renewal(ada, at_stripe, line, plan)
    ada.get_by_label("Keep a new card for next time").check()
    ada.get_by_role("button", name=re.compile("^Renew for")).click()
    arrive_at_stripe(ada)
    pay_at_stripe(ada)
    await_confirmed(ada)

    ada.goto(f"{at_stripe}/billing/methods/")
    ada.get_by_role("article", name="4242").get_by_role("link", name="Remove").click()
    ada.get_by_role("button", name="Remove the card").click()

    expect(ada.get_by_role("main")).to_contain_text("No saved cards")
    assert stripe_fake.objects("payment_method")[0]["customer"] is None
