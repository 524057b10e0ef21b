"""Where staff say what a carrier calls our plans, and see what was ordered there."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from esim.models import CarrierProduct
from esim.product_forms import ProductForm
from plans import catalogue
from portal.lib.staff import ReadOnlyAdmin, StaffAdmin, moment_column

unanswered = moment_column("unanswered_since", _("unanswered since"))
created = moment_column("created_at", _("created"))


class CarrierProductAdmin(StaffAdmin):
    """A plan without an entry is not offered."""

    form = ProductForm
    list_display = ("plan", "carrier", "code")
    list_filter = ("carrier",)
    list_select_related = ("plan",)
    search_fields = ("code", "plan__code", "plan__name")
    ordering = ("carrier", "plan__position", "plan__id")

    def save_model(self, request: HttpRequest, obj: CarrierProduct, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        catalogue.forget()

    def delete_model(self, request: HttpRequest, obj: CarrierProduct) -> None:
        super().delete_model(request, obj)
        catalogue.forget()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        catalogue.forget()


class CarrierOrderAdmin(ReadOnlyAdmin):
    list_display = ("key", "carrier", "product", "iccid", "reference", unanswered, created)
    list_filter = ("carrier", "created_at")
    search_fields = ("key", "reference", "iccid")
    ordering = ("-id",)
