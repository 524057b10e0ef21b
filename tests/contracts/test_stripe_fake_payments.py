"""The fake of Stripe: what happens to money, cards, sessions, refunds and disputes."""

from datetime import timedelta

import pytest
import stripe

from tests.contracts.stripe_calls import off_session, session, setup_session, unconfirmed
from tests.fakes.stripe import banks
from tests.fakes.stripe.client import Refused

DECLINES = sorted(word for word, one in banks.OUTCOMES.items() if one.state == "declined" and one.decline_code)
RETURN = {"return_url": "http://shop.test/back"}


@pytest.fixture
def intent(client, customer):
    return client.v1.payment_intents.create(unconfirmed(customer)).id


@pytest.fixture
def paid(stripe_fake, client, customer, intent):
    """An intent that took 5.00 US dollars."""
    return client.v1.payment_intents.confirm(intent, off_session(stripe_fake.keep_card(customer)))


@pytest.mark.parametrize("word", DECLINES)
def test_declined_card_says_why_and_leaves_the_intent_open(stripe_fake, client, customer, intent, word):
    card = stripe_fake.keep_card(customer, outcome=word)

    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.confirm(intent, off_session(card))

    assert declined.value.http_status == 402
    assert declined.value.error.decline_code == word
    assert declined.value.error.payment_intent.status == "requires_payment_method"
    found = client.v1.payment_intents.retrieve(intent, {"expand": ["latest_charge"]})
    assert found.last_payment_error.decline_code == word
    assert found.latest_charge.outcome.advice_code == banks.OUTCOMES[word].advice_code
    assert stripe_fake.money_taken() == []


def test_authentication_off_session_fails_and_on_session_is_asked_for(stripe_fake, client, customer, intent):
    card = stripe_fake.keep_card(customer, outcome="authentication_required")

    with pytest.raises(stripe.CardError) as declined:
        client.v1.payment_intents.confirm(intent, off_session(card))
    asked = client.v1.payment_intents.confirm(intent, {"payment_method": card["id"], **RETURN})

    assert declined.value.code == "authentication_required"
    assert declined.value.error.payment_intent.status == "requires_payment_method"
    assert asked.status == "requires_action"
    assert asked.next_action.redirect_to_url.return_url == RETURN["return_url"]
    assert stripe_fake.authenticate(intent)["status"] == "succeeded"


def test_failed_authentication_needs_another_try(stripe_fake, client, customer, intent):
    card = stripe_fake.keep_card(customer, outcome="authentication_required")
    asked = client.v1.payment_intents.confirm(intent, {"payment_method": card["id"]})

    failed = stripe_fake.authenticate(intent, proven=False)

    assert asked.next_action.type == "use_stripe_sdk"
    assert failed["status"] == "requires_payment_method"
    assert failed["last_payment_error"]["code"] == "payment_intent_authentication_failure"


@pytest.mark.parametrize(("outcome", "status"), [("paid", "succeeded"), ("failed", "requires_payment_method")])
def test_processing_ends_either_way(stripe_fake, client, customer, intent, outcome, status):
    card = stripe_fake.keep_card(customer, outcome="processing")

    assert client.v1.payment_intents.confirm(intent, off_session(card)).status == "processing"
    assert stripe_fake.money_taken() == []
    assert stripe_fake.finish(intent, outcome)["status"] == status
    assert len(stripe_fake.money_taken()) == (outcome == "paid")


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"setup_future_usage": "off_session", "payment_method_options": {}}, "off_session"),
        ({"off_session": False}, "payment_method_options[card][stored_credential_usage]"),
        ({"setup_future_usage": "off_session"}, "payment_method_options[card][stored_credential_usage]"),
        ({"payment_method": "pm_unknown"}, "payment_method"),
    ],
)
def test_confirm_against_the_rules_is_refused(stripe_fake, client, customer, intent, more, param):
    card = stripe_fake.keep_card(customer)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent, {**off_session(card), **more})

    assert refused.value.param == param


def test_redirects_need_somewhere_to_come_back_to(stripe_fake, client, customer):
    card = stripe_fake.keep_card(customer)
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": customer})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent.id, off_session(card))

    assert refused.value.param == "return_url"
    assert client.v1.payment_intents.confirm(intent.id, off_session(card, **RETURN)).status == "succeeded"


