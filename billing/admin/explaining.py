"""Why an order was charged, for staff: what its buyer reads, with the same words."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from billing.models import Order
from billing.why import explanation_of


class ExplainsOrder:
    """Adds the page to the orders of the staff site."""

    admin_site: Any

    @action(description=_("Why was it charged?"), permissions=["view"], url_path="why", icon="help")  # type: ignore[untyped-decorator]
    def why(self, request: HttpRequest, object_id: str) -> HttpResponse:
        orders = Order.objects.select_related("owner", "line", "plan", "subscription", "agreement", "top_up_rule")
        order = get_object_or_404(orders, pk=object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": order.public_id,
            "order": order,
            "why": explanation_of(order),
        }
        return render(request, "admin/why.html", context)
