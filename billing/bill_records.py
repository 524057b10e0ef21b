"""Everything somebody bought, every attempt to pay, and every movement of the balance: sheets, latest first."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from billing import ledger
from billing.declines import explain
from billing.models import Charge, Invoice, Order, Refund
from billing.statement import movement_of
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


def payments_of(user: User) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet, its head first: every attempt to pay, with what the bank said to it."""
    yield (
        _("Time"),
        _("Number"),
        _("Order"),
        _("Plan"),
        _("Line"),
        _("State"),
        _("Currency"),
        _("Amount"),
        _("Paid with"),
        _("Problem"),
    )
    rows = Charge.objects.owned_by(user).select_related("order__line", "method").order_by("-created_at", "-pk")
    for charge in rows.iterator(chunk_size=CHUNK):
        declined = charge.state == Charge.State.DECLINED
        yield (
            _time(charge.created_at),
            charge.public_id,
            charge.order.public_id,
            charge.order.sold_label,
            str(charge.order.line or ""),
            charge.get_state_display(),
            charge.currency,
            charge.money.decimal,
            str(charge.method or charge.paid_with),
            str(explain(charge.decline_code).sentence) if declined else "",
        )


def movements_of(user: User) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet, its head first: what came into the balances, and what went out of them."""
    yield (_("Time"), _("What"), _("Order"), _("Currency"), _("Amount"))
    for entry in ledger.movements_of(user).iterator(chunk_size=CHUNK):
        one = movement_of(entry)
        order = one.order.public_id if one.order else ""
        yield (_time(one.at), str(one.what), order, one.money.currency, one.money.decimal)


def _time(when: datetime) -> str:
    return f"{timezone.localtime(when):%Y-%m-%d %H:%M:%S}"


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
        _time(order.created_at),
        order.public_id,
        order.get_kind_display(),
        order.sold_label,
        str(order.line or ""),
        order.standing,
        order.currency,
        order.total.decimal,
        order.wallet_part.decimal,
        Money(back, order.currency).decimal,
        ", ".join(str(charge.method or charge.paid_with) for charge in order.paid_by),
        ", ".join(receipt.number for receipt in order.receipts),
    )
