from tests.fakes.stripe.api.charges import book
from tests.fakes.stripe.lists import filtered, page
from tests.fakes.stripe.problems import invalid
from tests.fakes.stripe.routes import answers

ELIGIBILITY = {"enhanced_eligibility": {}, "has_evidence": False, "past_due": False, "submission_count": 0}
WEEK = 7 * 24 * 3600


@answers("GET", "/v1/disputes/{dispute}")
def retrieve(account, params, dispute):
    return account.get("dispute", dispute, status=404)


@answers("GET", "/v1/disputes")
def list_disputes(account, params):
    return page(
        account, filtered(account.all("dispute"), params, "charge", "payment_intent"), params, url="/v1/disputes"
    )


def begin(account, charge, *, amount, reason, status):
    """Let the payer's bank take the money back; an inquiry (`warning_…`) takes none yet."""
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise invalid(f"Charge {charge['id']} cannot be disputed.")
    inquiry = status.startswith("warning_")
    dispute = account.make(
        "dispute",
        amount=amount or charge["amount"],
        charge=charge["id"],
        currency=charge["currency"],
        evidence_details={**ELIGIBILITY, "due_by": account.now() + WEEK},
        is_charge_refundable=inquiry,
        metadata={},
        payment_intent=charge["payment_intent"],
        reason=reason,
        status=status,
    )
    charge["disputed"] = not inquiry
    account.emit("charge.dispute.created", dispute)
    if not inquiry:
        move_funds(account, dispute, -dispute["amount"], "charge.dispute.funds_withdrawn")
    return dispute


def close(account, dispute, outcome):
    """End a dispute: won (the money comes back), lost, or warning_closed."""
    if dispute["status"] in {"won", "lost", "warning_closed"}:
        raise invalid(f"Dispute {dispute['id']} is {dispute['status']} already.")
    previous = {"status": dispute["status"]}
    dispute["status"] = outcome
    account.emit("charge.dispute.closed", dispute, previous)
    if outcome == "won" and dispute["balance_transactions"]:
        move_funds(account, dispute, dispute["amount"], "charge.dispute.funds_reinstated")
    return dispute


def move_funds(account, dispute, amount, event_type):
    dispute["balance_transactions"].append(book(account, dispute["id"], "adjustment", amount, dispute["currency"]))
    account.emit(event_type, dispute)
