"""The subscriber's own rows behind an address; anybody else's are not found."""

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.http import SubscriberRequest
from billing.models import Order
from billing.refund_offers import CannotRefund, refund_offer
from esim import carriers
from esim.models import Line


def own_order(request: SubscriberRequest, public_id: str) -> Order:
    """Return an order with what its pages show of it; raises Http404."""
    owned = Order.objects.owned_by(request.user).select_related("line", "subscription", "owner", "plan")
    return get_object_or_404(owned, public_id=public_id)


def sees_line(order: Order) -> bool:
    """Tell whether the page of an order may lead to its line: a former payer's may not. One query for other's lines."""
    if order.line is None or order.line.owner_id == order.owner_id:
        return order.line is not None
    return Line.objects.visible_to(order.owner).filter(pk=order.line.pk).exists()


def can_give_back(order: Order) -> bool:
    """Tell whether the page of an order offers the money back."""
    within = settings.PORTAL_REFUND_WINDOW
    try:
        refund_offer(order=order, carrier=carriers.chosen(), within=within, now=timezone.now())
    except CannotRefund:
        return False
    return True
