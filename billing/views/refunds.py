"""Giving an order back."""

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SubscriberRequest, client_ip
from billing import taking_back, undelivered
from billing.models import Order, Refund
from billing.order_status import title_of
from billing.refund_offers import AlreadyUndone, CannotRefund, refund_offer
from billing.refund_words import can_be_balance, ways_back
from billing.tasks import nudge, return_money
from billing.views.own import own_order
from esim import carriers
from portal.lib.money import Money
from portal.lib.saying import join_sentences


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Say what giving an order back does, or why it can't be; then do it."""
    order = own_order(request, public_id)
    if request.method == "POST":
        return _give_back(request, order)
    context = {"nav": "billing" if order.line is None else "lines", "order": order, "title": title_of(order)}
    within = settings.PORTAL_REFUND_WINDOW
    try:
        parts = refund_offer(order=order, carrier=carriers.chosen(), within=within, now=timezone.now())
    except CannotRefund as problem:
        return render(request, "billing/refund.html", {**context, "problem": problem.sentence})
    ways = ways_back(parts)
    choice = {"can_be_balance": can_be_balance(parts), "the_way_it_came": join_sentences(*ways)}
    total = sum((part.money for part in parts), Money.zero(order.currency))
    return render(request, "billing/refund.html", {**context, **choice, "ways": ways, "total": total})


def _give_back(request: SubscriberRequest, order: Order) -> HttpResponse:
    try:
        _begin(request, order)
    except AlreadyUndone:
        pass  # the button was pressed twice; the order's page says the rest
    except CannotRefund as problem:
        messages.warning(request, str(problem.sentence))
        return redirect("billing:refund", order.public_id)
    else:
        transaction.on_commit(partial(nudge, return_money, order_id=order.pk))
    return redirect("billing:order", order.public_id)


def _begin(request: SubscriberRequest, order: Order) -> None:
    ip, now = client_ip(request), timezone.now()
    if order.state == Order.State.UNDELIVERABLE:
        undelivered.pay_back(order=order, ip=ip, now=now)
        return
    to_balance = request.POST.get("goes_to") == Refund.Destination.BALANCE
    taking_back.undo(
        order=order,
        goes_to=Refund.Destination.BALANCE if to_balance else Refund.Destination.PAYER,
        ip=ip,
        carrier=carriers.chosen(),
        within=settings.PORTAL_REFUND_WINDOW,
        now=now,
    )
