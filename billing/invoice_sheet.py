"""Invoices as a sheet for the accountants; it is written only."""

from typing import Any

from import_export import resources
from import_export.fields import Field

from billing.models import Invoice
from billing.models.taxes import percent
from plans.money_text import plain_price
from portal.lib.csv_rows import harmless


class InvoiceResource(resources.ModelResource):  # type: ignore[misc]
    """One row a document; what a credit note gives back is negative, so that a column sums to what was earned."""

    issued = Field(column_name="issued_at")
    buyer = Field(column_name="buyer")
    buyer_country = Field(column_name="buyer_country")
    buyer_tax_id = Field(column_name="buyer_tax_id")
    net = Field(column_name="net")
    tax = Field(column_name="tax")
    total = Field(column_name="total")
    tax_percent = Field(column_name="tax_percent")
    corrects = Field(column_name="corrects")
    order = Field(column_name="order")

    class Meta:
        model = Invoice
        fields = (
            "number",
            "kind",
            "issued",
            "buyer",
            "buyer_country",
            "buyer_tax_id",
            "currency",
            "net",
            "tax",
            "total",
            "tax_country",
            "tax_percent",
            "corrects",
            "order",
        )

    def dehydrate_issued(self, invoice: Invoice) -> str:
        return invoice.issued_at.isoformat()

    def dehydrate_buyer(self, invoice: Invoice) -> Any:
        return harmless(invoice.details["buyer"]["name"])

    def dehydrate_buyer_country(self, invoice: Invoice) -> Any:
        return invoice.details["buyer"]["country"]

    def dehydrate_buyer_tax_id(self, invoice: Invoice) -> Any:
        return harmless(invoice.details["buyer"]["tax_id"])

    def dehydrate_net(self, invoice: Invoice) -> str:
        return _signed(invoice, invoice.net.minor)

    def dehydrate_tax(self, invoice: Invoice) -> str:
        return _signed(invoice, invoice.tax_amount)

    def dehydrate_total(self, invoice: Invoice) -> str:
        return _signed(invoice, invoice.amount)

    def dehydrate_tax_percent(self, invoice: Invoice) -> str:
        return percent(invoice.tax_basis_points).removesuffix("%")

    def dehydrate_corrects(self, invoice: Invoice) -> Any:
        return invoice.details["corrects"]

    def dehydrate_order(self, invoice: Invoice) -> Any:
        return invoice.details["order"]


def _signed(invoice: Invoice, minor: int) -> str:
    sign = -1 if invoice.kind == Invoice.Kind.CREDIT_NOTE else 1
    return plain_price(sign * minor, invoice.currency)
