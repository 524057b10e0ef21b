"""The page of an order: where it stands, why, and what to do now."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from billing import charges, gateways, orders
from billing.gateways import sandbox_bank
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR
from billing.models import Charge, Order, SandboxCard, SandboxPayment
from billing.tasks import charge_kept_card
from esim.models import DownloadState, SimProfile
from portal.lib import dates
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund, paid_order
from tests.fakes.carrier import FakeCarrier

pytestmark = pytest.mark.usefixtures("at_now")

PAYS, PAYS_LATER, NO_FUNDS, CONFIRMS = "4242", "4444", "9995", "3155"


@pytest.fixture
def order(line, plan):
    """A renewal waiting for its payment page."""
    return buy(line, plan)


@pytest.fixture
def at_the_gateway(as_subscriber, order):
    """Open the payment page and choose a card there."""

    def pay(last_four):
        as_subscriber.get(reverse("billing:pay", args=[order.public_id]))
        payment = SandboxPayment.objects.get()
        sandbox_bank.pay_with(payment, CARDS_BY_LAST_FOUR[last_four], keep=False)

    return pay


def page(client, order, **headers):
    return client.get(reverse("billing:order", args=[order.public_id]), headers=headers).content.decode()


def test_the_way_back_from_the_gateway_shows_the_payment(as_subscriber, order, at_the_gateway):
    at_the_gateway(PAYS)

    assert "Paid. We are setting it up" in page(as_subscriber, order)
    order.refresh_from_db()
    assert order.paid_at is not None


def test_the_day_of_an_order_is_not_parted_in_chinese(as_subscriber, order, subscriber, now):
    Order.objects.filter(pk=order.pk).update(created_at=now - timedelta(days=3))
    type(subscriber).objects.filter(pk=subscriber.pk).update(language="zh-hans")

    assert dates.held_together("2026年11月18日 10:00") in page(as_subscriber, order)


def test_money_on_its_way_is_not_asked_for_again(as_subscriber, order, at_the_gateway):
    at_the_gateway(PAYS_LATER)

    shown = page(as_subscriber, order)

    assert "Your payment is on its way" in shown
    assert not [
        name for name in ("pay", "another_way", "cancel") if reverse(f"billing:{name}", args=[order.public_id]) in shown
    ]


def test_a_page_left_open_is_gone_on_with(as_subscriber, order):
    as_subscriber.get(reverse("billing:pay", args=[order.public_id]))

    assert reverse("billing:pay", args=[order.public_id]) in page(as_subscriber, order)


def test_the_timeline_ends_where_it_can_be_seen(as_subscriber, line, plan, now):
    order = paid_order(line, plan)
    orders.fulfil(order_id=order.pk, carrier=FakeCarrier(), now=now)

    shown = page(as_subscriber, order)

    assert "Confirmed by the network" in shown
    assert shown.count("step-done") == 5
    assert "hx-get" not in shown, "nothing moves any more"


@pytest.mark.parametrize(("state", "is_asked"), [(DownloadState.RELEASED, True), (DownloadState.ENABLED, False)])
def test_a_new_line_asks_to_be_installed_until_it_is(as_subscriber, subscriber, line, plan, now, state, is_asked):
    order = paid_order(line, plan, kind=Order.Kind.NEW_LINE, line=None, owner=subscriber)
    orders.fulfil(order_id=order.pk, carrier=FakeCarrier(), now=now)
    SimProfile.objects.filter(line__opened_for=order.public_id).update(download_state=state)

    shown = page(as_subscriber, order)

    assert ("Install it on your phone" in shown) is is_asked
    assert ("See the line" in shown) is not is_asked


def test_an_order_under_way_is_looked_at_again(as_subscriber, line, plan):
    order = paid_order(line, plan)

    assert 'hx-trigger="every 2s"' in page(as_subscriber, order)
    assert "<html" not in page(as_subscriber, order, **{"HX-Request": "true"})


def test_a_declined_payment_says_why_and_offers_another_way(as_subscriber, order, at_the_gateway):
    at_the_gateway(NO_FUNDS)

    shown = page(as_subscriber, order)

    assert "Your bank declined the card: not enough funds." in shown
    assert "Nothing was charged." in shown
    assert "For support: insufficient_funds" in shown
    assert "Pay US$14.90" in shown


def test_a_declined_order_is_paid_with_another_card(as_subscriber, order, at_the_gateway):
    at_the_gateway(NO_FUNDS)
    page(as_subscriber, order)

    onward = as_subscriber.post(reverse("billing:pay", args=[order.public_id]), {"pay_with": "new"})

    assert (onward.status_code, onward.url[:13]) == (303, "/sandbox/pay/")
    assert Order.objects.count() == 1
    assert [charge.state for charge in order.charges.order_by("pk")] == [Charge.State.DECLINED, Charge.State.PENDING]


def test_paying_another_way_closes_the_first_page(as_subscriber, order):
    as_subscriber.get(reverse("billing:pay", args=[order.public_id]))
    card = make.make_method(owner=order.owner)

    as_subscriber.post(reverse("billing:pay", args=[order.public_id]), {"pay_with": card.public_id})

    assert SandboxPayment.objects.get().state == SandboxPayment.State.ABANDONED
    assert order.charges.order_by("pk").last().method == card


def test_paying_another_way_after_having_paid_charges_nothing_more(as_subscriber, order, at_the_gateway):
    at_the_gateway(PAYS)

    as_subscriber.post(reverse("billing:pay", args=[order.public_id]), {"pay_with": "new"})

    order.refresh_from_db()
    assert order.paid_at is not None
    assert order.charges.count() == 1


@pytest.mark.parametrize("wrong", [{}, {"pay_with": "balance"}, {"pay_with": "pmt_0000000000000000"}], ids=str)
def test_no_way_to_pay_is_asked_for_again(as_subscriber, order, wrong):
    answer = as_subscriber.post(reverse("billing:pay", args=[order.public_id]), wrong)

    assert answer.status_code == 422
    assert order.charges.count() == 1


def test_a_bank_that_wants_a_confirmation_is_one_click_away(as_subscriber, order, at_the_gateway):
    at_the_gateway(CONFIRMS)

    assert "Your bank wants you to confirm" in page(as_subscriber, order)
    assert "/confirm/" in as_subscriber.get(reverse("billing:pay", args=[order.public_id])).url


@pytest.fixture
def to_confirm(subscriber, line, plan):
    """An order whose kept card the bank charges only when Ada confirms, without a page of the bank's for that."""
    SandboxCard.objects.create(
        reference="card_asking",
        customer=subscriber.public_id,
        brand="Visa",
        last_four="3155",
        expires_month=12,
        expires_year=2030,
        outcome="authentication_required",
    )
    order = buy(line, plan, method=make.make_method(owner=subscriber, reference="card_asking"))
    charge_kept_card(order_id=order.pk)
    order.charges.update(page_url="")
    # The sandbox has a page of its bank; a look at it just now keeps the order's page from finding that.
    cache.add(f"charge-looked-at:{order.charges.get().public_id}", 1)
    return order


