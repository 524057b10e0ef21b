"""Parameters that the tests of the Stripe fake send."""

LINE = {"quantity": 1, "price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "5 GB"}}}
NEVER_REDIRECTS = {"enabled": True, "allow_redirects": "never"}


def unconfirmed(customer, /, **more):
    """Return an intent of 5.00 US dollars for the customer's next renewal."""
    plain = {"amount": 500, "currency": "usd", "customer": customer, "automatic_payment_methods": NEVER_REDIRECTS}
    return plain | {"metadata": {"order": "o-1"}} | more


def off_session(card, **more):
    options = {"card": {"stored_credential_usage": "recurring"}}
    return {"payment_method": card["id"], "off_session": True, "payment_method_options": options, **more}


def session(**more):
    """Return a hosted page for 9.00 US dollars."""
    plain = {
        "mode": "payment",
        "success_url": "http://shop.test/thanks?session={CHECKOUT_SESSION_ID}",
        "line_items": [LINE],
    }
    return {**plain, "cancel_url": "http://shop.test/basket", **more}


def setup_session(customer, /, **more):
    success_url = "http://shop.test/kept?session={CHECKOUT_SESSION_ID}"
    return {"mode": "setup", "currency": "usd", "customer": customer, "success_url": success_url, **more}
