"""One order: its live timeline, its end where nobody pays it, its receipt."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import kept_on_device
from accounts.http import SubscriberRequest
from accounts.models import Ticket
from billing import expiry, gateways, overdue, pay_links, purchases, redemptions
from billing.discount_words import rows_of
from billing.forms import PayForm
from billing.models import Charge, Order
from billing.order_status import Status, moment, status_of, title_of
from billing.order_steps import steps_of
from billing.order_visits import look_again
from billing.queue_pages import turn_of
from billing.refund_words import RefundRow, refund_row
from billing.tasks import fulfil_order, nudge
from billing.views.leading_on import leads_to_gateway
from billing.views.own import can_give_back, own_order, sees_line
from billing.ways_to_pay import ways_to_pay
from esim.installing import current_profile, is_to_install
from plans.terms import PlanTerms


@login_required
@leads_to_gateway
@require_safe
def order(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show where the order stands; htmx asks for the changing part alone, a reload for the whole page."""
    found = own_order(request, public_id)
    charge = _latest_charge(found)
    to_install = _is_to_install(found)
    now = timezone.now()
    ticket = overdue.ticket_of(found, promise=settings.PORTAL_PROMISE, now=now)
    turn = turn_of(found, now=now)
    status = status_of(found, charge, to_install=to_install, now=now, is_late=ticket is not None, turn=turn)
    context = _order_context(found, charge, status, ticket) | {"to_install": to_install}
    if status.can_pay:
        kinds = gateways.chosen().kinds_of_means(found.currency)
        means = purchases.means(user=request.user, price=found.to_charge, now=now)
        context |= {"form": PayForm(owner=request.user), "ways": ways_to_pay(means, kinds=kinds)}
    return render(request, "billing/order_live.html" if request.htmx else "billing/order.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Say what cancelling does, then do it; an order paid meanwhile stands."""
    found = own_order(request, public_id)
    if found.state != Order.State.PENDING:
        return redirect("billing:order", public_id)
    if request.method != "POST":
        return render(request, "billing/cancel_order.html", {"nav": "billing", "order": found})
    ended = expiry.cancel_order(order=found, gateways=gateways.by_name(), now=timezone.now())
    if ended.state == Order.State.PENDING:
        messages.warning(request, _("A payment of this order is being checked with the bank. Nothing was changed."))
    return redirect("billing:order", public_id)


@login_required
@require_safe
def receipt(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show what was paid, for printing; an unpaid order has no receipt and leads to its page."""
    found = own_order(request, public_id)
    if found.paid_at is None:
        return redirect("billing:order", public_id)
    return render(request, "billing/receipt.html", _receipt_context(found))


@login_required
@require_POST
@cache_control(private=True, no_store=True)
def keep_receipt(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Answer with the receipt that a script then keeps on this device, to be read there without a connection."""
    found = own_order(request, public_id)
    if found.paid_at is None:
        return redirect("billing:order", public_id)
    context = {**_receipt_context(found), "kept_at": timezone.now()}
    response = render(request, "billing/receipt_kept.html", context)
    kept_on_device.mark(response, user=request.user)
    return response


def _receipt_context(order: Order) -> dict[str, Any]:
    paid = order.charges.filter(state=Charge.State.SUCCEEDED).select_related("method")
    terms = PlanTerms.from_json(order.plan_terms) if order.plan_terms else None
    refunds = _refunds(order)
    return {"nav": "billing", "order": order, "charges": paid, "terms": terms, "refunds": refunds, **_offers(order)}


def _offers(order: Order) -> dict[str, Any]:
    return {"list_price": redemptions.list_price_of(order), "offer_rows": rows_of(redemptions.shown_with(order))}


def _order_context(order: Order, charge: Charge | None, status: Status, ticket: Ticket | None) -> dict[str, Any]:
    return {
        "nav": "billing" if order.line is None else "lines",
        "title": title_of(order),
        "order": order,
        "ordered": moment(order.created_at),
        "charge": charge,
        "terms": PlanTerms.from_json(order.plan_terms) if order.plan_terms else None,
        "status": status,
        "ticket": ticket,
        "steps": steps_of(order, status, _refunds(order), ticket.opened_at if ticket else None),
        "can_give_back": can_give_back(order),
        # Not while a payment is on its way: two people would pay.
        "can_share": status.can_pay and pay_links.can_share(order),
        "sees_line": sees_line(order),
        **_offers(order),
    }


def _refunds(order: Order) -> list[RefundRow]:
    shown = order.refunds.shown_to_owner().select_related("charge__method", "order").order_by("pk")
    return [refund_row(refund) for refund in shown]


def _is_to_install(order: Order) -> bool:
    if order.kind != Order.Kind.NEW_LINE or order.state != Order.State.FULFILLED or order.line is None:
        return False
    return is_to_install(current_profile(order.line))


def _latest_charge(order: Order) -> Charge | None:
    """Return the last attempt to pay, asked about anew where it is open; what is paid is delivered at once."""
    charge = order.charges.select_related("method").order_by("pk").last()
    if charge is None or order.state != Order.State.PENDING:
        return charge
    charge = look_again(charge=charge, gateways=gateways.by_name(), now=timezone.now())
    order.refresh_from_db(fields=["state", "paid_at", "confirmed_at", "accepted_at", "sent_at", "fulfil_due_at"])
    if order.state == Order.State.PAID:
        transaction.on_commit(partial(nudge, fulfil_order, order_id=order.pk))
    return charge
