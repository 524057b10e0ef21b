"""Orders, the charges that pay them, and what both wrote into the books."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.looked_at import RecordsLooks
from billing.admin.columns import amount, created, settled
from billing.admin.explaining import ExplainsOrder
from billing.admin.refund_dialogs import ChargeGivesBack, OrderGivesBack
from billing.models import Charge, Dispute, LedgerEntry, Order, Redemption, Refund
from portal.lib.staff import ReadOnlyAdmin, ReadOnlyInline, moment_column, money_column, person, state_column

ORDER_COLOURS = {
    "paid": "info",
    "fulfilling": "info",
    "fulfilled": "success",
    "undeliverable": "danger",
    "taking_back": "warning",
}
CHARGE_COLOURS = {"succeeded": "success", "declined": "danger", "unknown": "warning", "needs_action": "warning"}

total = money_column("total", _("total"), ordering="amount")
wallet_part = money_column("wallet_part", _("from the balance"))
refunded_wallet_part = money_column("refunded_wallet_part", _("given back to the balance"))
refunded = money_column("refunded", _("refunded"))
paid = moment_column("paid_at", _("paid"))
order_state = state_column("state", _("state"), Order.State, ORDER_COLOURS)
charge_state = state_column("state", _("state"), Charge.State, CHARGE_COLOURS)


class RedemptionInline(ReadOnlyInline):
    model = Redemption
    fields = (
        "__str__",
        "code",
        "state",
        money_column("price_before", _("price before")),
        money_column("money", _("taken off")),
    )


class ChargeInline(ReadOnlyInline):
    model = Charge
    fields = ("public_id", amount, "state", "decline_code", "gateway", "created_at", "settled_at")


class RefundInline(ReadOnlyInline):
    model = Refund
    fields = ("public_id", amount, "state", "goes_to", "reason", "created_at", "settled_at")


class DisputeInline(ReadOnlyInline):
    model = Dispute
    fields = ("public_id", amount, "state", "reason", "respond_by", "created_at")


class EntryInline(ReadOnlyInline):
    model = LedgerEntry
    fields = ("at", "kind", "debit_account", "credit_account", amount)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        entries: QuerySet[LedgerEntry] = super().get_queryset(request)
        return entries.select_related("debit_account", "credit_account")


@admin.register(Order)
class OrderAdmin(RecordsLooks, OrderGivesBack, ExplainsOrder, ReadOnlyAdmin):
    list_display = ("public_id", "owner", "kind", order_state, total, "line", "plan", created, paid)
    list_filter = ("state", "kind", "currency", "created_at")
    list_select_related = ("owner", "line", "plan")
    search_fields = ("public_id", *person("owner"), "line__msisdn", "charges__public_id")
    ordering = ("-id",)
    shown_as = {"amount": total, "wallet_amount": wallet_part, "refunded_wallet_amount": refunded_wallet_part}
    inlines = (ChargeInline, RedemptionInline, RefundInline, EntryInline)
    actions_detail = ("why", "give_back")


@admin.register(Charge)
class ChargeAdmin(ChargeGivesBack, ReadOnlyAdmin):
    list_display = ("public_id", "order", charge_state, amount, "method", "decline_code", created, settled)
    list_filter = ("state", "gateway", "off_session", "currency", "created_at")
    list_select_related = ("order", "method")
    search_fields = ("public_id", "gateway_payment_id", "order__public_id", *person("order__owner"))
    ordering = ("-id",)
    shown_as = {"amount": amount, "refunded_amount": refunded}
    inlines = (RefundInline, DisputeInline, EntryInline)
    actions_detail = ("give_back",)
