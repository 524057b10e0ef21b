"""What Stripe is asked for when somebody pays or keeps a card on its page."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from billing import gateways
from billing.gateways.base import CardPageRequest, GatewayRefused, PageRequest, PaymentState
from billing.gateways.stripe_results import result_of_intent, result_of_page
from billing.models import GatewayCustomer
from portal.lib.money import Money
from tests import make
from tests.fakes.stripe.account import LIVE_KEY

BACK = "https://portal.example.com/back/"


@pytest.fixture
def wish(subscriber):
    return PageRequest(
        key="chg_1",
        money=Money(1490, "USD"),
        description="Europe 10 GB",
        customer=subscriber.public_id,
        return_url=BACK,
        locale="zh-hant",
        expires_at=timezone.now() + timedelta(hours=1),
        customer_email="ada@example.com",
    )


@pytest.fixture
def session(stripe_fake):
    """Return the newest session as Stripe keeps it."""
    return lambda: stripe_fake.objects("checkout.session")[-1]


def look(gateway, page):
    return gateway.look_up(payment_id=page.payment_id, key="")


def test_a_page_asks_for_the_amount_and_names_our_charge(stripe_gateway, stripe_fake, wish, session, subscriber):
    page = stripe_gateway.open_page(wish)
    stripe_fake.pay(page.payment_id)

    asked, [intent] = session(), stripe_fake.objects("payment_intent")
    assert (asked["amount_total"], asked["currency"], asked["mode"]) == (1490, "usd", "payment")
    assert asked["client_reference_id"] == "chg_1"
    assert asked["metadata"] == {"charge": "chg_1", "customer": subscriber.public_id}
    assert asked["metadata"].items() <= intent["metadata"].items()
    assert intent["description"] == "Europe 10 GB"
    assert (asked["success_url"], asked["cancel_url"]) == (BACK, BACK)
    assert asked["expires_at"] == int(wish.expires_at.timestamp())


@pytest.mark.parametrize(("tag", "locale"), [("en", "en"), ("zh-hans", "zh"), ("zh-hant", "zh-TW"), ("fr", "auto")])
def test_the_page_speaks_the_payers_language(stripe_gateway, wish, session, tag, locale):
    stripe_gateway.open_page(replace(wish, locale=tag))

    assert session()["locale"] == locale


@pytest.mark.parametrize(
    ("currency", "offered"),
    [("USD", ["alipay", "card", "paypal", "wechat_pay"]), ("TWD", ["card"]), ("CNY", ["alipay", "card", "wechat_pay"])],
)
def test_the_page_offers_what_the_currency_has(stripe_gateway, wish, session, currency, offered):
    stripe_gateway.open_page(replace(wish, money=Money(149_000, currency)))

    assert sorted(session()["payment_method_types"]) == offered


def test_the_page_leaves_out_what_the_account_does_not_have(stripe_gateway, stripe_fake, wish, session):
    stripe_fake.offer("card", "alipay")
    stripe_gateway.open_page(wish)

    assert sorted(session()["payment_method_types"]) == ["alipay", "card"]


def test_the_operator_chooses_the_means_of_a_currency(stripe_settings, wish, session):
    stripe_settings.STRIPE_METHODS_BY_CURRENCY = {"USD": ("card", "paypal")}
    gateway = gateways.chosen()
    gateway.open_page(wish)

    assert gateway.kinds_of_means("USD") == ["card", "paypal"]
    assert sorted(session()["payment_method_types"]) == ["card", "paypal"]


def test_keeping_the_card_hides_no_other_means(stripe_gateway, stripe_fake, wish, session):
    page = stripe_gateway.open_page(replace(wish, keep_card=True))
    stripe_fake.pay(page.payment_id, "alipay")

    result = look(stripe_gateway, page)
    assert (result.state, result.paid_with, result.card) == (PaymentState.SUCCEEDED, "alipay", None)


def test_a_card_is_kept_for_charges_without_its_owner(stripe_gateway, stripe_fake, wish, subscriber):
    page = stripe_gateway.open_page(replace(wish, keep_card=True))
    stripe_fake.pay(page.payment_id, brand="amex", last4="0005", exp_month=3, exp_year=2031)

    card = look(stripe_gateway, page).card
    assert (card.brand, card.last_four, card.expires_month, card.expires_year) == ("American Express", "0005", 3, 2031)
    assert card.customer == subscriber.public_id


@pytest.mark.parametrize("method", ["alipay", "wechat_pay", "paypal"])
def test_other_means_tell_what_they_are(stripe_gateway, stripe_fake, wish, method):
    page = stripe_gateway.open_page(wish)
    stripe_fake.pay(page.payment_id, method)

    assert look(stripe_gateway, page).paid_with == method


def test_money_that_never_comes_is_a_decline(stripe_gateway, stripe_fake, wish):
    page = stripe_gateway.open_page(wish)
    stripe_fake.pay(page.payment_id, "alipay", outcome="processing", then="failed")
    before = look(stripe_gateway, page)
    stripe_fake.finish(before.transaction_id)

    assert (before.state, look(stripe_gateway, page).state) == (PaymentState.PENDING, PaymentState.DECLINED)


def test_money_on_its_way_cannot_be_stopped(stripe_gateway, stripe_fake, wish):
    page = stripe_gateway.open_page(wish)
    stripe_fake.pay(page.payment_id, "alipay", outcome="processing")

    assert stripe_gateway.close_page(page.payment_id).state == PaymentState.PENDING


def test_a_page_left_alone_is_abandoned_when_it_closes(stripe_gateway, stripe_fake, wish):
    page = stripe_gateway.open_page(wish)
    stripe_fake.advance(timedelta(minutes=61))

    assert look(stripe_gateway, page).state == PaymentState.ABANDONED


def test_a_declined_payer_may_still_pay_with_another_card(stripe_gateway, stripe_fake, wish):
    page = stripe_gateway.open_page(wish)
    with pytest.raises(Exception, match="insufficient"):
        stripe_fake.pay(page.payment_id, outcome="insufficient_funds")
    [intent] = stripe_fake.objects("payment_intent")

    by_intent = stripe_gateway.look_up(payment_id=intent["id"], key="")

    assert by_intent == look(stripe_gateway, page)
    assert by_intent.state == PaymentState.PENDING


def test_asking_in_another_language_gets_the_page_that_is_open(stripe_gateway, stripe_fake, wish):
    page = stripe_gateway.open_page(wish)

    assert stripe_gateway.open_page(replace(wish, locale="en")) == page
    assert len(stripe_fake.objects("checkout.session")) == 1


def test_a_page_that_closed_is_not_opened_again(stripe_gateway, wish):
    page = stripe_gateway.open_page(wish)
    stripe_gateway.close_page(page.payment_id)

    with pytest.raises(GatewayRefused, match="expired"):
        stripe_gateway.open_page(replace(wish, locale="en"))


def test_a_page_asked_for_late_still_stays_open_half_an_hour(stripe_gateway, stripe_fake, wish, session):
    stripe_gateway.open_page(replace(wish, expires_at=timezone.now() + timedelta(minutes=5)))

    assert session()["expires_at"] >= timezone.now().timestamp() + 30 * 60


@pytest.mark.parametrize("money", [Money(49, "USD"), Money(1495, "KWD"), Money(10**9, "EUR")])
def test_what_stripe_would_not_take_is_not_sent(stripe_gateway, stripe_fake, wish, money):
    with pytest.raises(GatewayRefused):
        stripe_gateway.open_page(replace(wish, money=money))

    assert stripe_fake.calls() == {}


def test_what_only_stripe_knows_to_refuse_is_refused(stripe_gateway, wish):
    with pytest.raises(GatewayRefused, match="currency"):
        stripe_gateway.open_page(replace(wish, money=Money(149_000, "KZT")))


def test_the_statement_says_what_the_operator_wants(stripe_settings, stripe_fake, wish):
    stripe_settings.STRIPE_STATEMENT_DESCRIPTOR_SUFFIX = "ESIM"
    page = gateways.chosen().open_page(wish)
    stripe_fake.pay(page.payment_id)

    assert stripe_fake.objects("payment_intent")[0]["statement_descriptor_suffix"] == "ESIM"


def test_a_subscriber_is_one_customer_at_stripe(stripe_gateway, stripe_fake, wish, subscriber):
    stripe_gateway.open_page(wish)
    stripe_gateway.open_page(replace(wish, key="chg_2"))
    stripe_gateway.save_card_page(
        CardPageRequest(key="card_1", customer=subscriber.public_id, return_url=BACK, locale="en")
    )

    [customer] = stripe_fake.objects("customer")
    assert (customer["email"], customer["metadata"]) == ("ada@example.com", {"customer": subscriber.public_id})
    assert GatewayCustomer.objects.get().reference == customer["id"]


def test_a_customer_that_stripe_lost_is_made_anew(stripe_gateway, stripe_fake, wish, subscriber):
    GatewayCustomer.objects.create(owner=subscriber, gateway="stripe", reference="cus_of_another_account")

    page = stripe_gateway.open_page(wish)

    assert stripe_gateway.open_page(wish) == page
    assert look(stripe_gateway, page).customer == subscriber.public_id
    assert GatewayCustomer.objects.get().reference == stripe_fake.objects("customer")[0]["id"]


def test_a_payment_of_somebody_elses_customer_says_whose_it_is(stripe_gateway, wish, subscriber):
    page = stripe_gateway.open_page(wish)
    sam = make.make_user()
    GatewayCustomer.objects.update(owner=sam)

    assert look(stripe_gateway, page).customer == sam.public_id


def test_a_customer_unknown_here_is_told_from_what_we_wrote(stripe_gateway, wish, subscriber):
    page = stripe_gateway.open_page(wish)
    GatewayCustomer.objects.all().delete()

    assert look(stripe_gateway, page).customer == subscriber.public_id


def test_a_live_portal_does_not_know_test_payments(stripe_settings, stripe_gateway, wish):
    page = stripe_gateway.open_page(wish)
    stripe_settings.STRIPE_API_KEY = LIVE_KEY

    assert look(gateways.chosen(), page) is None


def test_a_payment_of_the_other_mode_is_never_settled(stripe_gateway, stripe_fake, wish):
    page = stripe_gateway.open_page(wish)
    stripe_fake.pay(page.payment_id)
    [session], [intent] = stripe_fake.objects("checkout.session"), stripe_fake.objects("payment_intent")

    assert result_of_page({**session, "payment_intent": intent}, live=False).problem == ""
    assert "is a test payment" in result_of_page({**session, "payment_intent": intent}, live=True).problem
    assert "is a test payment" in result_of_intent(intent, live=True, known={}).problem


def test_a_payment_that_is_only_authorised_is_not_settled(stripe_gateway, stripe_fake, wish):
    page = stripe_gateway.open_page(wish)
    stripe_fake.pay(page.payment_id)
    [intent] = stripe_fake.objects("payment_intent")

    result = result_of_intent({**intent, "status": "requires_capture"}, live=False, known={})

    assert result.state == PaymentState.PENDING
    assert "capture" in result.problem


def test_what_was_received_is_told_not_what_was_asked_for(stripe_gateway, stripe_fake, wish):
    page = stripe_gateway.open_page(wish)
    stripe_fake.pay(page.payment_id)
    [session], [intent] = stripe_fake.objects("checkout.session"), stripe_fake.objects("payment_intent")

    result = result_of_page({**session, "payment_intent": {**intent, "amount_received": 90}}, live=False)

    assert result.money == Money(90, "USD")


@pytest.mark.parametrize(
    ("setting", "value", "origin"),
    [
        ("STRIPE_API_BASE", "https://api.stripe.com", "https://checkout.stripe.com"),
        ("STRIPE_API_BASE", "http://127.0.0.1:4242", "http://127.0.0.1:4242"),
        ("STRIPE_CHECKOUT_DOMAIN", "pay.example.com", "https://pay.example.com"),
    ],
)
def test_forms_may_lead_to_where_the_pages_are(stripe_settings, setting, value, origin):
    setattr(stripe_settings, setting, value)

    assert gateways.chosen().page_origin == origin


def test_who_pays_by_a_link_is_no_customer_and_their_payment_is_found(stripe_gateway, stripe_fake, wish, session):
    page = stripe_gateway.open_page(replace(wish, customer="", customer_email=""))
    again = stripe_gateway.open_page(replace(wish, customer="", customer_email="", locale="en"))
    stripe_fake.pay(page.payment_id)

    asked = session()
    found = stripe_gateway.look_up(payment_id="", key="chg_1", since=timezone.now() - timedelta(minutes=1))
    assert (asked["customer"], asked["metadata"]) == (None, {"charge": "chg_1"})
    assert stripe_fake.objects("customer") == []
    assert again == page
    assert (found.state, found.customer, found.card) == (PaymentState.SUCCEEDED, "", None)
    assert stripe_gateway.look_up(payment_id="", key="chg_2", since=timezone.now()) is None
