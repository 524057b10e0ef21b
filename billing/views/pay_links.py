"""Asking somebody else to pay: the owner's page with the link, and the payer's, which needs no account."""

from functools import partial
from http import HTTPStatus
from typing import Any, cast

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SubscriberRequest, at_secret_address, client_ip
from accounts.locks import refuse_if_locked
from accounts.masking import masked_address
from billing import gateways, pay_links
from billing.charges import OrderNotPayable, PageRefused, PageUnavailable
from billing.forms import PayLinkForm, ReceiptForm
from billing.models import Order, PayLink
from billing.order_status import status_of
from billing.order_visits import look_again
from billing.pay_links import CannotShare
from billing.paying import StillBeingChecked
from billing.tasks import fulfil_order, nudge
from billing.views.leading_on import leads_to_gateway, to_gateway
from billing.views.own import own_order
from plans.terms import PlanTerms


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def pay_link(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show whether somebody can pay an order by link; a form makes one, whose address is shown this once."""
    order = own_order(request, public_id)
    if not pay_links.can_share(order):
        return redirect("billing:order", public_id)
    form = PayLinkForm(request.POST or None, names=pay_links.names_to_show(order))
    if not form.is_valid():
        return _own_page(request, order, form)
    refuse_if_locked(request.user)
    shown_as, ip = form.cleaned_data["shown_as"], client_ip(request)
    try:
        made = pay_links.make(order=order, by=request.user, shown_as=shown_as, ip=ip, now=timezone.now())
    except CannotShare as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("billing:order", public_id)
    return _own_page(request, order, form, address=_address(request, made.token))


@login_required
@require_POST
def withdraw_pay_link(request: SubscriberRequest, public_id: str) -> HttpResponse:
    order = own_order(request, public_id)
    if pay_links.withdraw(order=order, by=request.user, ip=client_ip(request), now=timezone.now()):
        messages.success(request, _("The link is of no use any more."))
    return redirect("billing:order", public_id)


@at_secret_address
@leads_to_gateway
@require_http_methods(["GET", "HEAD", "POST"])
def pay_for(request: HttpRequest, token: str) -> HttpResponse:
    """Show whoever has a link what is to be paid, and lead them to the page of the gateway."""
    limit = {"action": "pay_link_begin" if request.method == "POST" else "pay_link"}
    if refused := ratelimit.consume_or_429(request, limit_get=True, **limit):
        return cast("HttpResponse", refused)
    link = pay_links.link_of(token)
    if link is None:
        return render(request, "billing/pay_for_unknown.html", status=HTTPStatus.NOT_FOUND)
    return _begin(request, link, token) if request.method == "POST" else _payers_page(request, link, token)


def _own_page(request: SubscriberRequest, order: Order, form: PayLinkForm, *, address: str = "") -> HttpResponse:
    context = {
        "nav": "lines" if order.line else "billing",
        "order": order,
        "terms": PlanTerms.from_json(order.plan_terms) if order.plan_terms else None,
        "form": form,
        "names": pay_links.names_to_show(order),
        "address": address,
        "standing": PayLink.objects.filter(order=order).standing().first(),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound and form.errors else HTTPStatus.OK
    return render(request, "billing/pay_link.html", context, status=status)


def _payers_page(
    request: HttpRequest, link: PayLink, token: str, form: ReceiptForm | None = None, *, status: int = 200
) -> HttpResponse:
    charge = pay_links.latest_charge(link)
    if charge is not None and link.order.state == Order.State.PENDING:
        charge = look_again(charge=charge, gateways=gateways.by_name(), now=timezone.now())
        link.order.refresh_from_db()
        if link.order.state == Order.State.PAID:
            transaction.on_commit(partial(nudge, fulfil_order, order_id=link.order.pk))
    order, now = link.order, timezone.now()
    paid_here = charge is not None and charge.state == charge.State.SUCCEEDED
    context: dict[str, Any] = {
        "link": link,
        "order": order,
        "terms": PlanTerms.from_json(order.plan_terms) if order.plan_terms else None,
        "token": token,
        "zone": timezone.get_current_timezone_name(),
        "is_open": link.is_open(now),
        "is_paid_here": paid_here,
        "is_returned": paid_here and order.state in {Order.State.UNDELIVERABLE, Order.State.REFUNDED},
        "is_paid": order.paid_at is not None,
        "status": status_of(order, charge, to_install=False, now=now) if charge and not paid_here else None,
        "receipt_to": _receipt_to(link),
        "form": form or ReceiptForm(receipt_to=_receipt_to(link)),
    }
    return render(request, "billing/pay_for.html", context, status=status)


def _begin(request: HttpRequest, link: PayLink, token: str) -> HttpResponse:
    form = ReceiptForm(request.POST, receipt_to=_receipt_to(link))
    if not form.is_valid():
        return _payers_page(request, link, token, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        page = pay_links.begin(
            link=link,
            receipt_email=form.cleaned_data["email"],
            language=get_language() or "en",
            return_url=_address(request, token),
            gateway=gateways.chosen(),
            gateways=gateways.by_name(),
            now=timezone.now(),
        )
    except (OrderNotPayable, StillBeingChecked, PageUnavailable, PageRefused) as problem:
        messages.warning(request, problem.sentence)
        return redirect("billing:pay_for", token)
    return to_gateway(page) if page else redirect("billing:pay_for", token)


def _receipt_to(link: PayLink) -> str:
    return masked_address(link.receipt_email) if link.receipt_email else ""


def _address(request: HttpRequest, token: str) -> str:
    return request.build_absolute_uri(reverse("billing:pay_for", args=[token]))
