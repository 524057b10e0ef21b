"""Where staff make promotions, and see what became of them and of coupons."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import display

from billing.models import Redemption
from plans import catalogue
from plans.deal_forms import PromotionForm
from plans.deal_sheets import PromotionResource
from plans.models import Coupon, Promotion
from portal.lib.sheets import SheetAdmin
from portal.lib.staff import KeptAdmin, ReadOnlyAdmin, moment_column, money_column, person, state_column

RUNNING, COMING, ENDED, OFF, USED_UP = "running", "coming", "ended", "off", "used_up"
REDEMPTION_COLOURS = {"reserved": "info", "consumed": "success"}

taken_off = money_column("money", _("taken off"), ordering="amount")
price_before = money_column("price_before", _("price before"), ordering="price")
created = moment_column("created_at", _("created"))
redemption_state = state_column("state", _("state"), Redemption.State, REDEMPTION_COLOURS)

NAMES = (None, {"fields": ("name", ("name_zh_hans", "name_zh_hant"), "slug")})
WINDOW = (_("When"), {"fields": ("is_active", "active_from", "active_until")})
FOR = (_("For"), {"fields": ("plan_codes", "regions")})


class DealAdmin(SimpleHistoryAdmin, KeptAdmin, SheetAdmin):  # type: ignore[misc]
    list_filter = ("kind", "is_active")
    search_fields = ("slug", "name", "name_zh_hans", "name_zh_hant")
    list_display_links = ("label_column",)

    @display(description=_("offer"), ordering="name", header=True)  # type: ignore[untyped-decorator]
    def label_column(self, deal: Coupon | Promotion) -> list[str]:
        return [deal.label, deal.slug]

    @display(  # type: ignore[untyped-decorator]
        description=_("status"),
        label={RUNNING: "success", COMING: "info", ENDED: "warning", OFF: "danger", USED_UP: "warning"},
    )
    def status_column(self, deal: Coupon | Promotion) -> tuple[str, str]:
        now = timezone.now()
        if not deal.is_active:
            return OFF, gettext("switched off")
        if not deal.has_begun(now):
            return COMING, gettext("to come")
        if deal.has_ended(now):
            return ENDED, gettext("ended")
        if isinstance(deal, Coupon) and deal.max_uses is not None and deal.used >= deal.max_uses:
            return USED_UP, gettext("used up")
        return RUNNING, gettext("running")

    def revert_disabled(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return True


@admin.register(Promotion)
class PromotionAdmin(DealAdmin):
    form = PromotionForm
    resource_classes = (PromotionResource,)
    list_display = ("label_column", "kind", "active_from", "active_until", "status_column")
    ordering = ("position", "id")
    ordering_field = "position"
    hide_ordering_field = True
    fieldsets = (
        NAMES,
        (
            _("What it does"),
            {
                "fields": ("kind", "percent", "prices", ("buy_count", "free_count", "period_unit"), "steps"),
                "description": _(
                    "It counts for whatever is bought by hand. Auto-renewal and rules that buy by themselves charge"
                    " the price that was agreed to. Of several, the one that takes most off counts."
                ),
            },
        ),
        FOR,
        WINDOW,
    )

    def view_on_site(self, obj: Promotion) -> str:
        return reverse("plans:promotion_preview", args=[obj.slug])

    def save_model(self, request: HttpRequest, obj: Promotion, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        catalogue.forget()


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "code", "order", "user", redemption_state, price_before, taken_off, created)
    list_filter = ("state", "currency", ("coupon", admin.RelatedOnlyFieldListFilter), "created_at")
    list_select_related = ("code", "order", "user")
    search_fields = ("order__public_id", *person("user"), "code__code", "coupon__slug", "promotion__slug")
    ordering = ("-id",)
    shown_as = {"amount": taken_off, "price": price_before}
    hidden = ("id", "slot")