def test_a_payment_to_confirm_offers_its_form_and_opens_a_page(as_subscriber, to_confirm):
    shown = page(as_subscriber, to_confirm)
    onward = as_subscriber.post(reverse("billing:confirm", args=[to_confirm.public_id]))

    assert "Confirm US$14.90 with your bank" in shown
    assert (onward.status_code, onward.url[:13]) == (303, "/sandbox/pay/")
    assert [charge.state for charge in to_confirm.charges.order_by("pk")] == ["abandoned", "pending"]
    assert to_confirm.charges.order_by("pk").last().save_method


@pytest.mark.parametrize("state", [Charge.State.CREATED, Charge.State.NEEDS_ACTION, Charge.State.DECLINED])
def test_a_link_charges_no_kept_card(as_subscriber, to_confirm, state):
    to_confirm.charges.update(state=state, settled_at=None)
    before = list(SandboxPayment.objects.values()), list(Charge.objects.values())

    answer = as_subscriber.get(reverse("billing:pay", args=[to_confirm.public_id]))

    assert answer.url == reverse("billing:order", args=[to_confirm.public_id])
    assert (list(SandboxPayment.objects.values()), list(Charge.objects.values())) == before


def test_a_kept_card_being_charged_is_said_and_looked_at_again(as_subscriber, to_confirm):
    to_confirm.charges.update(state=Charge.State.CREATED, gateway_payment_id=None)

    shown = page(as_subscriber, to_confirm)

    assert "Your bank is being asked" in shown
    assert 'hx-trigger="every 2s"' in shown
    assert "Pay US$" not in shown


def test_a_kept_card_pays_an_order_another_way(as_subscriber, subscriber, order, django_capture_on_commit_callbacks):
    card = make.make_paying_card(owner=subscriber)

    with django_capture_on_commit_callbacks(execute=True):
        answer = as_subscriber.post(reverse("billing:pay", args=[order.public_id]), {"pay_with": card.public_id})

    order.refresh_from_db()
    assert answer.url == reverse("billing:order", args=[order.public_id])
    assert order.paid_at is not None


def test_a_page_the_gateway_will_not_open_is_said_and_other_ways_are_offered(as_subscriber, order):
    order.charges.update(state=Charge.State.DECLINED, decline_code="gateway_refused")

    shown = page(as_subscriber, order)

    assert "The payment company did not accept this payment." in shown
    assert "Pay US$14.90" in shown


