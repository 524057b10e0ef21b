"""What is owed, line by line, and settling it through the check page of every purchase."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SubscriberRequest
from billing import arrears
from billing.arrears import NothingOwed
from billing.models import Dispute, Order
from billing.views.checking import check
from billing.views.leading_on import leads_to_gateway
from billing.views.placing import Sale


@login_required
@require_safe
def overview(request: SubscriberRequest) -> HttpResponse:
    owed = arrears.owed(request.user, now=timezone.now())
    return render(request, "billing/arrears.html", {"nav": "billing", "owed": owed})


@login_required
@leads_to_gateway
@require_http_methods(["GET", "HEAD", "POST"])
def settle(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Settle all that is owed for the line of a payment that the bank took back."""
    dispute = get_object_or_404(Dispute.objects.owned_by(request.user), public_id=public_id)
    line = dispute.charge.order.line
    debts = arrears.owed_with(dispute)
    if not debts and request.method != "POST":
        messages.info(request, NothingOwed.sentence)
        return redirect("billing:arrears")
    price = arrears.sum_of(debts or [dispute])
    try:
        return check(request, Sale(kind=Order.Kind.ARREARS, price=price, line=line))
    except NothingOwed as refusal:
        messages.info(request, refusal.sentence)
        return redirect("billing:arrears")
