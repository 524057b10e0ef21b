"""More data, more money, and all of it without script."""

import re

import pytest
from playwright.sync_api import expect

from billing.models import LedgerAccount, Order
from esim.models import Line
from portal.demo.people import SUBSCRIBER
from tests.journeys.steps import DONE, await_confirmed, sign_in

pytestmark = pytest.mark.browser


def test_topping_up_adds_data_until_the_plan_ends(signed_in):
    signed_in.get_by_role("article", name="Work phone").get_by_role("link", name="Top up data").click()
    signed_in.get_by_role("button", name="Continue").click()
    signed_in.get_by_role("button", name=re.compile("^Top up for")).click()

    await_confirmed(signed_in)
    allowances = Line.objects.get(nickname="Work phone").allowances
    assert allowances.get(is_data_pack=True).ends_at == allowances.filter(is_data_pack=False).latest("ends_at").ends_at


def test_added_money_is_in_the_balance_and_pays(signed_in, portal):
    wallet = LedgerAccount.objects.get(kind="wallet", owner__email=SUBSCRIBER.email, currency="USD")
    signed_in.goto(f"{portal}/billing/add-money/")
    signed_in.get_by_label("Another amount").fill("30")
    signed_in.get_by_role("button", name="Continue").click()
    signed_in.get_by_role("button", name=re.compile(r"^Add US\$30")).click()
    await_confirmed_credit(signed_in)
    assert LedgerAccount.objects.get(pk=wallet.pk).balance == wallet.balance + 3000

    signed_in.goto(portal)
    signed_in.get_by_role("article", name="Berlin").get_by_role("link", name="Renew").click()
    signed_in.get_by_role("button", name="Continue").click()
    signed_in.get_by_role("radio", name=re.compile("balance", re.IGNORECASE)).check()
    signed_in.get_by_role("button", name=re.compile("^Renew for")).click()

    await_confirmed(signed_in)
    paid = Order.objects.latest("created_at")
    assert paid.wallet_amount == paid.amount
    assert not paid.charges.exists()


def await_confirmed_credit(page):
    page.wait_for_url(re.compile("/orders/"))
    expect(page.get_by_role("main")).to_contain_text("US$30.00")
    expect(page.get_by_role("region", name="Progress").get_by_role("img", name="Done").last).to_be_visible()


def test_a_line_is_renewed_without_script(browser, portal):
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    sign_in(page, portal, SUBSCRIBER.email)

    page.get_by_role("article", name="Work phone").get_by_role("link", name="Renew").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name="Another card").check()
    page.get_by_role("button", name=re.compile("^Renew for")).click()
    page.wait_for_url(re.compile("/sandbox/pay/"))
    page.get_by_role("radio", name=re.compile("4242")).check()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.wait_for_url(re.compile("/orders/"))
    page.reload()

    expect(page.get_by_role("region", name="Progress").get_by_role("img", name="Done")).to_have_count(DONE)
    context.close()