def test_a_lost_answer_is_no_failure(as_subscriber, order):
    order.charges.update(state=Charge.State.UNKNOWN)

    shown = page(as_subscriber, order)

    assert "We are checking with the bank" in shown
    assert "Pay US$" not in shown


def test_the_gateway_is_not_asked_at_every_look(as_subscriber, order, django_assert_num_queries):
    as_subscriber.get(reverse("billing:pay", args=[order.public_id]))
    page(as_subscriber, order)
    asked = SandboxPayment.objects.get()
    SandboxPayment.objects.filter(pk=asked.pk).update(state=SandboxPayment.State.SUCCEEDED)

    page(as_subscriber, order)

    order.refresh_from_db()
    assert order.paid_at is None, "the look two seconds ago still counts"


def test_an_unpaid_order_can_be_cancelled(as_subscriber, line, plan, subscriber):
    fund(subscriber, Money(500, "USD"))
    order = buy(line, plan, use_wallet=True)
    url = reverse("billing:cancel", args=[order.public_id])

    asked = as_subscriber.get(url).content.decode()
    as_subscriber.post(url)

    order.refresh_from_db()
    assert "US$5.00 reserved from your balance" in asked
    assert order.state == Order.State.CANCELLED
    assert "You cancelled this order" in page(as_subscriber, order)


def test_an_order_paid_meanwhile_is_not_cancelled(as_subscriber, order, at_the_gateway):
    at_the_gateway(PAYS)

    as_subscriber.post(reverse("billing:cancel", args=[order.public_id]))

    order.refresh_from_db()
    assert order.paid_at is not None


def test_what_could_not_be_delivered_says_where_the_money_is(as_subscriber, line, plan, now):
    order = paid_order(line, plan)
    carrier = FakeCarrier()
    carrier.refusing["grant"] = "no capacity"
    orders.fulfil(order_id=order.pk, carrier=carrier, now=now)

    assert "The whole price is back in your balance." in page(as_subscriber, order)


def test_an_expired_order_leads_to_buying_again(as_subscriber, line, order):
    Order.objects.update(state=Order.State.EXPIRED)
    order.charges.update(state=Charge.State.ABANDONED)

    shown = page(as_subscriber, order)

    assert "Not paid in time" in shown
    assert reverse("billing:renew", args=[line.public_id]) in shown


def test_the_receipt_says_what_was_paid_with_what(as_subscriber, subscriber, line, plan, now):
    fund(subscriber, Money(500, "USD"))
    card = make.make_method(owner=subscriber)
    order = buy(line, plan, use_wallet=True)
    Charge.objects.update(
        method=card, state=Charge.State.SUCCEEDED, settled_at=now, gateway_payment_id="pay_1", amount=990
    )
    Order.objects.update(state=Order.State.PAID, paid_at=now)

    shown = as_subscriber.get(reverse("billing:receipt", args=[order.public_id])).content.decode()

    assert all(text in shown for text in (order.public_id, "US$14.90", "US$5.00", "Visa 4242", "US$9.90"))


def test_an_unpaid_order_has_no_receipt(as_subscriber, order):
    answer = as_subscriber.get(reverse("billing:receipt", args=[order.public_id]))

    assert answer.url == reverse("billing:order", args=[order.public_id])


@pytest.mark.parametrize("name", ["order", "pay", "another_way", "confirm", "cancel", "receipt"])
def test_a_stranger_finds_no_order(client, stranger, order, name):
    client.force_login(stranger)
    url = reverse(f"billing:{name}", args=[order.public_id])

    assert client.get(url).status_code in (404, 405)
    assert client.post(url).status_code in (404, 405)
    order.refresh_from_db()
    assert order.state == Order.State.PENDING


@pytest.mark.parametrize("name", ["order", "pay", "another_way", "cancel", "receipt"])
def test_a_visitor_signs_in_first(client, order, name):
    answer = client.get(reverse(f"billing:{name}", args=[order.public_id]))

    assert answer.url.startswith(reverse("account_login"))


def test_going_on_with_an_order_that_is_over_leads_to_its_page(as_subscriber, line, plan, now):
    order = paid_order(line, plan)

    for name in ("pay", "another_way", "cancel"):
        answer = as_subscriber.get(reverse(f"billing:{name}", args=[order.public_id]))
        assert answer.url == reverse("billing:order", args=[order.public_id])


def test_a_page_open_for_long_finds_the_payment_made_elsewhere(as_subscriber, order, at_the_gateway, now):
    at_the_gateway(PAYS)
    charge = charges.open_charge(order)
    result = gateways.chosen().look_up(payment_id=charge.gateway_payment_id, key="")
    charges.settle(charge_id=charge.pk, result=result, now=now + timedelta(hours=1))

    assert "Paid. We are setting it up" in page(as_subscriber, order)
