"""The fake of Stripe, as the real SDK sees it."""

import pytest
import stripe

LINE = {"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "5 GB"}}}
UNCONFIRMED = {
    "amount": 500,
    "currency": "usd",
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}


@pytest.fixture
def client(stripe_fake):
    return stripe_fake.client()


@pytest.fixture
def customer(client):
    return client.v1.customers.create({"email": "ada@example.com"}).id


def renewal(card, **more):
    options = {"card": {"stored_credential_usage": "recurring"}}
    return {"payment_method": card["id"], "off_session": True, "payment_method_options": options, **more}


def test_fake_speaks_the_version_the_library_is_pinned_to(client, customer):
    assert client.v1.customers.retrieve(customer).last_response.headers["Stripe-Version"] == stripe.api_version


def test_confirm_takes_the_money_once(stripe_fake, client, customer):
    card = stripe_fake.keep_card(customer)
    intent = client.v1.payment_intents.create({**UNCONFIRMED, "customer": customer})

    confirmed = client.v1.payment_intents.confirm(intent.id, renewal(card), {"idempotency_key": "renewal-1"})
    client.v1.payment_intents.confirm(intent.id, renewal(card), {"idempotency_key": "renewal-1"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent.id, renewal(card), {"idempotency_key": "renewal-2"})

    assert confirmed.status == "succeeded"
    assert refused.value.code == "payment_intent_unexpected_state"
    assert [taken["amount"] for taken in stripe_fake.money_taken()] == [500]
