"""What runs low is bought by itself, once, and its page says why."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from billing import ledger
from billing.models import Order
from esim.carriers.base import UsageReport
from esim.usage import ingest
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund
from tests.journeys.renewing import DAY, tick
from tests.journeys.steps import prove_again
from tests.make import PASSWORD

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844}


def use(line, data_bytes):
    """Let the network report what was used until now."""
    now = timezone.now()
    report = UsageReport(record_id="the-film-in-the-train", at=now, data_bytes=data_bytes)
    assert ingest(line=line, reports=[report], source="simulated", now=now) == 1


def agree(page, button):
    page.get_by_role("button", name="Continue").click()
    prove_again(page, PASSWORD)
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("status")).to_contain_text("Turned on.")


def test_data_that_runs_low_is_bought_once_and_its_order_says_why(page, renewing):
    page.set_viewport_size(PHONE)
    pack, running, _card = make.make_data_pack(), renewing.runs(ends_in=20 * DAY), renewing.card
    page.goto(renewing.url())
    page.get_by_role("link", name=re.compile("^When data runs low")).click()
    page.get_by_role("radio", name=re.compile("5 GB")).check()
    page.get_by_label("When this much is left").select_option("20%")
    page.get_by_role("radio", name=re.compile("^Visa 4242")).check()
    page.get_by_label("Times a month, at most").fill("2")
    agree(page, "Agree: US$6.00 each time")
    tick("top_up_low")
    assert not Order.objects.exists()

    use(renewing.line, 9 * GB)
    tick("top_up_low")

    order = Order.objects.get()
    assert (order.state, order.plan, order.ends_at) == (Order.State.FULFILLED, pack, running.ends_at)
    page.goto(renewing.url())
    page.get_by_role("region", name="Recent orders").get_by_role("link", name=re.compile("US.6.00")).click()
    page.get_by_role("link", name="Why was I charged?").click()
    expect(page.get_by_role("main")).to_contain_text("More data for Work phone when it runs low")
    expect(page.get_by_role("main")).to_contain_text("20% of the data on Work phone or less was left")
    expect(page.get_by_role("region", name="What you agreed to")).to_contain_text("Agreed on")
    expect(page.get_by_role("region", name="What was charged")).to_contain_text("Visa 4242")
    expect(page.get_by_role("region", name="What we told you before")).to_contain_text("tells you afterwards")
    page.goto(f"{renewing.portal}/outbox/")
    expect(page.get_by_role("article")).to_have_count(1)


def test_a_balance_that_runs_low_is_filled_once(page, renewing):
    renewing.card  # noqa: B018 - made when first asked for
    fund(renewing.owner, Money(300, "USD"))
    page.goto(f"{renewing.portal}/billing/low-balance/")
    page.get_by_label("When less is left than").fill("5")
    page.get_by_label("Add", exact=True).fill("20")
    agree(page, "Agree: US$20.00 each time")
    tick("top_up_low")

    assert ledger.wallet_balance(renewing.owner, "USD") == Money(2300, "USD")
    page.goto(f"{renewing.portal}/orders/{Order.objects.get().public_id}/")
    page.get_by_role("link", name="Why was I charged?").click()
    expect(page.get_by_role("main")).to_contain_text("less than US$5.00 was left in your balance")
