from tests.fakes.stripe.lists import filtered, page
from tests.fakes.stripe.routes import answers

SELLER_SAYS = {"authorized": "Payment complete.", "issuer_declined": "The bank did not return any further details."}


@answers("GET", "/v1/charges/{charge}")
def retrieve(account, params, charge):
    return account.get("charge", charge, status=404)


@answers("GET", "/v1/charges")
def list_charges(account, params):
    return page(
        account, filtered(account.all("charge"), params, "customer", "payment_intent"), params, url="/v1/charges"
    )


@answers("GET", "/v1/balance_transactions/{id}")
def retrieve_transaction(account, params, transaction):
    return account.get("balance_transaction", transaction, status=404)


def record(account, intent, method, outcome=None):
    """Return the charge of an attempt: succeeded, pending while the bank takes its time, or failed with `outcome`."""
    failed = outcome is not None and outcome.code is not None
    pending = outcome is not None and outcome.state == "processing"
    charge = account.make(
        "charge",
        amount=intent["amount"],
        amount_captured=0 if failed else intent["amount"],
        captured=not failed,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        failure_code=outcome.code if failed else None,
        failure_message=outcome.message if failed else None,
        metadata=dict(intent["metadata"]),
        outcome=outcome_of(outcome if failed else None),
        paid=not failed,
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=details_of(method, intent["amount"]),
        receipt_email=intent["receipt_email"],
        statement_descriptor=intent["statement_descriptor"],
        statement_descriptor_suffix=intent["statement_descriptor_suffix"],
        status="failed" if failed else "pending" if pending else "succeeded",
        fraud_details={},
    )
    intent["latest_charge"] = charge["id"]
    if not failed and not pending:
        charge["balance_transaction"] = book(account, charge["id"], "charge", charge["amount"], charge["currency"])[
            "id"
        ]
    account.emit(f"charge.{charge['status']}", charge)
    return charge


def outcome_of(outcome):
    status = "declined_by_network" if outcome else "approved_by_network"
    return {
        "advice_code": outcome.advice_code if outcome else None,
        "network_advice_code": outcome.network_advice_code if outcome else None,
        "network_decline_code": outcome.network_decline_code if outcome else None,
        "network_status": status,
        "reason": outcome.decline_code if outcome else None,
        "risk_level": "normal",
        "seller_message": SELLER_SAYS["issuer_declined" if outcome else "authorized"],
        "type": "issuer_declined" if outcome else "authorized",
    }


def details_of(method, amount):
    if method["type"] != "card":
        return {"type": method["type"], method["type"]: OTHER_DETAILS.get(method["type"], {})}
    card = method["card"]
    kept = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "regulated_status",
        "wallet",
    )
    details = {name: card[name] for name in kept}
    details |= {"amount_authorized": amount, "network": card["brand"], "three_d_secure": None}
    return {"type": "card", "card": details}


OTHER_DETAILS = {
    "alipay": {"buyer_id": "2088000000000000", "fingerprint": None, "transaction_id": None},
    "paypal": {
        "country": "DE",
        "payer_email": "payer@example.com",
        "payer_id": "PAYERID",
        "payer_name": None,
        "transaction_id": None,
    },
    "wechat_pay": {"fingerprint": None, "location": None, "reader": None, "transaction_id": None},
}


def book(account, source, kind, amount, currency):
    """Return the balance transaction of money that came (positive) or went; Stripe keeps 3 % of what comes."""
    fee = amount * 3 // 100 if amount > 0 and kind == "charge" else 0
    fees = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return account.make(
        "balance_transaction",
        amount=amount,
        available_on=account.now(),
        balance_type="payments",
        currency=currency,
        fee=fee,
        fee_details=fees if fee else [],
        net=amount - fee,
        reporting_category=kind,
        source=source,
        status="available",
        type=kind,
    )
