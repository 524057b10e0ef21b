"""The fake of Stripe, as the real SDK sees it: requests, answers, keys and lists."""

import threading
from datetime import timedelta

import pytest
import stripe

from tests.contracts.stripe_calls import LINE, NEVER_REDIRECTS, off_session, session, setup_session, unconfirmed
from tests.fakes.stripe.account import LIVE_KEY
from tests.fakes.stripe.openapi import WrongAnswer, document


def refusal(call, *arguments):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        call(*arguments)
    return refused.value


def test_fake_speaks_the_version_the_library_is_pinned_to(client, customer):
    assert client.v1.customers.retrieve(customer).last_response.headers["Stripe-Version"] == stripe.api_version


def test_another_version_is_refused(stripe_fake):
    older = stripe_fake.client(stripe_version="2026-05-27.dahlia")

    assert "Invalid Stripe API version" in str(refusal(older.v1.customers.create))


def test_unknown_key_is_refused(stripe_fake):
    with pytest.raises(stripe.AuthenticationError):
        stripe_fake.client("sk_test_somebody_else").v1.customers.create()


def test_objects_of_the_other_mode_are_not_found(stripe_fake, customer):
    live = stripe_fake.client(LIVE_KEY)

    refused = refusal(live.v1.customers.retrieve, customer)

    assert refused.http_status == 404
    assert "test mode" in str(refused)
    assert live.v1.customers.create().livemode is True


@pytest.mark.parametrize(
    ("more", "code", "param"),
    [
        ({"payment_method_types": ["card"]}, "payment_method_types_no_longer_supported", "payment_method_types"),
        ({"amuont": 500}, "parameter_unknown", "amuont"),
        ({"payment_method_options": {"card": {"stored_usage": "recurring"}}}, "parameter_unknown", None),
        ({"amount": "5.00"}, "parameter_invalid_integer", "amount"),
        ({"amount": 49}, "amount_too_small", "amount"),
        ({"amount": 49, "currency": "jpy"}, "amount_too_small", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"currency": "xyz"}, None, "currency"),
        ({"customer": "cus_unknown"}, "resource_missing", "customer"),
        ({"off_session": True}, None, "off_session"),
        ({"return_url": "http://shop.test/"}, None, "return_url"),
        ({"allowed_payment_method_types": ["card"]}, None, "allowed_payment_method_types"),
        ({"setup_future_usage": "for_ever"}, None, "setup_future_usage"),
        ({"metadata": {"k" * 41: "v"}}, None, None),
        ({"statement_descriptor_suffix": "5*GB"}, "parameter_invalid_string", "statement_descriptor_suffix"),
        ({"statement_descriptor_suffix": "2026"}, "parameter_invalid_string", "statement_descriptor_suffix"),
        ({"capture_method": "manual"}, "parameter_unknown", "capture_method"),
    ],
)
def test_intent_with_a_mistake_is_refused(client, customer, more, code, param):
    refused = refusal(client.v1.payment_intents.create, unconfirmed(customer, **more))

    assert refused.http_status == 400
    assert refused.code == code
    assert param is None or refused.param == param


@pytest.mark.parametrize("missing", ["amount", "currency"])
def test_intent_without_what_it_needs_is_refused(client, customer, missing):
    params = unconfirmed(customer)
    del params[missing]

    assert refusal(client.v1.payment_intents.create, params).code == "parameter_missing"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"line_items": []}, "line_items"),
        ({"line_items": [{**LINE, "quantity": ""}]}, "line_items[0][quantity]"),
        ({"line_items": [{"quantity": 1, "price": "price_1"}]}, "line_items[0][price]"),
        ({"customer": "cus_unknown"}, "customer"),
        ({"customer_email": "a@example.com", "customer": "{customer}"}, "customer"),
        ({"setup_intent_data": {"description": "a card"}}, "setup_intent_data"),
        ({"expires_at": timedelta(minutes=28)}, "expires_at"),
        ({"expires_at": timedelta(hours=25)}, "expires_at"),
        ({"mode": "setup", "line_items": ""}, "line_items"),
        ({"payment_intent_data": {"statement_descriptor": "ESIM"}}, "payment_intent_data[statement_descriptor]"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
        (
            {"allowed_payment_method_types": ["card"], "excluded_payment_method_types": ["paypal"]},
            "allowed_payment_method_types",
        ),
    ],
)
def test_session_with_a_mistake_is_refused(stripe_fake, client, customer, more, param):
    if isinstance(more.get("expires_at"), timedelta):
        more = {"expires_at": stripe_fake.now() + int(more["expires_at"].total_seconds())}
    if more.get("customer") == "{customer}":
        more = {**more, "customer": customer}

    assert refusal(client.v1.checkout.sessions.create, session(**more)).param == param


def test_setup_session_without_currency_or_methods_is_refused(client, customer):
    params = setup_session(customer)
    del params["currency"]

    assert refusal(client.v1.checkout.sessions.create, params).param == "currency"


@pytest.mark.slow
def test_answer_that_stripe_would_not_give_is_caught(client, customer):
    answer = client.v1.customers.retrieve(customer).to_dict()

    document().check(answer)
    for wrong in ({"nickname": "Ada"}, {"livemode": "no"}, {"email": 7}):
        with pytest.raises(WrongAnswer):
            document().check({**answer, **wrong})


