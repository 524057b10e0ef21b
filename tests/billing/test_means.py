"""What pays, said by name: what the payment page takes, what cannot renew, and what has paid."""

import pytest
from django.urls import reverse

from billing.means import pays_once_only
from billing.models import Charge, Order
from billing.purchases import Means
from billing.ways_to_pay import ways_to_pay
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy

ALL = ["card", "alipay", "wechat_pay", "paypal"]


@pytest.fixture
def stripe(settings):
    """Payments go through Stripe, which takes these in euros by this operator's choice; nobody is asked here."""
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_API_KEY = "rk_test_not_a_real_key"
    settings.STRIPE_METHODS_BY_CURRENCY = {"USD": ("card", "alipay", "wechat_pay"), "EUR": ("card",)}


def title_of_page(*, methods=(), kinds):
    price, nothing = Money(1490, "USD"), Money(0, "USD")
    means = Means(methods=list(methods), balance=nothing, price=price, wallet_part=nothing, least=Money(50, "USD"))
    return ways_to_pay(means, kinds=kinds)[-1].title


def test_the_page_of_the_gateway_is_named_by_what_it_takes():
    assert title_of_page(kinds=["card"]) == "Card"
    assert title_of_page(kinds=ALL) == "Card, Alipay, WeChat Pay, PayPal"


def test_beside_a_kept_card_it_takes_another(subscriber):
    kept = make.make_method(owner=subscriber)

    assert title_of_page(methods=[kept], kinds=["card", "alipay"]) == "Another card, Alipay"


@pytest.mark.parametrize(("currency", "said"), [("USD", True), ("EUR", False)])
def test_the_check_page_says_what_can_pay_in_its_currency(as_subscriber, stripe, line, currency, said):
    plan = make.make_plan(prices={"USD": 1490, "EUR": 1290})
    url = reverse("billing:renew", args=[line.public_id])

    shown = as_subscriber.get(url, {"plan": plan.public_id, "currency": currency}).text

    assert ("Card, Alipay, WeChat Pay" in shown) is said


def test_only_cards_renew_by_themselves():
    assert pays_once_only(ALL) == ["alipay", "wechat_pay", "paypal"]
    assert pays_once_only(["card"]) == []


@pytest.mark.usefixtures("in_november")
def test_auto_renewal_says_what_cannot_renew(as_subscriber, stripe, line, plan):
    make.make_allowance(line=line, plan=plan)

    shown = as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id])).text

    assert "Alipay, WeChat Pay: each payment needs you" in shown
    assert reverse("billing:add_money") in shown


def test_with_cards_alone_auto_renewal_says_nothing_of_it(as_subscriber, line, plan):
    make.make_allowance(line=line, plan=plan)

    assert (
        "each payment needs you" not in as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id])).text
    )


@pytest.mark.parametrize(("paid_with", "said"), [("alipay", "Alipay"), ("wechat_pay", "WeChat Pay"), ("", "Card")])
def test_the_order_and_the_list_of_payments_say_what_has_paid(as_subscriber, line, plan, now, paid_with, said):
    order = buy(line, plan)
    Charge.objects.update(state="succeeded", settled_at=now, gateway_payment_id="pay_1", paid_with=paid_with)
    Order.objects.update(state="paid", paid_at=now)

    assert said in as_subscriber.get(reverse("billing:order", args=[order.public_id])).text
    assert said in as_subscriber.get(reverse("billing:charges")).text
