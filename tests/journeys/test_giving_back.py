"""Money that goes back: asked for by the subscriber, or given by two people of the staff."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from billing import charges, gateways, orders
from billing.models import Order, Refund
from esim import carriers
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy
from tests.journeys.steps import enter

pytestmark = pytest.mark.browser


@pytest.fixture
def order(line, plan, stripe_fake):
    """A renewal that was paid with Alipay and delivered."""
    now, gateway = timezone.now(), gateways.chosen()
    order = buy(line, plan, now=now, gateway=gateway.name)
    charge = order.charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="https://portal.example.com/", locale="en", now=now)
    stripe_fake.pay(charge.gateway_payment_id, "alipay")
    result = gateway.look_up(payment_id=charge.gateway_payment_id, key="")
    charges.settle(charge_id=charge.pk, result=result, now=now)
    return orders.fulfil(order_id=order.pk, carrier=carriers.chosen(), now=now)


def refunds_at(fake):
    return [(one["amount"], one["status"]) for one in fake.objects("refund")]


def test_a_plan_that_was_not_used_is_given_back(ada, at_stripe, stripe_fake, order):
    ada.goto(f"{at_stripe}/orders/{order.public_id}/")
    ada.get_by_role("link", name="Get your money back").click()
    expect(ada.get_by_role("radio", name="The way you paid Alipay: US$14.90")).to_be_checked()
    ada.get_by_role("button", name="Get US$14.90 back").click()

    ada.wait_for_url(re.compile(f"/orders/{order.public_id}/$"))
    progress = ada.get_by_role("region", name="Progress")
    expect(progress).to_contain_text("Refund of US$14.90: Alipay")
    expect(progress).to_contain_text("Given back")
    ada.goto(f"{at_stripe}/billing/")
    expect(ada.get_by_role("region", name="Refunds")).to_contain_text("Alipay")
    assert refunds_at(stripe_fake) == [(1490, "succeeded")]
    assert Order.objects.get().state == Order.State.REFUNDED


@pytest.fixture
def desk(browser, at_stripe):
    """Open a desk of the staff: a browser of its own, with a new colleague in front of it."""
    contexts = []

    def sit_down():
        context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        enter(page, at_stripe, make.make_user(is_staff=True, is_superuser=True))
        return page

    yield sit_down
    for context in contexts:
        context.close()


def test_what_one_of_the_staff_asks_for_another_approves(ada, at_stripe, settings, stripe_fake, order, desk):
    settings.PORTAL_REFUND_APPROVAL_ABOVE = {"USD": Money(1000, "USD")}
    kim, lee = desk(), desk()
    kim.goto(f"{at_stripe}/admin/billing/order/{order.pk}/change/")
    kim.get_by_role("link", name="Refund…").click()
    kim.get_by_label("Note").fill("The network was down in Porto")
    kim.get_by_role("button", name="Refund").click()
    expect(kim.get_by_text("Somebody else has to approve it now.")).to_be_visible()
    refund = Refund.objects.get()
    assert refunds_at(stripe_fake) == []

    for person in (kim, lee):
        person.goto(f"{at_stripe}/admin/billing/refund/{refund.pk}/change/")
    expect(kim.get_by_role("link", name="Approve")).to_have_count(0)
    lee.get_by_role("link", name="Approve").click()
    lee.get_by_role("button", name="Approve").click()
    expect(lee.get_by_text("Done. It is in the audit trail.")).to_be_visible()

    ada.goto(f"{at_stripe}/orders/{order.public_id}/")
    expect(ada.get_by_role("region", name="Progress")).to_contain_text("Given back")
    assert refunds_at(stripe_fake) == [(1490, "succeeded")]
