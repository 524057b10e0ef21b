"""Where staff see the stock of cards, take cards in, take them out, and issue PINs."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AllValuesCheckboxFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import audit
from accounts.http import client_ip
from accounts.models import User
from esim import card_desk
from esim.card_desk import NoPinForThis
from esim.card_sheet import CardResource
from esim.models import SimCard
from portal.lib.sheets import SealedStorage, SheetAdmin
from portal.lib.staff import ReadOnlyAdmin, moment_column, person, state_column

STATE_COLOURS = {"available": "success", "reserved": "info", "withdrawn": "danger"}
DOUBTFUL_NAMED = 20

state = state_column("state", _("state"), SimCard.State, STATE_COLOURS)
imported = moment_column("imported_at", _("imported"))
tried_at = moment_column("at", _("at"))


class SoldFilter(admin.SimpleListFilter):
    title = _("sold")
    parameter_name = "sold"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("here", _("in the portal")), ("elsewhere", _("elsewhere, with a PIN"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[SimCard]) -> QuerySet[SimCard]:
        has_pin = ~Q(pin_sealed="") | Q(pin_used_at__isnull=False)
        return queryset.filter({"here": ~has_pin, "elsewhere": has_pin}.get(self.value() or "", Q()))


class NewPinForm(forms.Form):
    reason = forms.CharField(
        label=_("How you made sure whose card it is"),
        max_length=200,
        help_text=_("It goes on record, and the present owner of the card can read it."),
        widget=UnfoldAdminTextareaWidget,
    )


class SimCardAdmin(ReadOnlyAdmin, SheetAdmin):
    """PIN and PUK are shown to nobody; a new PIN is shown once, to whoever issued it."""

    resource_classes = (CardResource,)
    tmp_storage_class = SealedStorage
    list_display = ("iccid", "msisdn", state, "sold_column", "form", "profile_type", "line", "batch", imported)
    list_filter = (
        "state",
        SoldFilter,
        "form",
        ("carrier", AllValuesCheckboxFilter),
        ("profile_type", AllValuesCheckboxFilter),
        ("batch", AllValuesCheckboxFilter),
    )
    list_select_related = ("line",)
    search_fields = ("iccid", "msisdn", "public_id", "batch", "reserved_for", "line__public_id")
    ordering = ("-id",)
    actions = ("withdraw", "put_back")
    actions_detail = ("issue_pin",)
    list_before_template = "admin/esim/simcard/counts.html"

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.has_perm("esim.add_simcard"))

    def has_export_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_desk_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return bool(request.user.is_active and request.user.has_perm("esim.change_simcard"))

    @display(description=_("sold"))  # type: ignore[untyped-decorator]
    def sold_column(self, card: SimCard) -> str:
        return gettext("elsewhere") if card.pin_sealed or card.pin_used_at else gettext("in the portal")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        by_kind = SimCard.objects.order_by().values("form", "profile_type")
        counts = by_kind.annotate(
            for_sale=Count("pk", filter=Q(state=SimCard.State.AVAILABLE, pin_sealed="")),
            with_pin=Count("pk", filter=Q(state=SimCard.State.AVAILABLE) & ~Q(pin_sealed="")),
            reserved=Count("pk", filter=Q(state=SimCard.State.RESERVED)),
            used=Count("pk", filter=Q(state=SimCard.State.USED)),
            withdrawn=Count("pk", filter=Q(state=SimCard.State.WITHDRAWN)),
        )
        context = {**(extra_context or {}), "stock": list(counts.order_by("form", "profile_type"))}
        return cast("HttpResponse", super().changelist_view(request, context))

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Preview a sheet, and tell on which lines the check digit looks wrong."""
        response = super().import_action(request, **kwargs)
        result = (getattr(response, "context_data", None) or {}).get("result")
        if doubtful := getattr(result, "doubtful", None):
            told = ngettext(
                "The check digit of the number on line %(lines)s looks wrong. Is it mistyped? Real cards with such a"
                " number exist, so that it can be imported.",
                "The check digits of the numbers on lines %(lines)s look wrong. Are they mistyped? Real cards with such"
                " numbers exist, so that they can be imported.",
                len(doubtful),
            )
            lines = ", ".join(map(str, doubtful[:DOUBTFUL_NAMED])) + (" …" if len(doubtful) > DOUBTFUL_NAMED else "")
            messages.warning(request, told % {"lines": lines})
        return response

    def generate_log_entries(self, result: Any, request: HttpRequest) -> None:
        """One entry of the audit trail instead of thousands of log entries."""
        audit.record(
            actor=_staff(request),
            subject=None,
            action="card.imported",
            detail={"cards": result.total_rows},
            ip=client_ip(request),
            now=timezone.now(),
        )

    @admin.action(description=_("Withdraw from the stock"), permissions=["desk"])
    def withdraw(self, request: HttpRequest, cards: QuerySet[SimCard]) -> None:
        self._move(request, cards, card_desk.withdraw)

    @admin.action(description=_("Put back into the stock"), permissions=["desk"])
    def put_back(self, request: HttpRequest, cards: QuerySet[SimCard]) -> None:
        self._move(request, cards, card_desk.put_back)

    def _move(self, request: HttpRequest, cards: QuerySet[SimCard], move: Any) -> None:
        staff, ip, now = _staff(request), client_ip(request), timezone.now()
        moved = [move(card, staff=staff, ip=ip, now=now) for card in cards]
        told = gettext("%(moved)d of %(all)d cards changed; the others are not in a state that allows it.")
        level = messages.SUCCESS if all(moved) else messages.WARNING
        self.message_user(request, told % {"moved": sum(moved), "all": len(moved)}, level)

    @action(  # type: ignore[untyped-decorator]
        description=_("Issue a new PIN…"), permissions=["desk"], url_path="new-pin", icon="password"
    )
    def issue_pin(self, request: HttpRequest, object_id: str) -> HttpResponse:
        card = get_object_or_404(SimCard.objects.select_related("line__owner"), pk=object_id)
        form = NewPinForm(request.POST or None)
        pin = ""
        if request.method == "POST" and form.is_valid():
            reason, ip = form.cleaned_data["reason"], client_ip(request)
            try:
                pin = card_desk.issue_pin(card, staff=_staff(request), reason=reason, ip=ip, now=timezone.now())
            except NoPinForThis as refusal:
                form.add_error(None, refusal.sentence)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": gettext("New PIN")}
        context |= {"card": card, "form": form, "pin": pin}
        status = 422 if form.is_bound and not pin else 200
        response = TemplateResponse(request, "admin/esim/simcard/new_pin.html", context, status=status)
        # The answer holds the PIN: it is shown once.
        add_never_cache_headers(response)
        return response


class BindingAttemptAdmin(ReadOnlyAdmin):
    """The card is a keyed hash: what was typed wrongly may be another person's number."""

    list_display = ("user", tried_at, "succeeded")
    list_filter = ("succeeded", "at")
    list_select_related = ("user",)
    search_fields = person("user")
    ordering = ("-id",)
    hidden = ("id", "card")


def _staff(request: HttpRequest) -> User:
    return cast("User", request.user)
