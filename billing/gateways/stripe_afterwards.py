"""What happens to money at Stripe after it was taken: refunds, disputes, and the list of all of it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from billing.gateways.base import (
    DisputeReport,
    DisputeState,
    Movement,
    OutcomeUnknown,
    RefundRequest,
    RefundResult,
    RefundState,
)
from billing.gateways.stripe_client import KeyTaken, StripeApi, StripeData
from billing.gateways.stripe_customers import id_of
from billing.gateways.stripe_money import money_of

BATCH = 100
REFUND_STATES = {
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "succeeded": RefundState.SUCCEEDED,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
DISPUTE_STATES = {
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    # An inquiry that came to nothing, and one that was settled before it became a dispute.
    "warning_closed": DisputeState.WON,
    "prevented": DisputeState.WON,
}


def refund(api: StripeApi, request: RefundRequest) -> RefundResult:
    """Give money back once for a key, however long ago Stripe forgot the key; raises GatewayRefused."""
    known = look_up_refund(api, refund_id="", key=request.key, transaction_id=request.transaction_id)
    if known is not None:
        return known
    try:
        made = api.ask(
            lambda stripe: stripe.v1.refunds.create(
                {
                    "payment_intent": request.transaction_id,
                    "amount": request.money.minor,
                    "metadata": {"refund": request.key},
                },
                {"idempotency_key": request.key},
            )
        )
    except KeyTaken as taken:
        raise OutcomeUnknown(f"Refund {request.key} was asked for before with other wishes") from taken
    return refund_result(made)


def look_up_refund(api: StripeApi, *, refund_id: str, key: str, transaction_id: str) -> RefundResult | None:
    """Tell where a refund stands, by its id or, without one, by our key among those of the payment."""
    if refund_id:
        found = api.find(lambda stripe: stripe.v1.refunds.retrieve(refund_id))
    else:
        refunds = api.walk(lambda stripe: stripe.v1.refunds.list({"payment_intent": transaction_id, "limit": BATCH}))
        found = next((one for one in refunds if _key_of(one, "refund") == key), None)
    return refund_result(found) if found else None


def refund_result(refund: StripeData) -> RefundResult:
    return RefundResult(
        state=REFUND_STATES[refund["status"]],
        refund_id=refund["id"],
        transaction_id=id_of(refund["payment_intent"]),
        money=money_of(refund["amount"], refund["currency"]),
        key=_key_of(refund, "refund"),
        reason=refund.get("failure_reason") or "",
    )


def look_up_dispute(api: StripeApi, dispute_id: str) -> DisputeReport | None:
    """Tell where a dispute stands; None where Stripe doesn't know it."""
    dispute = api.find(lambda stripe: stripe.v1.disputes.retrieve(dispute_id))
    if dispute is None:
        return None
    due_by = dispute["evidence_details"].get("due_by")
    return DisputeReport(
        dispute_id=dispute["id"],
        transaction_id=id_of(dispute["payment_intent"]),
        money=money_of(dispute["amount"], dispute["currency"]),
        state=DISPUTE_STATES.get(dispute["status"], DisputeState.OPEN),
        # Taken by the bank, and given back to us if it was: the sum says who has it now.
        withdrawn=sum(moved["amount"] for moved in dispute["balance_transactions"]) < 0,
        reason=dispute["reason"],
        respond_by=datetime.fromtimestamp(due_by, UTC) if due_by else None,
    )


def movements(api: StripeApi, *, since: datetime, until: datetime) -> Iterator[Movement]:
    """Yield the payments taken and the refunds given in that time, its end excluded."""
    begin, end = int(since.timestamp()), int(until.timestamp())
    charges = api.walk(lambda stripe: stripe.v1.charges.list({"created": {"gte": begin, "lt": end}, "limit": BATCH}))
    yield from (_movement(charge, key="charge") for charge in charges if charge["status"] == "succeeded")
    refunds = api.walk(lambda stripe: stripe.v1.refunds.list({"created": {"gte": begin, "lt": end}, "limit": BATCH}))
    for one in refunds:
        if REFUND_STATES[one["status"]] != RefundState.FAILED:
            yield _movement(one, key="refund")


def _movement(one: StripeData, *, key: str) -> Movement:
    is_refund = key == "refund"
    return Movement(
        # What our rows call the money: a charge has an id of its own, beside its payment's.
        id=one["id"] if is_refund else id_of(one.get("payment_intent")) or one["id"],
        money=money_of(one["amount"], one["currency"]),
        at=datetime.fromtimestamp(one["created"], UTC),
        key=_key_of(one, key),
        is_refund=is_refund,
    )


def _key_of(one: StripeData, name: str) -> str:
    return str((one.get("metadata") or {}).get(name, ""))
