"""Kept cards charged through Stripe, with everything that may go wrong between here and there."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
import stripe
from django.utils import timezone

from billing import charges, gateways, reconciliation
from billing.declines import KNOWN_CODES
from billing.gateways.base import (
    GatewayRefused,
    OutcomeUnknown,
    PageRequest,
    PaymentState,
    RefundRequest,
    SavedCharge,
)
from billing.models import Charge, GatewayCustomer, LedgerEntry
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy
from tests.fakes.stripe.banks import OUTCOMES

DECLINES = [word for word, outcome in OUTCOMES.items() if outcome.state == "declined"]
CREATE = "POST /v1/payment_intents"
CONFIRM = "POST /v1/payment_intents/{intent}/confirm"
A_DAY_LATER = timedelta(hours=25)


@pytest.fixture
def impatient(stripe_settings):
    """Stripe is asked once, not again: what goes wrong comes through."""
    stripe_settings.STRIPE_MAX_RETRIES = 0
    return stripe_settings


@pytest.fixture
def customer(stripe_fake, subscriber):
    """Ada, as Stripe knows her."""
    made = stripe_fake.client().v1.customers.create({"metadata": {"customer": subscriber.public_id}})
    GatewayCustomer.objects.create(owner=subscriber, gateway="stripe", reference=made.id)
    return made.id


@pytest.fixture
def wish(stripe_fake, customer, subscriber):
    """Charge US$5.00 to a card of Ada's that pays."""
    return SavedCharge(
        key="chg_1",
        money=Money(500, "USD"),
        description="Renewal of Europe 10 GB",
        customer=subscriber.public_id,
        card_reference=stripe_fake.keep_card(customer)["id"],
        recurring=True,
    )


def prepared(gateway, wish):
    return replace(wish, payment_id=gateway.prepare(wish))


def takings(fake):
    return [taken["metadata"]["charge"] for taken in fake.money_taken()]


def test_a_renewal_is_marked_as_one_the_payer_agreed_to(stripe_gateway, stripe_fake, wish):
    stripe_gateway.charge_saved(prepared(stripe_gateway, wish))

    [intent] = stripe_fake.objects("payment_intent")
    assert intent["payment_method_options"]["card"]["stored_credential_usage"] == "recurring"
    assert intent["automatic_payment_methods"] == {"enabled": True, "allow_redirects": "never"}
    assert intent["metadata"] == {"charge": "chg_1", "customer": wish.customer}
    assert takings(stripe_fake) == ["chg_1"]


def test_a_payer_who_is_there_is_not_called_absent(stripe_gateway, stripe_fake, wish):
    stripe_fake.set_outcome(wish.card_reference, "authentication_required")

    asked = stripe_gateway.charge_saved(prepared(stripe_gateway, replace(wish, off_session=False, recurring=False)))

    assert (asked.state, asked.decline_code, asked.next_url) == (PaymentState.NEEDS_ACTION, "", "")


def test_a_payer_who_is_absent_is_asked_for(stripe_gateway, stripe_fake, wish):
    stripe_fake.set_outcome(wish.card_reference, "authentication_required")

    asked = stripe_gateway.charge_saved(prepared(stripe_gateway, wish))

    assert (asked.state, asked.decline_code) == (PaymentState.NEEDS_ACTION, "authentication_required")


@pytest.mark.parametrize("money", [Money(49, "USD"), Money(1495, "KWD")])
def test_what_stripe_would_not_take_is_not_prepared(stripe_gateway, stripe_fake, wish, money):
    with pytest.raises(GatewayRefused):
        stripe_gateway.prepare(replace(wish, money=money))

    assert CREATE not in stripe_fake.calls()


def test_preparing_in_another_language_finds_what_was_prepared(stripe_gateway, wish):
    payment_id = stripe_gateway.prepare(wish)

    assert stripe_gateway.prepare(replace(wish, description="續訂")) == payment_id


@pytest.mark.parametrize("word", DECLINES)
def test_every_decline_has_a_code_with_a_plain_sentence(stripe_gateway, stripe_fake, wish, word):
    stripe_fake.set_outcome(wish.card_reference, word)

    result = stripe_gateway.charge_saved(prepared(stripe_gateway, wish))

    outcome = OUTCOMES[word]
    assert result.state == PaymentState.DECLINED
    assert result.decline_code == (outcome.decline_code or outcome.code)
    assert result.decline_code in KNOWN_CODES
    assert (result.advice, result.network_code) == (outcome.advice_code or "", outcome.network_decline_code or "")
    assert takings(stripe_fake) == []


