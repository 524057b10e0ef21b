"""The fake of Stripe: the pages it shows a payer."""

import http.client
import re
from urllib.parse import urlencode, urlsplit

import pytest

from tests.contracts.stripe_calls import session, setup_session, unconfirmed


def browse(url, **fields):
    """Return status, text and Location of a page: asked for, or its form sent when there are fields."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    connection.request("POST" if fields else "GET", parts.path, urlencode(fields) if fields else None)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text, answer.headers["Location"]


def test_hosted_page_has_a_label_for_each_field_and_no_script(client):
    url = client.v1.checkout.sessions.create(
        session(saved_payment_method_options={"payment_method_save": "enabled"})
    ).url

    status, text, _ = browse(url)

    assert status == 200
    assert "9.00 USD" in text
    assert "<script" not in text
    assert re.findall(r'<label for="(\w+)"', text) == ["method", "outcome"]
    assert re.findall(r'<option value="(\w+)">[^<]*</option>', text)[:4] == ["card", "alipay", "wechat_pay", "paypal"]
    assert "Save my card" in text


@pytest.mark.parametrize("method", ["card", "alipay", "wechat_pay", "paypal"])
def test_payer_pays_on_the_hosted_page(stripe_fake, client, method):
    made = client.v1.checkout.sessions.create(session())

    status, _, location = browse(made.url, method=method, outcome="paid", do="pay")

    assert (status, location) == (303, f"http://shop.test/thanks?session={made.id}")
    assert client.v1.checkout.sessions.retrieve(made.id).payment_status == "paid"
    assert browse(made.url)[0] == 410


@pytest.mark.parametrize(
    ("outcome", "status"), [("paid_later", "succeeded"), ("failed_later", "requires_payment_method")]
)
def test_payment_that_ends_later_comes_back_unpaid(stripe_fake, client, outcome, status):
    made = client.v1.checkout.sessions.create(session())

    assert browse(made.url, method="alipay", outcome=outcome, do="pay")[0] == 303

    found = client.v1.checkout.sessions.retrieve(made.id)
    assert (found.status, found.payment_status) == ("complete", "unpaid")
    assert stripe_fake.finish(found.payment_intent)["status"] == status


def test_payer_is_told_of_a_decline_and_may_try_again(stripe_fake, client):
    made = client.v1.checkout.sessions.create(session())

    status, text, _ = browse(made.url, method="card", outcome="insufficient_funds", do="pay")

    assert status == 402
    assert "Your card has insufficient funds." in text
    assert browse(made.url, method="card", outcome="paid", do="pay")[0] == 303


@pytest.mark.parametrize(("button", "status"), [("prove", 303), ("fail", 402)])
def test_bank_asks_the_payer_on_the_hosted_page(stripe_fake, client, button, status):
    made = client.v1.checkout.sessions.create(session())

    asked, text, _ = browse(made.url, method="card", outcome="authentication_required", do="pay")

    assert asked == 200
    assert "Your bank asks who you are" in text
    assert stripe_fake.money_taken() == []
    assert browse(made.url, method="card", do=button)[0] == status


def test_payer_goes_back_to_the_shop(stripe_fake, client):
    made = client.v1.checkout.sessions.create(session())

    assert browse(made.url, do="cancel")[2] == "http://shop.test/basket"
    assert client.v1.checkout.sessions.retrieve(made.id).status == "open"


def test_payer_keeps_a_card_on_the_hosted_page(client, customer):
    made = client.v1.checkout.sessions.create(setup_session(customer))

    assert browse(made.url, method="card", outcome="paid", do="pay")[2] == f"http://shop.test/kept?session={made.id}"
    assert len(client.v1.payment_methods.list({"customer": customer}).data) == 1


@pytest.mark.parametrize(("button", "told", "taken"), [("prove", "succeeded", 1), ("fail", "failed", 0)])
def test_payer_follows_the_redirect_of_an_intent(stripe_fake, client, customer, button, told, taken):
    card = stripe_fake.keep_card(customer, outcome="authentication_required")
    intent = client.v1.payment_intents.create(unconfirmed(customer)).id
    asked = client.v1.payment_intents.confirm(
        intent, {"payment_method": card["id"], "return_url": "http://shop.test/back?order=1"}
    )

    assert browse(asked.next_action.redirect_to_url.url)[0] == 200
    _, _, location = browse(asked.next_action.redirect_to_url.url, do=button)

    assert location.startswith(f"http://shop.test/back?order=1&payment_intent={intent}&")
    assert location.endswith(f"redirect_status={told}")
    assert len(stripe_fake.money_taken()) == taken
