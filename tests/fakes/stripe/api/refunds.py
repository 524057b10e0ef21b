from tests.fakes.stripe.api.charges import book
from tests.fakes.stripe.lists import filtered, page
from tests.fakes.stripe.problems import exclusive, invalid, missing
from tests.fakes.stripe.routes import answers


@answers("POST", "/v1/refunds")
def create(account, params):
    charge = charge_of(account, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    check(charge, amount, left)
    refund = account.make(
        "refund",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        customer=charge["customer"],
        metadata=params.get("metadata") or {},
        payment_intent=charge["payment_intent"],
        payment_method=charge["payment_method"],
        reason=params.get("reason"),
        status=account.refund_status,
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    refund["balance_transaction"] = book(account, refund["id"], "refund", -amount, charge["currency"])["id"]
    account.emit("refund.created", refund)
    account.emit("charge.refunded", charge)
    return refund


def charge_of(account, params):
    if "charge" in params and "payment_intent" in params:
        raise exclusive("charge", "payment_intent")
    if "charge" in params:
        return account.get("charge", params["charge"], param="charge")
    if "payment_intent" not in params:
        raise missing("payment_intent")
    intent = account.get("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        message = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise invalid(message, param="payment_intent", code="payment_intent_unexpected_state")
    return account.tables["charge"][intent["latest_charge"]]


def check(charge, amount, left):
    if charge["status"] != "succeeded":
        raise invalid(f"Charge {charge['id']} has not succeeded and cannot be refunded.", param="charge")
    if charge["disputed"]:
        raise invalid(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount < 1:
        raise invalid("Invalid positive integer", param="amount", code="parameter_invalid_integer")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise invalid(message, param="amount", code="amount_too_large")


@answers("GET", "/v1/refunds/{refund}")
def retrieve(account, params, refund):
    return account.get("refund", refund, status=404)


@answers("GET", "/v1/refunds")
def list_refunds(account, params):
    return page(account, filtered(account.all("refund"), params, "charge", "payment_intent"), params, url="/v1/refunds")


def fail(account, refund, reason):
    """Let the bank send the money back: the refund failed, and the charge is unrefunded by as much."""
    if refund["status"] in {"failed", "canceled"}:
        raise invalid(f"Refund {refund['id']} is {refund['status']} already.")
    refund |= {"status": "failed", "failure_reason": reason}
    charge = account.tables["charge"][refund["charge"]]
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    back = book(account, refund["id"], "refund_failure", refund["amount"], refund["currency"])
    refund["failure_balance_transaction"] = back["id"]
    account.emit("refund.updated", refund, {"status": "succeeded"})
    account.emit("refund.failed", refund)
    return refund


def succeed(account, refund):
    """Let a pending refund arrive."""
    if refund["status"] != "pending":
        raise invalid(f"Refund {refund['id']} is {refund['status']}, not pending.")
    refund["status"] = "succeeded"
    account.emit("refund.updated", refund, {"status": "pending"})
    return refund