def test_a_bank_that_takes_its_time_is_pending(stripe_gateway, stripe_fake, wish):
    stripe_fake.set_outcome(wish.card_reference, "processing")

    result = stripe_gateway.charge_saved(prepared(stripe_gateway, wish))

    assert result.state == PaymentState.PENDING


def test_a_card_of_somebody_else_is_not_charged(stripe_gateway, stripe_fake, wish):
    stranger = stripe_fake.client().v1.customers.create().id
    card = stripe_fake.keep_card(stranger)["id"]

    result = stripe_gateway.charge_saved(prepared(stripe_gateway, replace(wish, card_reference=card)))

    assert (result.state, result.decline_code) == (PaymentState.DECLINED, "card_gone")
    assert takings(stripe_fake) == []


LOST = ["drop_before", "drop_after", "error_before", "error_after", "garbage"]


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_to_a_charge_is_unknown_and_charged_once_in_the_end(impatient, stripe_fake, wish, kind):
    gateway = gateways.chosen()
    charge = prepared(gateway, wish)
    stripe_fake.fault(kind, CONFIRM, count=1)

    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(charge)

    assert gateway.charge_saved(charge).state == PaymentState.SUCCEEDED
    assert takings(stripe_fake) == ["chg_1"]


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_to_the_preparation_is_unknown_and_prepared_again(impatient, stripe_fake, wish, kind):
    gateway = gateways.chosen()
    stripe_fake.fault(kind, CREATE, count=1)

    with pytest.raises(OutcomeUnknown):
        gateway.prepare(wish)


@pytest.mark.parametrize(
    ("endpoint", "call"),
    [
        ("POST /v1/checkout/sessions", "open_page"),
        ("GET /v1/payment_intents/{intent}", "look_up"),
        ("GET /v1/checkout/sessions", "look_up_key"),
        ("POST /v1/payment_intents/{intent}/cancel", "close_page"),
        ("POST /v1/refunds", "refund"),
        ("GET /v1/events", "notices_since"),
        ("GET /v1/charges", "movements"),
        ("GET /v1/payment_methods/{payment_method}", "kept_card"),
        ("POST /v1/payment_methods/{payment_method}/detach", "forget_card"),
        ("GET /v1/disputes/{dispute}", "look_up_dispute"),
    ],
)
@pytest.mark.parametrize("kind", ["drop_before", "error_before", "forbidden"])
def test_no_call_takes_silence_for_an_answer(impatient, stripe_fake, wish, subscriber, endpoint, call, kind):
    gateway = gateways.chosen()
    charge = prepared(gateway, wish)
    now = timezone.now()
    page = PageRequest(
        key="chg_2",
        money=wish.money,
        description="x",
        customer=subscriber.public_id,
        return_url="https://portal.example.com/",
        locale="en",
        expires_at=now + timedelta(hours=1),
    )
    calls = {
        "open_page": lambda: gateway.open_page(page),
        "look_up": lambda: gateway.look_up(payment_id=charge.payment_id, key=""),
        "look_up_key": lambda: gateway.look_up(payment_id="", key="chg_1", customer=wish.customer, since=now),
        "close_page": lambda: gateway.close_page(charge.payment_id),
        "refund": lambda: gateway.refund(
            RefundRequest(key="rfd_1", transaction_id=charge.payment_id, money=Money(1, "USD"))
        ),
        "notices_since": lambda: gateway.notices_since("", now=now),
        "movements": lambda: [*gateway.movements(since=now - timedelta(hours=1), until=now)],
        "kept_card": lambda: gateway.kept_card(wish.card_reference),
        "forget_card": lambda: gateway.forget_card(wish.card_reference),
        "look_up_dispute": lambda: gateway.look_up_dispute("du_1"),
    }
    stripe_fake.fault(kind, endpoint)

    with pytest.raises(OutcomeUnknown):
        calls[call]()


def test_a_failure_that_stripe_keeps_under_the_key_is_not_repeated_for_ever(impatient, stripe_fake, wish, customer):
    gateway = gateways.chosen()
    charge = prepared(gateway, wish)
    # What Stripe keeps is a failure that came to nothing: at that moment the card was not there.
    stripe_fake.detach_card(wish.card_reference)
    stripe_fake.fault("error_after", CONFIRM, count=1)
    with pytest.raises(OutcomeUnknown):
        gateway.charge_saved(charge)
    stripe_fake.client().v1.payment_methods.attach(wish.card_reference, {"customer": customer})

    result = gateway.charge_saved(charge)

    assert result.state == PaymentState.SUCCEEDED
    assert stripe_fake.calls()[CONFIRM] == 3
    assert takings(stripe_fake) == ["chg_1"]


