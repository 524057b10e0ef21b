"""What was issued, and the tax rates that what is issued next will say."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import action, display

from billing import invoice_pdf
from billing.invoice_sheet import InvoiceResource
from billing.models import BillingDetails, Invoice, TaxRate
from billing.models.taxes import percent
from billing.tax_sheet import TaxRateForm, TaxRateResource
from plans.countries import country_name
from portal.lib.downloads import download
from portal.lib.sheets import SheetAdmin
from portal.lib.staff import KeptAdmin, ReadOnlyAdmin, moment_column, money_column, person, state_column

KIND_COLOURS = {"invoice": "success", "receipt": "info", "credit_note": "warning"}

total = money_column("total", _("total"), ordering="amount")
tax = money_column("tax", _("tax"), ordering="tax_amount")
issued = moment_column("issued_at", _("issued"))
kind = state_column("kind", _("kind"), Invoice.Kind, KIND_COLOURS)


@admin.register(Invoice)
class InvoiceAdmin(SheetAdmin, ReadOnlyAdmin):
    """Documents as they were issued; they can be read and taken out as a sheet, never brought in."""

    resource_classes = (InvoiceResource,)
    list_display = ("number", kind, "owner", total, tax, "tax_country", issued)
    list_filter = ("kind", "currency", "tax_country", "issued_at")
    list_select_related = ("owner",)
    search_fields = ("number", "public_id", "order__public_id", *person("owner"), "refund_key")
    ordering = ("-id",)
    shown_as = {"amount": total, "tax_amount": tax}
    hidden = ("id", "series", "position", "details")
    actions_detail = ("download_pdf",)

    def has_import_permission(self, _request: HttpRequest) -> bool:
        return False

    @action(description=_("Download PDF"), url_path="pdf", permissions=["view"], icon="download")  # type: ignore[untyped-decorator]
    def download_pdf(self, request: HttpRequest, object_id: str) -> HttpResponse:
        invoice = get_object_or_404(Invoice, pk=object_id)
        return download(invoice_pdf.draw(invoice), name=invoice_pdf.file_name(invoice), content_type="application/pdf")


@admin.register(BillingDetails)
class BillingDetailsAdmin(ReadOnlyAdmin):
    list_display = ("owner", "name", "country", "tax_id", "attach_to_mails")
    list_filter = ("country", "attach_to_mails")
    list_select_related = ("owner",)
    search_fields = (*person("owner"), "name", "tax_id")
    ordering = ("-id",)


@admin.register(TaxRate)
class TaxRateAdmin(SimpleHistoryAdmin, KeptAdmin, SheetAdmin):  # type: ignore[misc]
    form = TaxRateForm
    fields = ("country", "name", "percent", "starts_on")
    resource_classes = (TaxRateResource,)
    list_display = ("country_column", "name", "rate_column", "starts_on")
    list_display_links = ("country_column",)
    list_filter = ("country",)
    search_fields = ("country", "name")
    ordering = ("country", "-starts_on")

    @display(description=_("country"), ordering="country")  # type: ignore[untyped-decorator]
    def country_column(self, rate: TaxRate) -> str:
        return country_name(rate.country, get_language() or "en")

    @display(description=_("rate"), ordering="basis_points")  # type: ignore[untyped-decorator]
    def rate_column(self, rate: TaxRate) -> str:
        return percent(rate.basis_points)

    def revert_disabled(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return True
