"""Plans that wait their turn: seeing them, changing their places, starting one now, cancelling one."""

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SubscriberRequest, client_ip
from billing import purchases, queue_endings, queueing
from billing.models import QueuedPlan, QueuedPlanQuerySet, Refund
from billing.queue_pages import queue_of, turn_of
from billing.queue_starting import early_start
from billing.queueing import CannotStart, NotWaiting
from billing.refund_offers import CannotRefund
from billing.refund_words import can_be_balance, ways_back
from billing.tasks import fulfil_order, nudge, return_money
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.saying import join_sentences


@login_required
@require_safe
def queue(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = purchases.find_line(public_id=public_id, buyer=request.user)
    if line is None:
        raise Http404
    view = queue_of(line, reader=request.user, now=timezone.now())
    return render(request, "billing/queue.html", {"nav": "lines", "line": line, "queue": view})


@login_required
@require_POST
def move(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Have a plan change places with the one before it or behind it."""
    queued = _or_404(QueuedPlan.objects.owned_by(request.user), public_id)
    try:
        queueing.swap(queued=queued, earlier=request.POST.get("to") != "later")
    except NotWaiting as refusal:
        messages.warning(request, refusal.sentence)
    return redirect("billing:queue", queued.line.public_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Say what is lost by starting a plan before its turn; then start it."""
    queued = _or_404(QueuedPlan.objects.owned_by(request.user), public_id)
    now = timezone.now()
    if request.method == "POST":
        return _start(request, queued)
    if queued.state != QueuedPlan.State.WAITING:
        return redirect("billing:order", queued.order.public_id)
    context = {
        "terms": _terms(queued),
        "start": early_start(queued=queued, now=now),
        "turn": turn_of(queued.order, now=now),
    }
    return render(
        request, "billing/queue_start.html", {"nav": "lines", "queued": queued, "line": queued.line, **context}
    )


def _start(request: SubscriberRequest, queued: QueuedPlan) -> HttpResponse:
    try:
        queueing.start_now(queued=queued, actor=request.user, ip=client_ip(request), now=timezone.now())
    except (NotWaiting, CannotStart) as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("billing:queue", queued.line.public_id)
    transaction.on_commit(partial(nudge, fulfil_order, order_id=queued.order_id))
    if queued.order.owner_id != request.user.pk:
        messages.success(request, _("The plan begins now. Give the network a minute."))
        return redirect("line", queued.line.public_id)
    return redirect("billing:order", queued.order.public_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Say what goes back by cancelling a plan that has not begun; then cancel it."""
    queued = _or_404(QueuedPlan.objects.bought_by(request.user), public_id)
    if request.method == "POST":
        return _cancel(request, queued)
    if queued.state != QueuedPlan.State.WAITING:
        return redirect("billing:order", queued.order.public_id)
    context = {"nav": "lines", "queued": queued, "line": queued.line, "terms": _terms(queued)}
    try:
        parts = queue_endings.offer_of(queued)
    except CannotRefund as problem:
        return render(request, "billing/queue_cancel.html", {**context, "problem": problem.sentence})
    ways = ways_back(parts)
    choice = {"can_be_balance": can_be_balance(parts), "the_way_it_came": join_sentences(*ways), "ways": ways}
    total = sum((part.money for part in parts), Money.zero(queued.order.currency))
    return render(request, "billing/queue_cancel.html", {**context, **choice, "total": total})


def _cancel(request: SubscriberRequest, queued: QueuedPlan) -> HttpResponse:
    to_balance = request.POST.get("goes_to") == Refund.Destination.BALANCE
    goes_to = Refund.Destination.BALANCE if to_balance else Refund.Destination.PAYER
    try:
        queue_endings.cancel(
            queued=queued, goes_to=goes_to, actor=request.user, ip=client_ip(request), now=timezone.now()
        )
    except NotWaiting:
        pass  # pressed twice, or begun meanwhile: the order's page says the rest
    except CannotRefund as problem:
        messages.warning(request, str(problem.sentence))
        return redirect("billing:queue_cancel", queued.public_id)
    else:
        transaction.on_commit(partial(nudge, return_money, order_id=queued.order_id))
    return redirect("billing:order", queued.order.public_id)


def _or_404(queued: QueuedPlanQuerySet, public_id: str) -> QueuedPlan:
    return get_object_or_404(queued.select_related("line", "order__plan", "order__owner"), public_id=public_id)


def _terms(queued: QueuedPlan) -> PlanTerms:
    return PlanTerms.from_json(queued.order.plan_terms)