def test_a_key_used_with_other_wishes_does_not_stop_the_charge(stripe_gateway, stripe_fake, wish):
    charge = prepared(stripe_gateway, wish)
    stripe_fake.client().v1.customers.create({}, {"idempotency_key": f"{charge.key}:confirm"})

    assert stripe_gateway.charge_saved(charge).state == PaymentState.SUCCEEDED
    assert takings(stripe_fake) == ["chg_1"]


@pytest.mark.slow
def test_a_failure_kept_after_the_money_was_taken_is_found_to_be_paid(stripe_gateway, stripe_fake, wish):
    charge = prepared(stripe_gateway, wish)
    stripe_fake.fault("error_after", CONFIRM, count=1)

    result = stripe_gateway.charge_saved(charge)

    assert result.state == PaymentState.SUCCEEDED
    assert takings(stripe_fake) == ["chg_1"]


@pytest.mark.slow
def test_a_request_still_under_way_is_unknown(stripe_settings, stripe_fake, wish):
    stripe_settings.STRIPE_READ_TIMEOUT = 1
    gateway = gateways.chosen()
    charge = prepared(gateway, wish)
    stripe_fake.fault("hang", CONFIRM, count=1, seconds=4)

    with pytest.raises(OutcomeUnknown, match="in-progress"):
        gateway.charge_saved(charge)

    stripe_settings.STRIPE_READ_TIMEOUT = 20
    assert gateways.chosen().look_up(payment_id=charge.payment_id, key="") is not None


@pytest.mark.parametrize("key", ["sk_test_somebody_else"])
def test_a_key_that_stripe_does_not_accept_is_an_error_for_staff(impatient, stripe_fake, wish, caplog, key):
    impatient.STRIPE_API_KEY = key

    with caplog.at_level(logging.ERROR), pytest.raises(OutcomeUnknown):
        gateways.chosen().prepare(wish)

    assert "STRIPE_API_KEY" in caplog.text
    assert key not in caplog.text


def test_a_payment_of_another_account_is_never_declined(stripe_gateway, wish):
    with pytest.raises(OutcomeUnknown, match="does not know"):
        stripe_gateway.charge_saved(replace(wish, payment_id="pi_of_another_account"))
    with pytest.raises(OutcomeUnknown, match="does not know"):
        stripe_gateway.close_page("pi_of_another_account")


def test_a_key_is_looked_for_among_the_payments_of_its_customer(stripe_gateway, wish):
    with pytest.raises(ValueError, match="customer"):
        stripe_gateway.look_up(payment_id="", key="chg_1")


@pytest.fixture
def charge(stripe_fake, customer, line, plan, now):
    """An automatic renewal of US$14.90, committed and not yet charged."""
    method = make.make_method(owner=line.owner, gateway="stripe", reference=stripe_fake.keep_card(customer)["id"])
    order = buy(line, plan, method=method, off_session=True, gateway="stripe")
    return order.charges.get()


@pytest.mark.parametrize("lost", [CREATE, CONFIRM])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_a_charge_found_the_day_after_is_made_once(impatient, stripe_fake, charge, now, lost, kind):
    gateway = gateways.chosen()
    stripe_fake.set_clock(now)
    stripe_fake.fault(kind, lost, count=1)
    charges.charge_saved(charge=charge, gateway=gateway, now=now)
    unknown = Charge.objects.get().state
    stripe_fake.advance(A_DAY_LATER)

    reconciliation.reconcile_charges(gateway=gateway, now=now + A_DAY_LATER)

    assert unknown == "unknown"
    assert Charge.objects.get().state == "succeeded"
    assert takings(stripe_fake) == [charge.public_id]
    assert LedgerEntry.objects.filter(kind="received").count() == 1


def test_control_one_step_instead_of_two_charges_twice(stripe_fake, wish, customer):
    client = stripe_fake.client()

    def charge_in_one_step():
        client.v1.payment_intents.create(
            {
                "amount": 500,
                "currency": "usd",
                "customer": customer,
                "payment_method": wish.card_reference,
                "off_session": True,
                "confirm": True,
                "metadata": {"charge": "chg_1"},
                "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            },
            {"idempotency_key": "chg_1"},
        )

    stripe_fake.fault("drop_after", CREATE, count=1)
    with pytest.raises(stripe.APIConnectionError):
        charge_in_one_step()
    stripe_fake.advance(A_DAY_LATER)
    charge_in_one_step()

    assert takings(stripe_fake) == ["chg_1", "chg_1"]
