"""Everything somebody bought, as a sheet."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from billing.models import Charge, Invoice, Order, Refund
from plans.terms import PlanTerms
from portal.lib.money import Money

CHUNK = 500


def sheet_of(user: User) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet, its head first: the orders of a person, the latest first; times on their clock."""
    yield (
        _("Time"),
        _("Number"),
        _("Kind"),
        _("Plan"),
        _("Line"),
        _("State"),
        _("Currency"),
        _("Amount"),
        _("From the balance"),
        _("Given back"),
        _("Paid with"),
        _("Receipt"),
    )
    for order in _orders(user).iterator(chunk_size=CHUNK):
        yield _row(order)


def _orders(user: User) -> Any:
    paid = Charge.objects.filter(state=Charge.State.SUCCEEDED).select_related("method")
    receipts = Invoice.objects.filter(corrects=None)
    given_back = Refund.objects.filter(state=Refund.State.SUCCEEDED)
    rows = Order.objects.owned_by(user).select_related("line").order_by("-created_at", "-pk")
    return rows.prefetch_related(
        Prefetch("charges", paid, to_attr="paid_by"),
        Prefetch("invoices", receipts, to_attr="receipts"),
        Prefetch("refunds", given_back, to_attr="given_back"),
    )


def _row(order: Any) -> Sequence[Any]:
    back = sum((refund.amount for refund in order.given_back), 0)
    return (
        f"{timezone.localtime(order.created_at):%Y-%m-%d %H:%M:%S}",
        order.public_id,
        order.get_kind_display(),
        PlanTerms.from_json(order.plan_terms).label if order.plan_terms else "",
        str(order.line or ""),
        order.standing,
        order.currency,
        order.total.decimal,
        order.wallet_part.decimal,
        Money(back, order.currency).decimal,
        ", ".join(str(charge.method or charge.paid_with) for charge in order.paid_by),
        ", ".join(receipt.number for receipt in order.receipts),
    )
