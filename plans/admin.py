"""Where staff arrange, price, translate and import what is sold."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import TabularInline
from unfold.decorators import display

from plans import catalogue
from plans.announcement_admin import AnnouncementAdmin
from plans.forms import PlanForm, PriceForm
from plans.models import Plan, PlanPrice
from plans.resources import PlanResource
from portal.lib.money import Money, format_money
from portal.lib.sheets import SheetAdmin
from portal.lib.staff import KeptAdmin, data_column

__all__ = ["AnnouncementAdmin", "PlanAdmin"]

ON_SALE, COMING, ENDED, WITHDRAWN = "on_sale", "coming", "ended", "withdrawn"


FIELDSETS = (
    (
        None,
        {"fields": (("kind", "code"), "name", ("name_zh_hans", "name_zh_hant"), "region", "countries")},
    ),
    (
        _("What it gives"),
        {
            "fields": (
                ("period_count", "period_unit"),
                "data_bytes",
                ("daily_cap_bytes", "throttled_kbps"),
                ("voice_minutes", "sms_count"),
            )
        },
    ),
    (_("On sale"), {"fields": ("is_active", "active_from", "active_until")}),
    (
        _("Fair use, in words"),
        {"classes": ("collapse",), "fields": ("fair_use", "fair_use_zh_hans", "fair_use_zh_hant")},
    ),
)


class PriceInline(TabularInline):  # type: ignore[misc]
    model = PlanPrice
    form = PriceForm
    fields = ("currency", "price", "valid_from")
    ordering = ("currency", "-valid_from")
    tab = True
    verbose_name_plural = _("Prices")

    def get_extra(self, _request: HttpRequest, obj: Plan | None = None, **_kwargs: Any) -> int:
        return 0 if obj else len(settings.PORTAL_CURRENCIES)


@admin.register(Plan)
class PlanAdmin(SimpleHistoryAdmin, KeptAdmin, SheetAdmin):  # type: ignore[misc]
    form = PlanForm
    inlines = (PriceInline,)
    resource_classes = (PlanResource,)

    list_display = (
        "label_column",
        "kind",
        "region",
        data_column("data_bytes", _("data"), empty=_("unlimited")),
        "period_column",
        "prices_column",
        "status_column",
    )
    list_display_links = ("label_column",)
    list_filter = ("kind", "region", "is_active", "period_unit")
    search_fields = ("code", "name", "name_zh_hans", "name_zh_hant")
    ordering = ("position", "id")
    ordering_field = "position"
    hide_ordering_field = True
    readonly_fields = ("public_id",)
    actions = ("put_on_sale", "take_off_sale")
    object_history_template = "admin/plans/plan/history.html"
    add_fieldsets = FIELDSETS
    fieldsets = (*FIELDSETS, (_("Public page"), {"fields": ("public_id",)}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        plans: QuerySet[Plan] = super().get_queryset(request)
        return plans.prefetch_related("prices")

    def view_on_site(self, obj: Plan) -> str:
        return reverse("plans:plan", args=[obj.public_id])

    @display(description=_("plan"), ordering="name", header=True)  # type: ignore[untyped-decorator]
    def label_column(self, plan: Plan) -> list[str]:
        return [plan.label, plan.code]

    @display(description=_("valid for"))  # type: ignore[untyped-decorator]
    def period_column(self, plan: Plan) -> str:
        return plan.period.describe()

    @display(description=_("prices"))  # type: ignore[untyped-decorator]
    def prices_column(self, plan: Plan) -> str:
        now, language = timezone.now(), get_language() or "en"
        prices = plan.prices_at(now).items()
        return " · ".join(format_money(Money(minor, code), language) for code, minor in sorted(prices))

    @display(  # type: ignore[untyped-decorator]
        description=_("status"), label={ON_SALE: "success", COMING: "info", ENDED: "warning", WITHDRAWN: "danger"}
    )
    def status_column(self, plan: Plan) -> tuple[str, str]:
        now = timezone.now()
        if not plan.is_active:
            return WITHDRAWN, gettext("off sale")
        if plan.active_from > now:
            return COMING, gettext("to come")
        return (ON_SALE, gettext("on sale")) if plan.is_on_sale(now) else (ENDED, gettext("ended"))

    def get_formset_kwargs(self, request: HttpRequest, obj: Plan, inline: Any, prefix: str) -> dict[str, Any]:
        """Offer a new plan one row for each currency."""
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if isinstance(inline, PriceInline) and not obj.pk:
            kwargs["initial"] = [{"currency": code} for code in settings.PORTAL_CURRENCIES]
        return kwargs

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            last = Plan.objects.aggregate(last=Max("position"))["last"]
            obj.position = (last or 0) + 1
        super().save_model(request, obj, form, change)
        catalogue.forget()

    @admin.action(description=_("Put on sale"), permissions=["change"])
    def put_on_sale(self, request: HttpRequest, queryset: QuerySet[Plan]) -> None:
        self._switch(request, queryset.filter(is_active=False), is_active=True)

    @admin.action(description=_("Take off sale"), permissions=["change"])
    def take_off_sale(self, request: HttpRequest, queryset: QuerySet[Plan]) -> None:
        self._switch(request, queryset.filter(is_active=True), is_active=False)

    def _switch(self, request: HttpRequest, plans: QuerySet[Plan], *, is_active: bool) -> None:
        """Save one by one: an UPDATE of many leaves no history."""
        for plan in plans:
            plan.is_active = is_active
            plan.save(update_fields=["is_active"])
        catalogue.forget()
        self.message_user(request, gettext("Done."), messages.SUCCESS)

    def revert_disabled(self, _request: HttpRequest, _obj: Plan | None = None) -> bool:
        return True

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show the plan's own changes, and below them those of its prices."""
        context = {"price_changes": price_changes(object_id), **(extra_context or {})}
        response: HttpResponse = super().history_view(request, object_id, context)
        return response


def price_changes(plan_id: str) -> list[dict[str, Any]]:
    """Return who changed the plan's prices, newest first, each with the price before."""
    if not plan_id.isdigit():
        return []
    before: dict[int, Money] = {}
    changes = []
    for record in PlanPrice.history.filter(plan_id=plan_id).select_related("history_user").order_by("history_id"):
        price = Money(record.amount, record.currency)
        changes.append({"record": record, "price": price, "before": before.get(record.id)})
        before[record.id] = price
    return changes[::-1]
