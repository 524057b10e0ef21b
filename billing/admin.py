"""Where staff follow money: everything is read-only, and what may be done has a name of its own."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.http import client_ip
from accounts.models import User
from billing import staff_pauses
from billing.agreements import NothingToContinue
from billing.models import (
    Charge,
    GatewayEvent,
    LedgerAccount,
    LedgerEntry,
    Order,
    PaymentMethod,
    Subscription,
)
from portal.lib.staff import ReadOnlyAdmin, ReadOnlyInline, moment_column, money_column, state_column

ORDER_COLOURS = {"paid": "info", "fulfilling": "info", "fulfilled": "success", "undeliverable": "danger"}
CHARGE_COLOURS = {"succeeded": "success", "declined": "danger", "unknown": "warning", "needs_action": "warning"}
SUBSCRIPTION_COLOURS = {"active": "success", "in_flight": "info", "past_due": "danger", "paused": "warning"}
EVENT_COLOURS = {"received": "info", "done": "success", "failed": "danger"}

total = money_column("total", _("total"), ordering="amount")
wallet_part = money_column("wallet_part", _("from the balance"))
amount = money_column("money", _("amount"), ordering="amount")
balance = money_column("money", _("balance"), ordering="balance")
agreed_price = money_column("agreed_price", _("agreed price"), ordering="consent_amount")
created = moment_column("created_at", _("created"))
paid = moment_column("paid_at", _("paid"))
settled = moment_column("settled_at", _("settled"))
removed = moment_column("removed_at", _("removed"))
at = moment_column("at", _("at"))
next_charge = moment_column("charge_due_at", _("next charge"))
received = moment_column("received_at", _("received"))
done = moment_column("done_at", _("done"))
order_state = state_column("state", _("state"), Order.State, ORDER_COLOURS)
charge_state = state_column("state", _("state"), Charge.State, CHARGE_COLOURS)
subscription_state = state_column("state", _("state"), Subscription.State, SUBSCRIPTION_COLOURS)
event_state = state_column("state", _("state"), GatewayEvent.State, EVENT_COLOURS)


class ChargeInline(ReadOnlyInline):
    model = Charge
    fields = ("public_id", amount, "state", "decline_code", "gateway", "created_at", "settled_at")


class EntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ("at", "kind", "debit_account", "credit_account", amount)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        entries: QuerySet[LedgerEntry] = super().get_queryset(request)
        return entries.select_related("debit_account", "credit_account")


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "owner", "kind", order_state, total, "line", "plan", created, paid)
    list_filter = ("state", "kind", "currency", "created_at")
    list_select_related = ("owner", "line", "plan")
    search_fields = ("public_id", "owner__email", "owner__phone", "line__msisdn", "charges__public_id")
    ordering = ("-id",)
    shown_as = {"amount": total, "wallet_amount": wallet_part}
    inlines = (ChargeInline, EntryInline)


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "order", charge_state, amount, "method", "decline_code", created, settled)
    list_filter = ("state", "gateway", "off_session", "currency", "created_at")
    list_select_related = ("order", "method")
    search_fields = ("public_id", "gateway_payment_id", "order__public_id", "order__owner__email")
    ordering = ("-id",)
    shown_as = {"amount": amount}
    inlines = (EntryInline,)


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "owner", "expires_month", "expires_year", "is_default", "gateway", removed)
    list_filter = ("brand", "gateway", "is_default")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "owner__phone", "last_four", "public_id")
    ordering = ("-id",)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin):
    list_display = ("kind", "owner", "gateway", "currency", balance)
    list_filter = ("kind", "currency", "gateway")
    list_select_related = ("owner",)
    search_fields = ("owner__email", "owner__phone")
    ordering = ("kind", "currency", "-id")
    shown_as = {"balance": balance}


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = (at, "kind", "debit_account", "credit_account", amount, "order", "charge")
    list_filter = ("kind", "currency", "at")
    list_select_related = ("debit_account", "credit_account", "order", "charge")
    search_fields = ("key", "public_id", "order__public_id", "charge__public_id", "order__owner__email")
    ordering = ("-id",)
    shown_as = {"amount": amount}


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The subscriber can read it."), widget=UnfoldAdminTextareaWidget
    )


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("line", "plan", "mode", subscription_state, agreed_price, next_charge, "declines", "reason")
    list_filter = ("state", "mode", "pay_from", "currency", "charge_due_at")
    list_select_related = ("line", "plan")
    search_fields = ("public_id", "line__msisdn", "line__public_id", "line__owner__email")
    ordering = ("-id",)
    shown_as = {"consent_amount": agreed_price}
    actions_detail = ("pause", "resume")

    def has_pause_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return bool(request.user.has_perm("billing.change_subscription"))

    @action(  # type: ignore[untyped-decorator]
        description=_("Pause"),
        permissions=["pause"],
        url_path="pause",
        icon="pause",
        dialog={
            "title": _("Pause this auto-renewal?"),
            "description": _("Nothing is charged until it is resumed. The paid time goes on."),
            "form_class": ReasonForm,
            "form_submit_text": _("Pause"),
        },
    )
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        done = staff_pauses.pause(**self._told(request, form, object_id))
        return self._answer(request, done=done)

    @action(  # type: ignore[untyped-decorator]
        description=_("Resume"),
        permissions=["pause"],
        url_path="resume",
        icon="play_arrow",
        dialog={
            "title": _("Resume this auto-renewal?"),
            "description": _("It goes on from the end of the time paid for, at the price agreed to."),
            "form_class": ReasonForm,
            "form_submit_text": _("Resume"),
        },
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        try:
            done = staff_pauses.resume(**self._told(request, form, object_id))
        except NothingToContinue as error:
            self.message_user(request, error.sentence, messages.ERROR)
            return HttpResponseClientRefresh()
        return self._answer(request, done=done)

    def _told(self, request: HttpRequest, form: ReasonForm, object_id: str) -> dict[str, Any]:
        standing = Subscription.objects.select_related("line__owner", "plan")
        return {
            "subscription": get_object_or_404(standing, pk=object_id),
            "reason": form.cleaned_data["reason"],
            "actor": request.user if isinstance(request.user, User) else None,
            "ip": client_ip(request),
            "now": timezone.now(),
        }

    def _answer(self, request: HttpRequest, *, done: bool) -> HttpResponse:
        if done:
            self.message_user(request, gettext("Done. The reason is in the audit trail."), messages.SUCCESS)
        else:
            self.message_user(request, gettext("Nothing was changed: its state does not allow it."), messages.WARNING)
        return HttpResponseClientRefresh()


@admin.register(GatewayEvent)
class GatewayEventAdmin(ReadOnlyAdmin):
    list_display = (received, "gateway", "kind", event_state, "payment_id", "attempts", "error", done)
    list_filter = ("state", "gateway", "kind", "received_at")
    search_fields = ("event_id", "payment_id")
    ordering = ("-id",)
    actions = ("run_again",)

    def has_rerun_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("billing.change_gatewayevent"))

    @admin.action(description=_("Run again"), permissions=["rerun"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[GatewayEvent]) -> None:
        """Put events that are not done back to the start of the queue; applying one twice changes nothing."""
        state = GatewayEvent.State
        count = queryset.exclude(state=state.DONE).update(
            state=state.RECEIVED, attempts=0, error="", due_at=timezone.now()
        )
        told = gettext("To be run again: %(count)d. What is done stays done.") % {"count": count}
        self.message_user(request, told, messages.SUCCESS)
