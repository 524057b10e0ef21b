import secrets

from tests.fakes.stripe import banks
from tests.fakes.stripe.lists import page
from tests.fakes.stripe.problems import declined, invalid, missing
from tests.fakes.stripe.routes import answers

CHECKS = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
NETWORKS = {"available": ["visa"], "preferred": None}


def make_card(
    account,
    *,
    customer=None,
    brand="visa",
    last4="4242",
    exp_month=12,
    exp_year=2034,
    outcome="paid",
    redisplay="unspecified",
):
    """Return a kept card; `outcome` is a word of banks.OUTCOMES or a list of them, one a charge."""
    card = {
        "brand": brand,
        "checks": dict(CHECKS),
        "country": "US",
        "display_brand": brand,
        "exp_month": exp_month,
        "exp_year": exp_year,
        "fingerprint": secrets.token_hex(8),
        "funding": "credit",
        "last4": last4,
        "networks": {**NETWORKS, "available": [brand]},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    made = account.make(
        "payment_method", type="card", card=card, metadata={}, allow_redisplay=redisplay, customer=customer
    )
    account.cards[made["id"]] = [outcome] if isinstance(outcome, str) else list(outcome)
    return made


def make_other(account, method, *, customer=None):
    """Return a payment method that is no card: Alipay, WeChat Pay or PayPal."""
    details = {"paypal": {"country": "DE", "payer_email": "payer@example.com", "payer_id": "PAYERID"}}.get(method, {})
    return account.make(
        "payment_method",
        type=method,
        metadata={},
        allow_redisplay="unspecified",
        customer=customer,
        **{method: details},
    )


def find(account, payment_method, *, param="id", status=400):
    """Return a payment method, made on the spot when it is one of Stripe's test cards."""
    card = banks.TEST_CARDS.get(payment_method)
    if card is None or account.asker.livemode:
        return account.get("payment_method", payment_method, param=param, status=status)
    return make_card(account, brand=card.brand, last4=card.last4, outcome=card.outcome)


def attach_to(account, payment_method, customer):
    payment_method["customer"] = customer
    account.emit("payment_method.attached", payment_method)


@answers("GET", "/v1/payment_methods/{payment_method}")
def retrieve(account, params, payment_method):
    return find(account, payment_method, status=404)


@answers("GET", "/v1/payment_methods")
def list_methods(account, params):
    methods = [one for one in account.all("payment_method") if one["customer"]]
    for name in ("customer", "type", "allow_redisplay"):
        if name in params:
            methods = [one for one in methods if one[name] == params[name]]
    return page(account, methods, params, url="/v1/payment_methods")


@answers("POST", "/v1/payment_methods/{payment_method}/attach")
def attach(account, params, payment_method):
    if "customer" not in params:
        raise missing("customer")
    customer = account.get("customer", params["customer"], param="customer")
    card = banks.TEST_CARDS.get(payment_method)
    if card and not card.attaches:
        raise declined(banks.OUTCOMES[card.outcome])
    found = find(account, payment_method, status=404)
    if found["customer"]:
        raise invalid(
            "The payment method you provided has already been attached to a customer.", param="payment_method"
        )
    attach_to(account, found, customer["id"])
    return found


@answers("POST", "/v1/payment_methods/{payment_method}/detach")
def detach(account, params, payment_method):
    found = account.get("payment_method", payment_method, status=404)
    if not found["customer"]:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise invalid(message, param="payment_method")
    previous = {"customer": found["customer"]}
    found["customer"] = None
    account.cards.pop(found["id"], None)
    account.emit("payment_method.detached", found, previous)
    return found