def test_card_charge_takes_only_a_suffix_on_the_statement(stripe_fake, client, customer):
    card = stripe_fake.keep_card(customer)
    whole = client.v1.payment_intents.create(unconfirmed(customer, statement_descriptor="ESIM PORTAL"))
    suffix = client.v1.payment_intents.create(unconfirmed(customer, statement_descriptor_suffix="RENEWAL"))

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(whole.id, off_session(card))

    assert refused.value.param == "statement_descriptor"
    assert client.v1.payment_intents.confirm(suffix.id, off_session(card)).status == "succeeded"


def test_card_of_another_customer_cannot_pay(stripe_fake, client, customer, intent):
    other = client.v1.customers.create().id

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(intent, off_session(stripe_fake.keep_card(other)))


def test_detached_card_cannot_pay(stripe_fake, client, customer, intent):
    card = stripe_fake.keep_card(customer)
    client.v1.payment_methods.detach(card["id"])

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.confirm(intent, off_session(card))
    assert client.v1.payment_methods.list({"customer": customer}).data == []


def test_test_cards_are_attached_and_pay(client, customer, intent):
    card = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer})

    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer})
    assert client.v1.payment_intents.confirm(intent, off_session(card.to_dict())).status == "succeeded"


def test_intent_is_cancelled_only_before_it_succeeded(client, customer, paid):
    other = client.v1.payment_intents.create(unconfirmed(customer)).id

    assert client.v1.payment_intents.cancel(other, {"cancellation_reason": "abandoned"}).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.cancel(paid.id)
    assert refused.value.code == "payment_intent_unexpected_state"


def test_charge_tells_card_intent_and_fee(client, paid):
    charge = client.v1.charges.retrieve(paid.latest_charge, {"expand": ["balance_transaction", "payment_intent"]})

    assert charge.payment_method_details.card.last4 == "4242"
    assert charge.payment_intent.id == paid.id
    assert (charge.balance_transaction.amount, charge.balance_transaction.net) == (500, 485)
    assert [one.id for one in client.v1.charges.list({"payment_intent": paid.id}).data] == [charge.id]


@pytest.mark.parametrize("method", ["card", "alipay", "wechat_pay", "paypal"])
@pytest.mark.parametrize(
    ("outcome", "then", "status"),
    [("paid", "paid", "paid"), ("processing", "paid", "paid"), ("processing", "failed", "unpaid")],
)
def test_session_is_paid_with_every_method(stripe_fake, client, customer, method, outcome, then, status):
    made = client.v1.checkout.sessions.create(session(customer=customer, client_reference_id="o-1"))

    done = stripe_fake.pay(made.id, method, outcome, then=then)
    if outcome == "processing":
        assert (done["status"], done["payment_status"]) == ("complete", "unpaid")
        stripe_fake.finish(done["payment_intent"])

    found = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (found.status, found.payment_status, found.client_reference_id) == ("complete", status, "o-1")
    assert found.payment_intent.amount_received == (900 if status == "paid" else 0)
    told = [event["type"] for event in stripe_fake.events() if event["type"].startswith("checkout.session.")]
    later = {"paid": ["checkout.session.async_payment_succeeded"], "failed": ["checkout.session.async_payment_failed"]}
    assert told == ["checkout.session.completed", *(later[then] if outcome == "processing" else [])]


def test_declined_session_stays_open_for_another_card(stripe_fake, client):
    made = client.v1.checkout.sessions.create(session(payment_intent_data={"metadata": {"order": "o-1"}}))

    with pytest.raises(Refused) as declined:
        stripe_fake.pay(made.id, outcome="lost_card")
    tried = client.v1.checkout.sessions.retrieve(made.id)
    done = stripe_fake.pay(made.id)

    assert declined.value.error["decline_code"] == "lost_card"
    assert (tried.status, tried.payment_status) == ("open", "unpaid")
    assert done["payment_intent"] == tried.payment_intent
    assert [taken["metadata"] for taken in stripe_fake.money_taken()] == [{"order": "o-1"}]


