"""Why something was charged."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SubscriberRequest
from billing.order_status import title_of
from billing.views.own import can_give_back, own_order
from billing.why import explanation_of


@login_required
@require_safe
def why(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show what led to an order, who had been told, and what can be done now."""
    order = own_order(request, public_id)
    context = {
        "nav": "billing" if order.line is None else "lines",
        "order": order,
        "title": title_of(order),
        "why": explanation_of(order),
        "can_give_back": can_give_back(order),
    }
    return render(request, "billing/why.html", context)
