"""Where staff edit the outlets, with history, and take them out and in as a sheet."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import display

from esim.models import Outlet
from esim.outlet_forms import OutletForm
from esim.outlet_sheet import OutletResource
from portal.lib.sheets import SheetAdmin
from portal.lib.staff import KeptAdmin

FIELDSETS = (
    (None, {"fields": ("code", "name", ("name_zh_hans", "name_zh_hant"), "is_active")}),
    (
        _("Where"),
        {
            "fields": (
                ("city", "country"),
                ("city_zh_hans", "city_zh_hant"),
                "address",
                ("address_zh_hans", "address_zh_hant"),
                ("latitude", "longitude"),
                "phone",
            )
        },
    ),
    (_("Open"), {"fields": ("time_zone", "weekly_hours", "exceptions")}),
    (_("Services"), {"fields": (("gives_sims", "checks_identity", "takes_payment"),)}),
)


class OutletAdmin(SimpleHistoryAdmin, KeptAdmin, SheetAdmin):  # type: ignore[misc]
    form = OutletForm
    resource_classes = (OutletResource,)
    list_display = ("label_column", "city", "country", "services_column", "phone", "is_active")
    list_display_links = ("label_column",)
    list_filter = ("country", "is_active", "gives_sims")
    search_fields = ("code", "name", "name_zh_hans", "name_zh_hant", "city", "city_zh_hans", "city_zh_hant", "address")
    ordering = ("country", "city", "name")
    actions = ("show", "hide")
    fieldsets = FIELDSETS

    def view_on_site(self, obj: Outlet) -> str:
        return reverse("esim:outlet", args=[obj.public_id])

    @display(description=_("outlet"), ordering="name", header=True)  # type: ignore[untyped-decorator]
    def label_column(self, outlet: Outlet) -> list[str]:
        return [outlet.label, outlet.code]

    @display(description=_("services"))  # type: ignore[untyped-decorator]
    def services_column(self, outlet: Outlet) -> str:
        return ", ".join(str(service.label) for service in outlet.services)

    @admin.action(description=_("Show to subscribers"), permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Outlet]) -> None:
        self._switch(request, queryset.filter(is_active=False), is_active=True)

    @admin.action(description=_("Hide from subscribers"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Outlet]) -> None:
        self._switch(request, queryset.filter(is_active=True), is_active=False)

    def _switch(self, request: HttpRequest, outlets: QuerySet[Outlet], *, is_active: bool) -> None:
        """Save one by one: an UPDATE of many leaves no history."""
        for outlet in outlets:
            outlet.is_active = is_active
            outlet.save(update_fields=["is_active"])
        self.message_user(request, gettext("Done."), messages.SUCCESS)

    def revert_disabled(self, _request: HttpRequest, _obj: Outlet | None = None) -> bool:
        return True