def test_intent_of_a_session_ends_with_the_session(stripe_fake, client):
    made = client.v1.checkout.sessions.create(session())
    with pytest.raises(Refused):
        stripe_fake.pay(made.id, outcome="insufficient_funds")
    intent = client.v1.checkout.sessions.retrieve(made.id).payment_intent

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.cancel(intent)
    client.v1.checkout.sessions.expire(made.id)

    assert client.v1.payment_intents.retrieve(intent).status == "canceled"


@pytest.mark.parametrize(
    ("more", "offered"),
    [
        ({}, ["card", "alipay", "wechat_pay", "paypal"]),
        ({"allowed_payment_method_types": ["card", "alipay", "klarna"]}, ["card", "alipay"]),
        ({"excluded_payment_method_types": ["paypal"]}, ["card", "alipay", "wechat_pay"]),
        ({"payment_intent_data": {"setup_future_usage": "off_session"}}, ["card", "paypal"]),
    ],
)
def test_session_offers_what_account_currency_and_parameters_leave(client, more, offered):
    assert client.v1.checkout.sessions.create(session(**more)).payment_method_types == offered


def test_currency_narrows_the_methods(client):
    line = {"quantity": 1, "price_data": {"currency": "brl", "unit_amount": 900, "product_data": {"name": "5 GB"}}}

    assert client.v1.checkout.sessions.create(session(line_items=[line])).payment_method_types == ["card"]


def test_card_is_kept_when_the_session_says_so(stripe_fake, client, customer):
    options = {"card": {"setup_future_usage": "off_session"}}
    made = client.v1.checkout.sessions.create(session(customer=customer, payment_method_options=options))

    stripe_fake.pay(made.id, last4="1111", exp_month=1, exp_year=2027, outcome_later="insufficient_funds")

    [kept] = client.v1.payment_methods.list({"customer": customer, "type": "card"}).data
    assert (kept.card.last4, kept.card.exp_month, kept.card.exp_year) == ("1111", 1, 2027)


@pytest.mark.parametrize("save", [True, False])
def test_card_is_kept_when_the_payer_ticks_the_box(stripe_fake, client, customer, save):
    saving = {"payment_method_save": "enabled"}
    made = client.v1.checkout.sessions.create(session(customer=customer, saved_payment_method_options=saving))

    stripe_fake.pay(made.id, save_card=save)

    assert len(client.v1.payment_methods.list({"customer": customer}).data) == save


def test_single_use_methods_are_not_kept(stripe_fake, client, customer):
    options = {"card": {"setup_future_usage": "off_session"}}
    made = client.v1.checkout.sessions.create(session(customer=customer, payment_method_options=options))

    stripe_fake.pay(made.id, "alipay")

    assert client.v1.payment_methods.list({"customer": customer}).data == []


def test_setup_session_keeps_a_card_and_takes_no_money(stripe_fake, client, customer):
    made = client.v1.checkout.sessions.create(setup_session(customer, setup_intent_data={"metadata": {"user": "u-1"}}))

    with pytest.raises(Refused):
        stripe_fake.pay(made.id, outcome="incorrect_cvc")
    stripe_fake.pay(made.id, brand="mastercard", last4="4444")

    found = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["setup_intent.payment_method"]})
    assert (found.status, found.payment_status) == ("complete", "no_payment_required")
    assert found.setup_intent.metadata.to_dict() == {"user": "u-1"}
    assert found.setup_intent.payment_method.card.brand == "mastercard"
    assert found.setup_intent.payment_method.customer == customer
    assert [one.id for one in client.v1.setup_intents.list({"customer": customer}).data] == [found.setup_intent.id]
    assert stripe_fake.money_taken() == []


