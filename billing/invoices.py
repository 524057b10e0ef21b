"""Issuing invoices, receipts and credit notes: numbered without gaps, one for each sale and each refund."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from billing.invoice_facts import buyer_of, facts_of_refund, facts_of_sale, operator_day
from billing.models import Charge, Invoice, InvoiceSeries, LedgerEntry, Order, Refund, TaxRate
from billing.tax import included_tax, rate_in, tax_of_part

logger = logging.getLogger(__name__)

Kind = Invoice.Kind
LETTERS = {Kind.INVOICE: "", Kind.RECEIPT: "R", Kind.CREDIT_NOTE: "C"}
"""Each kind has its own series a year: 2026-000123, R2026-000123, C2026-000123."""


def issue_due(*, now: datetime, limit: int = 200) -> int:
    """Issue what sales and refunds still lack and return how many; one that fails does not stop the others."""
    sold = Order.objects.to_invoice().order_by("confirmed_at", "pk").values_list("pk", flat=True)[:limit]
    issued = sum(_try(issue, order_id=order_id, now=now) for order_id in sold)
    returned = refunds_to_credit().order_by("settled_at", "pk").values_list("pk", flat=True)[:limit]
    return issued + sum(_try(issue_credit_note, refund_id=refund_id, now=now) for refund_id in returned)


def _try(work: Callable[..., Invoice | None], **about: Any) -> bool:
    try:
        return work(**about) is not None
    except Exception:
        logger.exception("No document was issued for %s; it is tried again", about)
        return False


@transaction.atomic
def issue(*, order_id: int, now: datetime) -> Invoice | None:
    """Issue the document of a delivered order, or return the one it has; None while it is not delivered.

    Money added to the balance buys nothing yet, and what was owed has had its invoice: both get a receipt, and no tax. What the balance pays for later gets
    an invoice over the whole price.
    """
    if not Order.objects.to_invoice().filter(pk=order_id).update(is_invoiced=True):
        return Invoice.objects.of_sales().filter(order=order_id).first()
    order = Order.objects.select_related("owner", "line").get(pk=order_id)
    buyer = buyer_of(order.owner)
    rate = _rate_of(order, country=buyer["country"] or settings.PORTAL_OPERATOR_COUNTRY)
    return _write(
        kind=Kind.RECEIPT if order.kind in Order.Kind.BY_PAYING else Kind.INVOICE,
        order=order,
        language=order.owner.language,
        amount=order.amount,
        tax_country=rate.country,
        tax_basis_points=rate.basis_points,
        tax_amount=included_tax(order.amount, rate.basis_points),
        details=facts_of_sale(order, buyer=buyer, charges=_charges_that_paid(order), tax_name=rate.name),
        now=now,
    )


@transaction.atomic
def issue_credit_note(*, refund_id: int, now: datetime) -> Invoice | None:
    """Issue the credit note of a refund that has arrived, or return the one it has; None where there is none to issue.

    It corrects the invoice of the order, which is issued first where that has not happened.
    """
    refund = Refund.objects.select_related("charge__method").get(pk=refund_id)
    # Whoever credits the same invoice waits here: how much tax is left to give back depends on what was given.
    order = Order.objects.select_for_update().get(pk=refund.order_id)
    if issued := Invoice.objects.filter(refund_key=refund.public_id).first():
        return issued
    invoice = issue(order_id=order.pk, now=now)
    if invoice is None or not refunds_to_credit().filter(pk=refund_id).exists() or _was_credited_before(refund):
        return None
    credited = invoice.credit_notes.aggregate(total=Sum("amount"))["total"] or 0
    rate = invoice.tax_basis_points
    return _write(
        kind=Kind.CREDIT_NOTE,
        order=order,
        language=invoice.language,
        amount=refund.amount,
        tax_country=invoice.tax_country,
        tax_basis_points=rate,
        tax_amount=tax_of_part(refund.amount, before=credited, basis_points=rate),
        details=facts_of_refund(refund, invoice=invoice),
        corrects=invoice,
        refund_key=refund.public_id,
        now=now,
    )


def refunds_to_credit() -> QuerySet[Refund]:
    """Return refunds that have arrived, take back a sale, and have no credit note yet.

    Money that paid for nothing (an order that was over, or paid already) became balance without an invoice; giving
    it back needs no credit note.
    """
    kept_as_balance = LedgerEntry.objects.kept_as_balance(OuterRef("charge"))
    # One that came back after it had arrived was credited; the refund made instead of it is the same money.
    names = [OuterRef("public_id"), OuterRef("tries_again__public_id")]
    credited = Invoice.objects.filter(refund_key__in=names)
    arrived = Refund.objects.filter(
        # What was cancelled before its turn was never invoiced.
        state=Refund.State.SUCCEEDED,
        order__state__in=Order.State.DELIVERED,
        order__confirmed_at__isnull=False,
    )
    return arrived.filter(~Exists(credited), ~Exists(kept_as_balance))


def _was_credited_before(refund: Refund) -> bool:
    """Tell whether any try before this one arrived and was credited, with failed ones in between: it is one money."""
    earlier = refund.tries_again
    while earlier is not None:
        if Invoice.objects.filter(refund_key=earlier.public_id).exists():
            return True
        earlier = earlier.tries_again
    return False


def _charges_that_paid(order: Order) -> QuerySet[Charge]:
    kept_as_balance = LedgerEntry.objects.kept_as_balance(OuterRef("pk"))
    paid = order.charges.filter(~Exists(kept_as_balance), state=Charge.State.SUCCEEDED)
    return paid.select_related("method").order_by("pk")


def _rate_of(order: Order, *, country: str) -> TaxRate:
    day = operator_day(order.paid_at or order.created_at).date()
    if order.kind in Order.Kind.BY_PAYING:
        return TaxRate(country=country, name="", basis_points=0, starts_on=day)
    return rate_in(country, day=day)


def _write(*, kind: Invoice.Kind, now: datetime, order: Order, **columns: Any) -> Invoice:
    series = f"{LETTERS[kind]}{operator_day(now).year}"
    position = _next_in(series)
    return Invoice.objects.create(
        kind=kind,
        series=series,
        position=position,
        number=f"{series}-{position:06}",
        owner_id=order.owner_id,
        order=order,
        currency=order.currency,
        issued_at=now,
        **columns,
    )


def _next_in(series: str) -> int:
    """Draw a number; others wait until this transaction ends, and get the same one should it roll back."""
    drawn = InvoiceSeries.objects.filter(name=series)
    if not drawn.update(last=F("last") + 1):
        InvoiceSeries.objects.bulk_create([InvoiceSeries(name=series)], ignore_conflicts=True)
        drawn.update(last=F("last") + 1)
    return drawn.get().last
