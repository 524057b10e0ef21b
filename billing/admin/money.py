"""Saved cards, accounts and the movements between them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from billing.admin.columns import amount
from billing.admin.leftovers import ClearsLeftovers
from billing.admin.payouts import PaysOut
from billing.models import LedgerAccount, LedgerEntry, PaymentMethod
from portal.lib.staff import ReadOnlyAdmin, moment_column, money_column, person

balance = money_column("money", _("balance"), ordering="balance")
removed = moment_column("removed_at", _("removed"))
at = moment_column("at", _("at"))


@admin.register(PaymentMethod)
class PaymentMethodAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "owner", "expires_month", "expires_year", "is_default", "gateway", removed)
    list_filter = ("brand", "gateway", "is_default")
    list_select_related = ("owner",)
    search_fields = (*person("owner"), "last_four", "public_id")
    ordering = ("-id",)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ClearsLeftovers, PaysOut, ReadOnlyAdmin):
    list_display = ("kind", "owner", "gateway", "currency", balance)
    list_filter = ("kind", "currency", "gateway", "owner__closings__state")
    list_select_related = ("owner",)
    search_fields = person("owner")
    ordering = ("kind", "currency", "-id")
    shown_as = {"balance": balance}
    actions_detail = ("clear", "pay_out")


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = (at, "kind", "debit_account", "credit_account", amount, "order", "charge")
    list_filter = ("kind", "currency", "at")
    list_select_related = ("debit_account", "credit_account", "order", "charge")
    search_fields = ("key", "order__public_id", "charge__public_id", *person("order__owner"))
    ordering = ("-id",)
    shown_as = {"amount": amount}