def test_expired_session_cannot_be_paid_nor_expired_again(stripe_fake, client):
    made = client.v1.checkout.sessions.create(session())

    assert client.v1.checkout.sessions.expire(made.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(made.id)
    with pytest.raises(Refused):
        stripe_fake.pay(made.id)


def test_paid_session_cannot_be_expired(stripe_fake, client):
    made = client.v1.checkout.sessions.create(session())
    stripe_fake.pay(made.id)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(made.id)


def test_session_expires_by_itself(stripe_fake, client):
    made = client.v1.checkout.sessions.create(session(expires_at=stripe_fake.now() + 1800))

    stripe_fake.advance(timedelta(minutes=29))
    assert client.v1.checkout.sessions.retrieve(made.id).status == "open"
    stripe_fake.advance(timedelta(minutes=2))

    assert client.v1.checkout.sessions.retrieve(made.id).status == "expired"
    assert len(stripe_fake.events("checkout.session.expired")) == 1
    assert [one.id for one in client.v1.checkout.sessions.list({"status": "expired"}).data] == [made.id]


def test_refunds_never_exceed_their_charge(client, paid):
    client.v1.refunds.create({"payment_intent": paid.id, "amount": 200})

    with pytest.raises(stripe.InvalidRequestError) as too_much:
        client.v1.refunds.create({"payment_intent": paid.id, "amount": 301})
    rest = client.v1.refunds.create({"charge": paid.latest_charge})
    with pytest.raises(stripe.InvalidRequestError) as refunded:
        client.v1.refunds.create({"payment_intent": paid.id})

    assert too_much.value.param == "amount"
    assert rest.amount == 300
    assert refunded.value.code == "charge_already_refunded"
    assert client.v1.charges.retrieve(paid.latest_charge).refunded is True


def test_unpaid_intent_has_nothing_to_refund(client, intent):
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent})


def test_failed_refund_gives_the_charge_back(stripe_fake, client, paid):
    refund = client.v1.refunds.create({"payment_intent": paid.id, "metadata": {"refund": "r-1"}})

    stripe_fake.fail_refund(refund.id)

    found = client.v1.refunds.retrieve(refund.id)
    assert (found.status, found.failure_reason) == ("failed", "lost_or_stolen_card")
    assert client.v1.charges.retrieve(paid.latest_charge).amount_refunded == 0
    assert [event["type"] for event in stripe_fake.events() if "refund" in event["type"]] == [
        "refund.created",
        "charge.refunded",
        "refund.updated",
        "refund.failed",
    ]


def test_pending_refund_arrives_later(stripe_fake, client, paid):
    stripe_fake.refunds_become("pending")
    refund = client.v1.refunds.create({"payment_intent": paid.id})

    assert refund.status == "pending"
    assert stripe_fake.finish_refund(refund.id)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("outcome", "moved"),
    [("won", ["funds_withdrawn", "funds_reinstated"]), ("lost", ["funds_withdrawn"])],
)
def test_dispute_takes_the_money_and_winning_brings_it_back(stripe_fake, client, paid, outcome, moved):
    dispute = stripe_fake.dispute(paid.id)
    stripe_fake.close_dispute(dispute["id"], outcome)

    found = client.v1.disputes.retrieve(dispute["id"], {"expand": ["charge"]})
    told = [event["type"].rpartition(".")[2] for event in stripe_fake.events() if ".dispute." in event["type"]]
    assert (found.status, found.charge.disputed) == (outcome, True)
    assert [word for word in told if word.startswith("funds")] == moved
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": paid.id})
    assert refused.value.code == "charge_disputed"


def test_inquiry_takes_no_money(stripe_fake, client, paid):
    stripe_fake.dispute(paid.latest_charge, status="warning_needs_response", reason="general")

    [dispute] = client.v1.disputes.list({"payment_intent": paid.id}).data
    assert dispute.balance_transactions == []


def test_card_is_replaced_by_its_bank(stripe_fake, client, customer):
    card = stripe_fake.keep_card(customer)

    stripe_fake.update_card(card["id"], exp_year=2039, last4="9999")

    assert client.v1.payment_methods.retrieve(card["id"]).card.exp_year == 2039
    [event] = stripe_fake.events("payment_method.automatically_updated")
    assert event["data"]["previous_attributes"] == {"card": {"exp_year": 2034, "last4": "4242"}}


def test_card_is_detached_from_outside(stripe_fake, client, customer):
    card = stripe_fake.keep_card(customer)

    stripe_fake.detach_card(card["id"])

    assert client.v1.payment_methods.retrieve(card["id"]).customer is None
    assert len(stripe_fake.events("payment_method.detached")) == 1
