"""Billing at a glance, and its three lists."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.http import SubscriberRequest
from billing import arrears, bill_records, ledger
from billing.models import Charge, Invoice, LedgerAccount, Order, PaymentMethod, Refund, TopUpRule
from billing.referral_pages import reward_in
from billing.refund_words import refund_row
from billing.statement import movement_of
from portal.lib.csv_rows import csv_download

A_PAGE = 20
AT_A_GLANCE = 5
DOCUMENTS_AT_A_GLANCE = 3


@login_required
@require_safe
def overview(request: SubscriberRequest) -> HttpResponse:
    """Show the balances, the saved cards, the latest orders and the latest invoices."""
    user = request.user
    wallets = LedgerAccount.objects.owned_by(user).order_by("currency")
    now = timezone.now()
    context = {
        "nav": "billing",
        "now": now,
        "balances": ledger.own_first(wallets, currency=user.currency),
        "methods": PaymentMethod.objects.owned_by(user).usable().order_by("-is_default", "-pk"),
        "low_balance": _low_balance(user),
        "owes": arrears.owes(user, now=now),
        "reward": reward_in(user.currency),
        "orders": _orders(user)[:AT_A_GLANCE],
        "refunds": [refund_row(refund) for refund in _refunds(user)[:AT_A_GLANCE]],
        "invoices": _invoices(user)[:DOCUMENTS_AT_A_GLANCE],
    }
    return render(request, "billing/overview.html", context)


@login_required
@require_safe
def orders(request: SubscriberRequest) -> HttpResponse:
    return _list(request, "billing/orders.html", _orders(request.user))


@login_required
@require_safe
def orders_csv(request: SubscriberRequest) -> HttpResponseBase:
    return csv_download(bill_records.sheet_of(request.user), name=_("Orders.csv"))


@login_required
@require_safe
def charges(request: SubscriberRequest) -> HttpResponse:
    attempts = Charge.objects.owned_by(request.user).select_related("order__line", "method")
    return _list(request, "billing/charges.html", attempts.order_by("-created_at", "-pk"))


@login_required
@require_safe
def charges_csv(request: SubscriberRequest) -> HttpResponseBase:
    return csv_download(bill_records.payments_of(request.user), name=_("Payments.csv"))


@login_required
@require_safe
def movements_csv(request: SubscriberRequest) -> HttpResponseBase:
    return csv_download(bill_records.movements_of(request.user), name=_("Balance.csv"))


@login_required
@require_safe
def movements(request: SubscriberRequest) -> HttpResponse:
    """Show what came into and went out of the balances."""
    entries = ledger.movements_of(request.user)
    return _list(request, "billing/movements.html", entries, shown_as=movement_of)


def _low_balance(user: Any) -> Any:
    rules = TopUpRule.objects.owned_by(user).of_kind(TopUpRule.Kind.BALANCE)
    return rules.filter(currency=user.currency, is_on=True).first()


def _invoices(user: Any) -> Any:
    return Invoice.objects.owned_by(user).select_related("corrects", "order").latest_first()


def _orders(user: Any) -> Any:
    return Order.objects.owned_by(user).select_related("line", "plan").order_by("-created_at", "-pk")


def _refunds(user: Any) -> Any:
    shown = Refund.objects.owned_by(user).shown_to_owner()
    return shown.select_related("charge__method", "order").order_by("-pk")


def _list(request: SubscriberRequest, template: str, rows: Any, *, shown_as: Any = None) -> HttpResponse:
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    items = [shown_as(row) for row in page] if shown_as else page.object_list
    return render(request, template, {"nav": "billing", "page_obj": page, "items": items})
