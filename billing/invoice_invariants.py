"""What must be true of invoices whatever happened; part of `invariants`."""

from datetime import datetime

from django.db.models import Count, Exists, F, Max, OuterRef, Sum

from billing.models import Invoice, InvoiceSeries, Order


def numbers_follow_each_other(_now: datetime) -> list[str]:
    issued = Invoice.objects.values("series").annotate(count=Count("pk"), highest=Max("position"))
    found = {row["series"]: (row["count"], row["highest"]) for row in issued}
    given_out = dict(InvoiceSeries.objects.values_list("name", "last"))
    told = []
    for series in sorted(found.keys() | given_out.keys()):
        count, highest = found.get(series, (0, 0))
        last = given_out.get(series, 0)
        if not count == highest == last:
            told.append(f"series {series} has {count} documents up to {highest}, and gave out {last} numbers")
    return told


def invoices_match_what_was_sold(_now: datetime) -> list[str]:
    invoice = Invoice.objects.of_sales().filter(order=OuterRef("pk"))
    exact = invoice.filter(amount=OuterRef("amount"), currency=OuterRef("currency"))
    wrong = Order.objects.filter(is_invoiced=True).filter(~Exists(exact))
    unmarked = Order.objects.filter(is_invoiced=False).filter(Exists(invoice))
    over = Invoice.objects.annotate(credited=Sum("credit_notes__amount")).filter(credited__gt=F("amount"))
    return [
        *(f"order {one.public_id} is marked as invoiced, and there is no invoice over its price" for one in wrong),
        *(f"order {one.public_id} has an invoice and is not marked" for one in unmarked),
        *(f"invoice {one.number} is over {one.amount} and credited with more" for one in over),
    ]