def test_same_key_gives_the_same_answer_and_does_nothing_more(stripe_fake, client, customer):
    card = stripe_fake.keep_card(customer)
    intent = client.v1.payment_intents.create(unconfirmed(customer)).id

    first = client.v1.payment_intents.confirm(intent, off_session(card), {"idempotency_key": "one"})
    again = client.v1.payment_intents.confirm(intent, off_session(card), {"idempotency_key": "one"})
    refused = refusal(client.v1.payment_intents.confirm, intent, off_session(card), {"idempotency_key": "two"})

    assert again.latest_charge == first.latest_charge
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert refused.code == "payment_intent_unexpected_state"
    assert [taken["amount"] for taken in stripe_fake.money_taken()] == [500]


def test_same_key_with_other_parameters_is_refused(client, customer):
    client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": "one"})

    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.create(unconfirmed(customer, amount=600), {"idempotency_key": "one"})


def test_decline_is_kept_under_its_key(stripe_fake, client, customer):
    card = stripe_fake.keep_card(customer, outcome=["insufficient_funds", "paid"])
    intent = client.v1.payment_intents.create(unconfirmed(customer)).id

    for _ in range(2):
        with pytest.raises(stripe.CardError):
            client.v1.payment_intents.confirm(intent, off_session(card), {"idempotency_key": "first"})
    paid = client.v1.payment_intents.confirm(intent, off_session(card), {"idempotency_key": "second"})

    assert paid.status == "succeeded"
    assert len(stripe_fake.objects("charge")) == 2


def test_refused_parameters_are_not_kept_under_the_key(client, customer):
    refusal(client.v1.payment_intents.create, unconfirmed(customer, amount="many"), {"idempotency_key": "one"})

    assert client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": "one"}).amount == 500


@pytest.mark.parametrize("forgetting", ["after a day", "at once"])
def test_forgotten_key_does_the_work_again(stripe_fake, client, customer, forgetting):
    first = client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": "one"})
    if forgetting == "at once":
        stripe_fake.forget_keys()
    else:
        stripe_fake.advance(timedelta(hours=25))
    second = client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": "one"})

    assert first.id != second.id


@pytest.mark.slow
def test_key_in_use_is_a_conflict(stripe_fake, client, customer):
    stripe_fake.fault("hang", "POST /v1/payment_intents", count=1, seconds=0.5)
    slow = threading.Thread(
        target=client.v1.payment_intents.create, args=(unconfirmed(customer), {"idempotency_key": "one"})
    )
    slow.start()
    while not stripe_fake.calls().get("POST /v1/payment_intents"):
        pass
    with pytest.raises(stripe.APIError) as conflict:
        client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": "one"})
    slow.join()

    assert conflict.value.http_status == 409
    assert conflict.value.error.code == "idempotency_key_in_use"
    assert len(stripe_fake.objects("payment_intent")) == 1


def test_lists_page_through_everything_newest_first(client, customer):
    made = [client.v1.payment_intents.create(unconfirmed(customer, amount=100 + n)).id for n in range(7)]
    client.v1.payment_intents.create({"amount": 500, "currency": "usd", "automatic_payment_methods": NEVER_REDIRECTS})

    page = client.v1.payment_intents.list({"customer": customer, "limit": 3})
    everything = [intent.id for intent in page.auto_paging_iter()]

    assert page.has_more
    assert everything == made[::-1]


def test_events_since_the_last_one_seen_come_oldest_first(stripe_fake, client, customer):
    [seen] = [event["id"] for event in stripe_fake.events("customer.created")]
    made = [client.v1.payment_intents.create(unconfirmed(customer)).id for _ in range(5)]

    page = client.v1.events.list({"types": ["payment_intent.*"], "ending_before": seen, "limit": 2})

    assert [event.data.object.id for event in page.auto_paging_iter()] == made


def test_lists_are_filtered_by_creation(stripe_fake, client, customer):
    before = client.v1.payment_intents.create(unconfirmed(customer))
    stripe_fake.advance(timedelta(days=1))
    after = client.v1.payment_intents.create(unconfirmed(customer))

    found = client.v1.payment_intents.list({"created": {"gt": before.created, "lte": after.created}}).data

    assert [intent.id for intent in found] == [after.id]


def test_events_are_listed_for_thirty_days(stripe_fake, client, customer):
    stripe_fake.advance(timedelta(days=31))

    assert client.v1.events.list().data == []


def test_customers_are_found_by_mail_address(client, customer):
    client.v1.customers.create({"email": "sam@example.com"})

    assert [one.id for one in client.v1.customers.list({"email": "ada@example.com"}).data] == [customer]


def test_customers_change(client, customer):
    client.v1.customers.update(customer, {"name": "Ada Lin", "metadata": {"portal": "u-1", "old": "x"}})
    changed = client.v1.customers.update(customer, {"metadata": {"old": ""}})

    assert changed.name == "Ada Lin"
    assert changed.metadata.to_dict() == {"portal": "u-1"}


@pytest.mark.parametrize("limit", [0, 101])
def test_pages_hold_up_to_a_hundred(client, limit):
    assert refusal(client.v1.payment_intents.list, {"limit": limit}).param == "limit"


def test_only_what_can_be_expanded_is(client, customer):
    assert "cannot be expanded" in str(refusal(client.v1.customers.retrieve, customer, {"expand": ["default_source"]}))


def test_endpoint_tells_its_version_and_its_secret_once(stripe_fake, client):
    stripe_fake.webhook_endpoint("http://shop.test/old", api_version="2026-05-27.dahlia")
    made = client.v1.webhook_endpoints.create(
        {"url": "https://shop.test/hook", "enabled_events": ["charge.refunded"], "api_version": stripe.api_version}
    )

    listed = client.v1.webhook_endpoints.list().data

    assert made.secret.startswith("whsec_")
    assert [endpoint.api_version for endpoint in listed] == [stripe.api_version, "2026-05-27.dahlia"]
    assert "secret" not in listed[0].to_dict()
