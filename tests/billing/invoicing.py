"""Short ways to delivered orders and their invoices for tests."""

from billing.invoices import issue
from billing.models import Charge, Order, Refund
from plans.terms import PlanTerms
from tests import make
from tests.billing.books import NOW


def delivered_order(owner, /, *, amount=1490, currency="USD", wallet_amount=0, paid_with="card", method=None, **fields):
    """Make a delivered order; what the balance did not pay, one charge did."""
    if fields.get("kind") not in Order.Kind.BY_PAYING:
        plan = fields.setdefault("plan", None) or make.make_plan()
        fields |= {"plan": plan, "plan_terms": PlanTerms.of(plan).to_json()}
    order = make.make_order(
        owner=owner,
        amount=amount,
        currency=currency,
        wallet_amount=wallet_amount,
        state=Order.State.FULFILLED,
        paid_at=NOW,
        confirmed_at=NOW,
        **fields,
    )
    if amount > wallet_amount:
        Charge.objects.create(
            order=order,
            gateway="sandbox",
            gateway_payment_id=f"pay_{order.public_id}",
            currency=currency,
            amount=amount - wallet_amount,
            paid_with=paid_with,
            method=method,
            state=Charge.State.SUCCEEDED,
            settled_at=NOW,
        )
    return order


def top_up(owner, /, **fields):
    """Make a balance top-up that was paid."""
    return delivered_order(owner, kind=Order.Kind.CREDIT, **fields)


def invoice_of(order, /, *, now=NOW):
    return issue(order_id=order.pk, now=now)


def given_back(order, /, *, amount, charge=True, **fields):
    """Make a refund of an order that has arrived."""
    paid_by = order.charges.get() if charge else None
    fields.setdefault("goes_to", "payer" if charge else "balance")
    return Refund.objects.create(
        order=order,
        charge=paid_by,
        currency=order.currency,
        amount=amount,
        reason=Refund.Reason.GOODWILL,
        state=Refund.State.SUCCEEDED,
        gateway_refund_id=f"re_{order.public_id}_{amount}" if fields["goes_to"] == "payer" else None,
        settled_at=NOW,
        **fields,
    )
