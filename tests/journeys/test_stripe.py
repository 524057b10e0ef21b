"""Paying on Stripe's page, which is on a host of its own, and coming back from it."""

import re

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from billing.models import Charge, LedgerAccount, Order
from esim.models import Line
from tests.journeys.steps import (
    arrive_at_stripe,
    await_confirmed,
    begin_renewal,
    check_renewal,
    deliver_webhooks,
    pay_at_stripe,
)

pytestmark = pytest.mark.browser
MEANS = {"Card": "card", "Alipay": "alipay", "WeChat Pay": "wechat_pay", "PayPal": "paypal"}


def assert_paid_once(fake):
    assert [taken["amount"] for taken in fake.money_taken()] == [1490]
    assert Charge.objects.filter(state=Charge.State.SUCCEEDED).count() == 1
    assert Order.objects.get().state == Order.State.FULFILLED


@pytest.mark.parametrize("name", MEANS)
def test_paid_on_the_page_confirmed_after_the_return_and_on_the_receipt(ada, at_stripe, stripe_fake, line, plan, name):
    begin_renewal(ada, at_stripe, line, plan)
    pay_at_stripe(ada, method=name)
    await_confirmed(ada)
    ada.get_by_role("link", name="Receipt").click()
    expect(ada.get_by_role("article").get_by_role("term").filter(has_text=name)).to_be_visible()

    deliver_webhooks(ada, stripe_fake, at_stripe)

    assert_paid_once(stripe_fake)


@pytest.mark.parametrize("method", MEANS.values())
def test_who_pays_on_another_device_finds_it_confirmed(ada, at_stripe, stripe_fake, line, plan, method):
    begin_renewal(ada, at_stripe, line, plan)
    stripe_fake.pay(arrive_at_stripe(ada), method)

    deliver_webhooks(ada, stripe_fake, at_stripe)

    assert_paid_once(stripe_fake)
    ada.goto(f"{at_stripe}/orders/{Order.objects.get().public_id}/")
    await_confirmed(ada)


def test_a_policy_that_does_not_name_the_page_keeps_the_payer_here(ada, at_stripe, settings, line, plan):
    settings.STRIPE_CHECKOUT_DOMAIN = "pay.example.com"  # not where the pages are
    page = ada.context.new_page()  # what the browser refuses here is wanted, unlike in `ada`
    check_renewal(page, at_stripe, line, plan)

    with page.expect_console_message(lambda said: "form-action 'self' https://pay.example.com" in said.text):
        page.get_by_role("button", name=re.compile("^Renew for")).click()

    assert page.url.startswith(at_stripe)


def test_declined_on_the_page_and_paid_there_by_other_means(ada, at_stripe, stripe_fake, line, plan):
    begin_renewal(ada, at_stripe, line, plan)
    pay_at_stripe(ada, outcome="Card is declined: too little money")
    expect(ada.get_by_role("alert")).to_contain_text("insufficient funds")
    pay_at_stripe(ada, method="PayPal")

    await_confirmed(ada)
    assert_paid_once(stripe_fake)


def test_money_that_did_not_come_is_explained_and_paid_another_way(ada, at_stripe, stripe_fake, line, plan):
    begin_renewal(ada, at_stripe, line, plan)
    pay_at_stripe(ada, method="Alipay", outcome="Fails later")
    ada.wait_for_url(re.compile("/orders/"))
    stripe_fake.finish(stripe_fake.objects("payment_intent")[0]["id"])
    deliver_webhooks(ada, stripe_fake, at_stripe)

    ada.goto(f"{at_stripe}/orders/{Order.objects.get().public_id}/")
    expect(ada.get_by_role("main")).to_contain_text("Nothing was charged")
    ada.get_by_role("button", name="Pay US$14.90").click()
    arrive_at_stripe(ada)
    pay_at_stripe(ada)

    await_confirmed(ada)
    assert_paid_once(stripe_fake)


def test_the_bank_asks_who_is_paying(ada, at_stripe, stripe_fake, line, plan):
    begin_renewal(ada, at_stripe, line, plan)
    pay_at_stripe(ada, outcome="Bank asks who you are, then pays")
    ada.get_by_role("button", name="It is not me").click()
    expect(ada.get_by_role("alert")).to_contain_text("failed authentication")
    pay_at_stripe(ada, outcome="Bank asks who you are, then pays")
    ada.get_by_role("button", name="It is me").click()

    await_confirmed(ada)
    assert_paid_once(stripe_fake)


def test_money_on_its_way_is_said_to_be_and_then_confirmed(ada, at_stripe, stripe_fake, line, plan):
    begin_renewal(ada, at_stripe, line, plan)
    pay_at_stripe(ada, method="Alipay", outcome="Pays later")
    ada.wait_for_url(re.compile("/orders/"))
    expect(ada.get_by_role("main")).to_contain_text("Your payment is on its way")
    expect(ada.get_by_role("main")).to_contain_text("Do not pay again")
    expect(ada.get_by_role("link", name=re.compile("pay", re.IGNORECASE))).to_have_count(0)
    order_url = ada.url

    stripe_fake.finish(stripe_fake.objects("payment_intent")[0]["id"])
    deliver_webhooks(ada, stripe_fake, at_stripe)

    ada.goto(order_url)
    await_confirmed(ada)
    assert_paid_once(stripe_fake)


def test_back_to_the_shop_and_on_to_the_same_page(ada, at_stripe, stripe_fake, line, plan):
    begin_renewal(ada, at_stripe, line, plan)
    page_id = arrive_at_stripe(ada)
    ada.get_by_role("button", name="Back to the shop").click()
    ada.wait_for_url(re.compile("/orders/"))
    cache.clear()  # who looked at the gateway just now would not ask again for some seconds; people take longer
    ada.get_by_role("link", name="Go on and pay US$14.90").click()

    assert arrive_at_stripe(ada) == page_id
    pay_at_stripe(ada)
    await_confirmed(ada)
    assert_paid_once(stripe_fake)


def test_a_new_line_is_bought_through_the_page(ada, at_stripe, stripe_fake, plan):
    ada.goto(f"{at_stripe}/plans/{plan.public_id}/")
    ada.get_by_role("link", name=re.compile("^Buy")).first.click()
    ada.get_by_label("Name of the line").fill("Lisbon")
    ada.get_by_role("button", name="Buy for US$14.90").click()
    arrive_at_stripe(ada)
    pay_at_stripe(ada, method="WeChat Pay")

    await_confirmed(ada)
    expect(ada.get_by_role("link", name="Install on your phone")).to_be_visible()
    assert Line.objects.get().nickname == "Lisbon"
    assert_paid_once(stripe_fake)


def test_money_is_added_through_the_page(ada, at_stripe, stripe_fake, subscriber):
    ada.goto(f"{at_stripe}/billing/add-money/")
    ada.get_by_label("Another amount").fill("14.90")
    ada.get_by_role("button", name="Continue").click()
    ada.get_by_role("button", name="Add US$14.90").click()
    arrive_at_stripe(ada)
    pay_at_stripe(ada, method="PayPal")

    ada.wait_for_url(re.compile("/orders/"))
    expect(ada.get_by_role("main")).to_contain_text("The money is in your balance")
    assert LedgerAccount.objects.get(kind="wallet", owner=subscriber).balance == 1490
    assert_paid_once(stripe_fake)
