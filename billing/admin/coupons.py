"""Where staff make coupons and their codes, and see how much they are used."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect
from unfold.contrib.filters.admin import AllValuesCheckboxFilter
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from accounts import audit
from accounts.http import client_ip
from accounts.models import User
from accounts.staff_dialogs import dialog
from billing.admin.offers import FOR, NAMES, WINDOW, DealAdmin
from plans.coupon_codes import make_codes
from plans.deal_forms import CouponForm
from plans.deal_sheets import CodeResource, CouponResource
from plans.deal_text import plain_amounts
from plans.gigabytes import plain_gigabytes
from plans.models import Coupon, CouponCode
from plans.models.coupons import EFFECT
from portal.lib.csv_rows import csv_download
from portal.lib.sheets import SheetAdmin
from portal.lib.staff import KeptAdmin, moment_column

created = moment_column("created_at", _("created"))

MOST_CODES = 5000


class CodesForm(BaseDialogForm):  # type: ignore[misc]
    count = forms.IntegerField(
        label=_("How many"), min_value=1, max_value=MOST_CODES, initial=100, widget=UnfoldAdminIntegerFieldWidget
    )
    prefix = forms.SlugField(
        label=_("Begins with"),
        max_length=8,
        required=False,
        help_text=_("For example AUTUMN; 16 random letters and digits follow."),
        widget=UnfoldAdminTextInputWidget,
    )
    batch = forms.CharField(
        label=_("Batch"),
        max_length=60,
        help_text=_("By this name you find these codes again."),
        widget=UnfoldAdminTextInputWidget,
    )


@admin.register(Coupon)
class CouponAdmin(DealAdmin):
    """What a coupon gives stays once it was used; window and limits may change, for orders to come."""

    form = CouponForm
    resource_classes = (CouponResource,)
    list_display = ("label_column", "gives_column", "used_column", "active_from", "active_until", "status_column")
    ordering = ("-id",)
    actions_detail = ("generate_codes", "see_codes")
    fieldsets = (
        NAMES,
        (_("What it gives"), {"fields": ("kind", "percent", "amounts", "bonus_bytes", "free_periods")}),
        FOR,
        (_("Conditions"), {"fields": ("minimums", "first_purchase_only", ("max_uses", "max_per_user"))}),
        WINDOW,
    )

    def view_on_site(self, obj: Coupon) -> str:
        return reverse("billing:coupon_preview", args=[obj.slug])

    def get_readonly_fields(self, _request: HttpRequest, obj: Coupon | None = None) -> tuple[str, ...]:
        return ("kind", "gives_column") if obj and obj.used else ()

    def get_fieldsets(self, request: HttpRequest, obj: Coupon | None = None) -> Any:
        """Say in words what a used coupon gives; its columns are no fields any more."""
        if not (obj and obj.used):
            return super().get_fieldsets(request, obj)
        gives = (
            _("What it gives"),
            {
                "fields": ("kind", "gives_column"),
                "description": _("It has been used, so that what it gives stays as it is."),
            },
        )
        return tuple(gives if "kind" in options["fields"] else (title, options) for title, options in self.fieldsets)

    def get_form(self, request: HttpRequest, obj: Coupon | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        made = super().get_form(request, obj, change=change, **kwargs)
        if obj and obj.used:
            for name in EFFECT:
                made.base_fields.pop(name, None)
        return made

    @display(description=_("gives"))  # type: ignore[untyped-decorator]
    def gives_column(self, coupon: Coupon) -> str:
        match coupon.kind:
            case Coupon.Kind.PERCENT:
                return gettext("%(percent)d%% off") % {"percent": coupon.percent or 0}
            case Coupon.Kind.AMOUNT:
                return gettext("%(amounts)s off") % {"amounts": plain_amounts(coupon.amounts)}
            case Coupon.Kind.DATA:
                return gettext("%(data)s GB more") % {"data": plain_gigabytes(coupon.bonus_bytes or 0)}
        count = coupon.free_periods or 0
        return ngettext("%(count)d free period", "%(count)d free periods", count) % {"count": count}

    @display(description=_("used"), ordering="used")  # type: ignore[untyped-decorator]
    def used_column(self, coupon: Coupon) -> str:
        return _of_limit(coupon.used, coupon.max_uses)

    def has_generate_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return bool(request.user.is_active and request.user.has_perm("plans.add_couponcode"))

    @dialog(
        _("Make codes…"),
        permission="generate",
        path="make-codes",
        icon="qr_code",
        title=_("Make codes for one order each"),
        description=_("Each has 80 random bits. You find them in the list of codes, to be taken out as CSV."),
        form=CodesForm,
        submit=_("Make codes"),
    )
    def generate_codes(self, request: HttpRequest, form: CodesForm, object_id: str) -> HttpResponse:
        coupon, wish, now = get_object_or_404(Coupon, pk=object_id), form.cleaned_data, timezone.now()
        prefix, batch = wish["prefix"].upper(), wish["batch"]
        with transaction.atomic():
            made = make_codes(coupon=coupon, count=wish["count"], prefix=prefix, batch=batch, now=now)
            _record(request, "coupon.codes_made", target=coupon.slug, codes=len(made), batch=batch)
        told = ngettext("%(count)d code was made.", "%(count)d codes were made.", len(made)) % {"count": len(made)}
        messages.success(request, told)
        return HttpResponseClientRedirect(_codes_of(coupon, batch=batch))

    @action(description=_("See codes"), permissions=["view"], url_path="codes", icon="list")  # type: ignore[untyped-decorator]
    def see_codes(self, _request: HttpRequest, object_id: str) -> HttpResponse:
        response = HttpResponse(status=302)
        response["Location"] = _codes_of(get_object_or_404(Coupon, pk=object_id))
        return response


@admin.register(CouponCode)
class CouponCodeAdmin(KeptAdmin, SheetAdmin):
    resource_classes = (CodeResource,)
    list_display = ("code", "coupon", "used_column", "batch", "is_active", created)
    list_filter = ("is_active", ("batch", AllValuesCheckboxFilter), ("coupon", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("coupon",)
    search_fields = ("code", "key", "batch", "coupon__name", "coupon__slug")
    ordering = ("-id",)
    fields = ("coupon", "code", "batch", "max_uses", "is_active")
    actions = ("take_out", "switch_off", "switch_on")

    def get_readonly_fields(self, _request: HttpRequest, obj: CouponCode | None = None) -> tuple[str, ...]:
        return ("coupon", "code") if obj else ()

    def has_export_permission(self, _request: HttpRequest) -> bool:
        """Codes are worth money: they leave by the action that is recorded."""
        return False

    def has_take_out_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.has_perm("plans.add_couponcode"))

    @display(description=_("used"), ordering="used")  # type: ignore[untyped-decorator]
    def used_column(self, code: CouponCode) -> str:
        return _of_limit(code.used, code.max_uses)

    @admin.action(description=_("Take out as CSV"), permissions=["take_out"])
    def take_out(self, request: HttpRequest, codes: QuerySet[CouponCode]) -> HttpResponseBase:
        batches = sorted(set(codes.order_by().values_list("batch", flat=True)))
        _record(request, "coupon.codes_taken_out", codes=codes.count(), batch=", ".join(batches)[:200])
        rows = codes.select_related("coupon").order_by("pk").iterator(chunk_size=500)
        head = ("code", "coupon", "batch", "orders_in_all", "used", "is_active", "created_at")
        lines = (
            (one.code, one.coupon.slug, one.batch, one.max_uses, one.used, one.is_active, one.created_at.isoformat())
            for one in rows
        )
        return csv_download((row for part in ([head], lines) for row in part), name="coupon-codes.csv")

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, codes: QuerySet[CouponCode]) -> None:
        self._switch(request, codes, is_active=False)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, codes: QuerySet[CouponCode]) -> None:
        self._switch(request, codes, is_active=True)

    def _switch(self, request: HttpRequest, codes: QuerySet[CouponCode], *, is_active: bool) -> None:
        changed = CouponCode.objects.filter(pk__in=codes.values("pk")).update(is_active=is_active)
        _record(request, "coupon.codes_switched", codes=changed, is_active=is_active)
        self.message_user(request, gettext("Done."), messages.SUCCESS)


def _of_limit(used: int, limit: int | None) -> str:
    return str(used) if limit is None else gettext("%(used)d of %(limit)d") % {"used": used, "limit": limit}


def _codes_of(coupon: Coupon, *, batch: str = "") -> str:
    query = {"coupon__id__exact": coupon.pk, **({"batch": batch} if batch else {})}
    return reverse("admin:plans_couponcode_changelist", query=query)


def _record(request: HttpRequest, action_name: str, *, target: str = "", **detail: Any) -> None:
    actor = request.user if isinstance(request.user, User) else None
    audit.record(
        actor=actor,
        subject=None,
        action=action_name,
        target=target,
        detail=detail,
        ip=client_ip(request),
        now=timezone.now(),
    )
