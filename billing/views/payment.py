"""Paying an order: going on to the gateway's page, paying another way, confirming with the bank.

Opening a page takes no money, so a link may do it; whatever may charge a kept card answers to a form only.
"""

from contextlib import nullcontext
from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.fresh_proof import ask_first, is_fresh
from accounts.http import SubscriberRequest, client_ip
from accounts.locks import refuse_if_locked
from billing import card_consent, gateways, paying, purchases
from billing.charges import OrderNotPayable, PageRefused, PageUnavailable
from billing.confirmation import ProofNeeded, without_proof
from billing.forms import PayForm
from billing.models import Order
from billing.paying import StillBeingChecked
from billing.tasks import fulfil_order, nudge
from billing.views.leading_on import charge_soon, leads_to_gateway, to_gateway
from billing.views.own import own_order
from billing.ways_to_pay import ways_to_pay


@login_required
@leads_to_gateway
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Lead to the page of the payment under way; a POST chooses another way to pay and begins that."""
    order = own_order(request, public_id)
    if order.state != Order.State.PENDING:
        return redirect("billing:order", public_id)
    return _pay_another_way(request, order) if request.method == "POST" else _lead_on(request, order)


@login_required
@leads_to_gateway
@require_safe
def another_way(request: SubscriberRequest, public_id: str) -> HttpResponse:
    order = own_order(request, public_id)
    if order.state != Order.State.PENDING:
        return redirect("billing:order", public_id)
    return _render_ways(request, order, PayForm(owner=request.user))


@login_required
@leads_to_gateway
@require_POST
def confirm(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Let the payer confirm with the bank what could not be charged without them."""
    order = own_order(request, public_id)
    if order.state != Order.State.PENDING:
        return redirect("billing:order", public_id)
    try:
        paying.confirm_with_bank(
            order=order,
            card_consent=card_consent.given(ip=client_ip(request), now=timezone.now()),
            gateway=gateways.chosen(),
            gateways=gateways.by_name(),
            now=timezone.now(),
        )
    except (StillBeingChecked, OrderNotPayable) as problem:
        messages.warning(request, problem.sentence)
        return redirect("billing:order", public_id)
    return _lead_on(request, order)


def _lead_on(request: SubscriberRequest, order: Order) -> HttpResponse:
    order_url = reverse("billing:order", args=[order.public_id])
    try:
        page = paying.page_of(
            order=order,
            gateways=gateways.by_name(),
            return_url=request.build_absolute_uri(order_url),
            locale=get_language() or "en",
            now=timezone.now(),
        )
    except (PageUnavailable, PageRefused, OrderNotPayable, StillBeingChecked) as problem:
        messages.error(request, problem.sentence)
        return redirect(order_url)
    if not page:
        transaction.on_commit(partial(nudge, fulfil_order, order_id=order.pk))
    return to_gateway(page) if page else redirect(order_url)


def _pay_another_way(request: SubscriberRequest, order: Order) -> HttpResponse:
    form = PayForm(request.POST, owner=request.user)
    if not form.is_valid() or form.from_balance_only:
        return _render_ways(request, order, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if form.method is not None:
        refuse_if_locked(request.user)
    now = timezone.now()
    kept_card_pays_unproved = form.method is not None and not is_fresh(request)
    keeps_card = form.cleaned_data["keep_card"] and form.method is None
    counted = without_proof(order.to_charge, payer=request.user, now=now) if kept_card_pays_unproved else nullcontext()
    try:
        with counted:
            paying.begin_another_way(
                order=order,
                method=form.method,
                card_consent=card_consent.given(ip=client_ip(request), now=now) if keeps_card else None,
                gateway=gateways.chosen(),
                gateways=gateways.by_name(),
                now=now,
            )
    except ProofNeeded:
        return ask_first(request)
    except (StillBeingChecked, OrderNotPayable) as problem:
        messages.warning(request, problem.sentence)
        return redirect("billing:order", order.public_id)
    if form.method is None:
        return _lead_on(request, order)
    charge_soon(order.pk)
    return redirect("billing:order", order.public_id)


def _render_ways(request: SubscriberRequest, order: Order, form: PayForm, *, status: int = 200) -> HttpResponse:
    means = purchases.means(user=request.user, price=order.to_charge, now=timezone.now())
    kinds = gateways.chosen().kinds_of_means(order.currency)
    context = {"nav": "billing", "order": order, "form": form, "ways": ways_to_pay(means, kinds=kinds)}
    return render(request, "billing/another_way.html", context, status=status)
