"""Promotions and coupons from the page on which they are shown to the order that used them."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse

from billing import discounts, expiry, redemptions
from billing.checkout import place_order
from billing.invariants import broken_invariants
from billing.invoices import issue_due
from billing.models import CodeAttempt, Invoice, LedgerEntry, Order, Redemption, Refund
from billing.orders import fulfil
from billing.queue_endings import cancel
from billing.redemptions import CouponGone
from billing.refund_offers import CannotRefund
from billing.taking_back import undo
from plans import catalogue
from plans.models import Coupon, CouponCode, Promotion
from portal.lib.data_size import GB
from portal.lib.dates import held_together
from portal.lib.money import Money
from tests import make
from tests.billing.books import PRICE, buy, buy_with_code, fund, pay, purchase_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_november")]

DAY = timedelta(days=1)


def quoted(line, plan, code="", *, now, price=PRICE):
    return discounts.quote(user=line.owner, plan=plan, price=price, code=code, ip="203.0.113.7", now=now)


def counts(coupon):
    coupon.refresh_from_db()
    return coupon.used, coupon.codes.get().used


@pytest.fixture
def coupon(db):
    return make.make_coupon(code="AUTUMN10")


@pytest.fixture
def renew_url(line, plan):
    make.make_allowance(line=line, plan=plan)
    return f"{reverse('billing:renew', args=[line.public_id])}?plan={plan.public_id}"


def form_on(response):
    page = response.content.decode()
    names = ("form_key", "price_seen", "coupon", "coupon_seen")
    return {name: re.search(rf'name="{name}"[^>]*?value="([^"]*)"', page, re.DOTALL)[1] for name in names} | {
        "pay_with": "new"
    }


def applied(client, address, code):
    """Return the page on which a code was applied."""
    return client.post(address, form_on(client.get(address)) | {"coupon": code, "apply_coupon": "1"})


# What is taken off


def test_one_promotion_then_one_coupon_off_what_is_left(line, plan, coupon, now):
    make.make_promotion(percent=20)
    make.make_promotion(percent=5)

    quote = quoted(line, plan, "autumn-1O", now=now)

    assert (quote.list_price, quote.price_promoted, quote.price) == (PRICE, Money(1192, "USD"), Money(1073, "USD"))


REASONS = [
    ({"is_active": False}, "no such code"),
    ({"active_until": make.NOW}, "expired"),
    ({"active_from": make.NOW + DAY}, "counts from"),
    ({"plan_codes": ["other"]}, "not for this plan"),
    ({"regions": ["oceania"]}, "region"),
    ({"minimums": {"USD": 1491}}, "from a price of US$14.91"),
    ({"minimums": {"CNY": 1}}, "not for prices in USD"),
    ({"kind": "amount", "amounts": {"CNY": 100}}, "not for prices in USD"),
    ({"max_uses": 3, "used": 3}, "as often as it can be"),
]


def test_a_code_that_does_not_apply_says_why(line, plan, now):
    for number, (fields, sentence) in enumerate(REASONS):
        make.make_coupon(code=f"AUTUMN{number}", **fields)

        quote = quoted(line, plan, f"AUTUMN{number}", now=now)

        assert sentence in quote.refusal
        assert quote.price == PRICE


def test_a_code_switched_off_is_answered_like_one_that_never_was(line, plan, coupon, now):
    CouponCode.objects.update(is_active=False)

    refusals = {quoted(line, plan, code, now=now).refusal for code in ("AUTUMN10", "NOSUCHCODE")}

    assert len(refusals) == 1
    assert CodeAttempt.objects.count() == 2


@pytest.mark.parametrize("junk", ["\0", "–", "🎁"])
def test_what_can_be_no_code_is_refused_and_not_left_out(as_subscriber, renew_url, line, plan, coupon, now, junk):
    sent = form_on(as_subscriber.get(renew_url)) | {"coupon": junk}

    answer = as_subscriber.post(renew_url, sent)

    assert quoted(line, plan, junk, now=now).refusal == quoted(line, plan, "NOSUCHCODE", now=now).refusal
    assert "The coupon is not applied" in answer.content.decode()
    assert not Order.objects.exists()
    assert quoted(line, plan, " ", now=now).refusal == ""


def test_after_five_codes_that_are_none_a_real_one_is_not_looked_at(line, plan, coupon, stranger, now):
    for number in range(5):
        quoted(line, plan, f"GUESS{number}", now=now)

    assert "Too many codes" in quoted(line, plan, "AUTUMN10", now=now).refusal
    assert quoted(line, plan, "", now=now).price == PRICE
    assert quoted(line, plan, "AUTUMN10", now=now + timedelta(hours=1)).coupon is not None
    assert quoted(make.make_line(owner=stranger), plan, "AUTUMN10", now=now).coupon is not None


def test_guesses_of_new_accounts_hold_up_new_accounts_only(line, plan, coupon, now, settings):
    settings.PORTAL_CODE_MISSES = 3
    for number in range(3):
        guesser = make.make_line(owner=make.make_user())
        discounts.quote(user=guesser.owner, plan=plan, price=PRICE, code="GUESS", ip=f"203.0.113.{number}", now=now)

    assert "Too many codes" in quoted(line, plan, "AUTUMN10", now=now).refusal
    fund(line.owner, PRICE)
    buy(line, plan, gateway="", use_wallet=True)
    assert quoted(line, plan, "AUTUMN10", now=now).coupon is not None


def test_a_first_purchase_coupon_is_for_the_first_purchase(line, plan, now, carrier):
    make.make_coupon(code="WELCOME", first_purchase_only=True)
    fund(line.owner, PRICE)
    first = buy_with_code(line, plan, "WELCOME", now=now, gateway="", use_wallet=True)

    assert first.state == "paid"
    make.make_coupon(code="WELCOME2", first_purchase_only=True)
    assert "You have used this code already" in quoted(line, plan, "WELCOME", now=now).refusal
    assert "first purchase only" in quoted(line, plan, "WELCOME2", now=now).refusal


def test_a_first_purchase_that_was_cancelled_before_its_turn_was_none(running, line, plan, now):
    make.make_coupon(code="WELCOME", first_purchase_only=True)
    fund(line.owner, PRICE)
    order = buy_with_code(line, plan, "WELCOME", now=now, gateway="", use_wallet=True, is_queued=True)

    cancel(queued=order.queued_plan, goes_to=Refund.Destination.BALANCE, actor=line.owner, ip=None, now=now)

    again = quoted(line, plan, "WELCOME", now=now)
    assert (again.refusal, again.price) == ("", Money(1341, "USD"))


def test_a_code_that_takes_nothing_off_is_not_used_up(line, plan, now):
    make.make_coupon(code="ONE1", percent=1)

    quote = quoted(line, plan, "ONE1", now=now, price=Money(40, "JPY"))

    assert (quote.coupon, quote.refusal) == (None, "This code takes nothing off a price of JP¥40.")


def test_more_data_and_free_periods_are_delivered(line, plan, now, carrier):
    make.make_coupon(code="DATA", kind="data", bonus_bytes=2 * GB)
    make.make_coupon(code="TIME", kind="period", free_periods=1)
    fund(line.owner, Money(5000, "USD"))

    for code in ("DATA", "TIME"):
        fulfil(
            order_id=buy_with_code(line, plan, code, now=now, gateway="", use_wallet=True).pk, carrier=carrier, now=now
        )

    first, second = line.allowances.order_by("starts_at")
    assert (first.data_bytes, second.data_bytes) == (12 * GB, 20 * GB)
    assert second.ends_at - second.starts_at == 60 * DAY


# Used up, once


def test_reserved_with_the_order_used_when_paid(line, plan, coupon, now, gateway):
    order = buy_with_code(line, plan, "AUTUMN10", now=now)
    assert (order.amount, order.redemptions.get().state, counts(coupon)) == (1341, "reserved", (1, 1))

    pay(order.charges.get(), gateway=gateway)

    assert (order.redemptions.get().state, counts(coupon)) == ("consumed", (1, 1))
    assert broken_invariants(now=now) == {}


def test_editing_a_coupon_leaves_its_count_alone(line, plan, coupon, now):
    """Whoever edits has read the row before the order that counts it."""
    read, code = Coupon.objects.get(), CouponCode.objects.get()
    buy_with_code(line, plan, "AUTUMN10", now=now)

    read.name = "Autumn, longer"
    read.save()
    code.save()

    assert counts(coupon) == (1, 1)
    assert coupon.name == "Autumn, longer"


def test_given_back_when_the_order_is_cancelled(line, plan, coupon, now, gateway):
    order = buy_with_code(line, plan, "AUTUMN10", now=now)
    assert "waits for payment" in quoted(line, plan, "AUTUMN10", now=now).refusal

    expiry.cancel_order(order=order, gateways={gateway.name: gateway}, now=now)

    assert (order.redemptions.get().state, counts(coupon)) == ("released", (0, 0))
    assert quoted(line, plan, "AUTUMN10", now=now).coupon is not None


def test_given_back_when_the_network_cannot_deliver(line, plan, coupon, now, carrier):
    fund(line.owner, PRICE)
    order = buy_with_code(line, plan, "AUTUMN10", now=now, gateway="", use_wallet=True)

    carrier.refusing["grant"] = "no_roaming"
    fulfil(order_id=order.pk, carrier=carrier, now=now)

    assert (Order.objects.get().state, order.redemptions.get().state) == ("undeliverable", "released")
    assert counts(coupon) == (0, 0)
    assert broken_invariants(now=now) == {}


def test_a_coupon_that_ran_out_meanwhile_buys_nothing(line, plan, coupon, now):
    quote = quoted(line, plan, "AUTUMN10", now=now)
    Coupon.objects.update(max_uses=1, used=1)

    with pytest.raises(CouponGone):
        place_order(purchase=purchase_of(line, plan, price=quote.price, quote=quote), now=now)

    assert not Order.objects.exists()
    assert not Redemption.objects.exists()


def test_a_price_of_zero_is_paid_at_once_and_nothing_is_charged(line, plan, now, carrier):
    make.make_coupon(code="FREE", percent=100)

    order = buy_with_code(line, plan, "FREE", now=now)
    fulfil(order_id=order.pk, carrier=carrier, now=now)
    issue_due(now=now)

    invoice = Invoice.objects.get()
    assert (Order.objects.get().state, order.charges.count(), LedgerEntry.objects.count()) == ("fulfilled", 0, 0)
    assert (invoice.amount, [line["amount"] for line in invoice.details["lines"]]) == (0, [1490, -1490])
    with pytest.raises(CannotRefund):
        undo(order=Order.objects.get(), goes_to="payer", ip=None, carrier=carrier, within=DAY, now=now)
    assert broken_invariants(now=now) == {}


def test_a_refund_gives_back_what_was_paid(line, plan, coupon, now, carrier):
    fund(line.owner, PRICE)
    order = buy_with_code(line, plan, "AUTUMN10", now=now, gateway="", use_wallet=True)
    fulfil(order_id=order.pk, carrier=carrier, now=now)
    Coupon.objects.update(percent=90)

    undo(order=Order.objects.get(), goes_to="payer", ip=None, carrier=carrier, within=DAY, now=now)

    assert Order.objects.get().refunds.get().amount == 1341
    assert redemptions.shown_with(order)[0].money == Money(149, "USD")


# The pages


def test_applying_a_code_loses_nothing_and_charges_nothing(as_subscriber, renew_url, coupon):
    page = as_subscriber.get(renew_url)
    typed = form_on(page) | {"coupon": " autumn10 ", "apply_coupon": "1", "keep_card": "on"}

    applied = as_subscriber.post(renew_url, typed)

    text = applied.content.decode()
    assert applied.status_code == 200
    assert not Order.objects.exists()
    assert "−US$1.49" in text
    assert "Renew for US$13.41" in text
    assert 'value="autumn10"' in text
    assert re.search(r'id="keep_card"\s+checked', text)


def test_a_code_that_was_typed_and_not_applied_is_shown_before_it_is_paid(as_subscriber, renew_url, coupon):
    sent = form_on(as_subscriber.get(renew_url)) | {"coupon": "AUTUMN10"}

    shown = as_subscriber.post(renew_url, sent)
    assert shown.status_code == 200
    assert not Order.objects.exists()
    as_subscriber.post(renew_url, form_on(shown))

    assert Order.objects.get().amount == 1341


def test_the_same_form_again_is_one_order_and_one_redemption(as_subscriber, renew_url, coupon):
    sent = form_on(applied(as_subscriber, renew_url, "AUTUMN10"))

    first, second = (as_subscriber.post(renew_url, sent) for _ in range(2))

    assert first.url == second.url
    assert (Order.objects.count(), Redemption.objects.count(), counts(coupon)) == (1, 1, (1, 1))


def test_a_coupon_that_ended_before_payment_is_said_and_nothing_is_bought(as_subscriber, renew_url, coupon, now):
    sent = form_on(applied(as_subscriber, renew_url, "AUTUMN10"))
    Coupon.objects.update(active_until=now)

    page = as_subscriber.post(renew_url, sent)

    assert page.status_code == 422
    assert not Order.objects.exists()
    assert "The price is US$14.90 now" in page.content.decode()
    assert "This code expired" in page.content.decode()


def test_what_is_free_asks_for_no_card(as_subscriber, renew_url, django_capture_on_commit_callbacks):
    make.make_coupon(code="FREE", percent=100)
    page = applied(as_subscriber, renew_url, "FREE")
    sent = form_on(page)
    del sent["pay_with"]

    with django_capture_on_commit_callbacks(execute=True):
        placed = as_subscriber.post(renew_url, sent)

    order = Order.objects.get()
    assert b'name="pay_with"' not in page.content
    assert placed.url == reverse("billing:order", args=[order.public_id])
    assert order.paid_at is not None
    assert not order.charges.exists()


def test_order_receipt_and_reason_show_what_was_taken_off(as_subscriber, line, plan, coupon, now):
    make.make_promotion(percent=20, name="Spring sale")
    fund(line.owner, PRICE)
    order = buy_with_code(line, plan, "AUTUMN10", now=now, gateway="", use_wallet=True)
    Coupon.objects.update(name="Renamed", percent=90)

    for name in ("order", "receipt", "why"):
        page = as_subscriber.get(reverse(f"billing:{name}", args=[order.public_id])).content.decode()
        assert all(text in page for text in ("Spring sale", "Ten off", "AUTUMN10", "−US$2.98", "−US$1.19")), name
        assert "US$10.73" in page
        assert "Renamed" not in page


def test_the_choice_and_the_catalogue_show_a_running_promotion(as_subscriber, line, plan, now):
    plan.prices.create(currency="EUR", amount=1390, valid_from=plan.active_from)
    make.make_promotion(percent=20, active_until=now + 3 * DAY)

    choice = as_subscriber.get(reverse("billing:renew", args=[line.public_id])).content.decode()
    shown = as_subscriber.get("/plans/").content.decode()
    page = as_subscriber.get(reverse("plans:plan", args=[plan.public_id])).content.decode()

    assert "US$11.92" in choice
    assert "instead of US$14.90: Spring sale" in choice
    assert "€11.12" in page  # in other currencies: 20 % off €13.90
    for text in (shown, page):
        assert re.search(r'<s class="[^"]*old-price[^"]*">\s*US\$14.90', text)
        assert "Buy for US$11.92" in text
        assert held_together("Until 24 Nov 2026") in text


def test_a_promotion_ends_to_the_second_although_it_is_cached(line, plan, now):
    make.make_promotion(percent=20, active_until=now + DAY)

    assert catalogue.running_promotions(now=now)
    assert quoted(line, plan, now=now + DAY).price == PRICE


def test_a_promotion_ended_by_another_process_counts_for_a_second_at_most(line, plan, now, time_machine):
    promotion = make.make_promotion(percent=20)
    reduced = quoted(line, plan, now=now).price

    Promotion.objects.filter(pk=promotion.pk).delete()
    cache.set(catalogue.VERSION_KEY, "begun-by-another", timeout=None)

    assert quoted(line, plan, now=now).price == reduced
    time_machine.shift(timedelta(seconds=1, milliseconds=100))
    assert quoted(line, plan, now=now).price == PRICE


def test_any_code_is_answered_with_a_page(as_subscriber, renew_url):
    for junk in ("\0", "'" * 500, "ｆｕｌｌ", "%00", "<script>", "🎁", "0" * 4000):
        sent = form_on(as_subscriber.get(renew_url)) | {"coupon": junk, "apply_coupon": "1"}
        assert as_subscriber.post(renew_url, sent).status_code == 200


def test_a_code_in_the_address_is_filled_in_and_not_looked_up(as_subscriber, renew_url, coupon):
    page = as_subscriber.get(f"{renew_url}&coupon=AUTUMN10")

    assert form_on(page)["coupon"] == "AUTUMN10"
    assert "Renew for US$14.90" in page.content.decode()
    as_subscriber.get(f"{renew_url}&coupon=NOSUCHCODE")
    assert not CodeAttempt.objects.exists()
    assert "Renew for US$13.41" in as_subscriber.post(renew_url, form_on(page)).content.decode()


def test_buying_a_line_and_data_take_offers_as_well(as_subscriber, line, plan, coupon):
    make.make_allowance(line=line, plan=plan)
    pack = make.make_plan(kind="data_pack", region="europe")
    addresses = [
        reverse("billing:buy", args=[plan.public_id]),
        reverse("billing:top_up", args=[line.public_id]) + f"?plan={pack.public_id}",
    ]

    for address in addresses:
        assert "Ten off" in applied(as_subscriber, address, "AUTUMN10").content.decode()
    assert b'name="coupon"' not in as_subscriber.get(reverse("billing:add_money") + "?amount=20.00").content
