"""A coupon as buyers would meet it, for staff who may look at coupons."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from billing.coupon_previews import preview_of
from plans.currency import chosen_currency
from plans.models import Coupon
from portal.lib.staff import may_look_at


@login_required
@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    found = Coupon.objects.filter(slug=slug).first()
    if found is None or not may_look_at(request, Coupon):
        raise Http404
    currency = chosen_currency(request)
    shown = preview_of(found, plan_id=request.GET.get("plan", ""), currency=currency, now=timezone.now())
    context = {"nav": "plans", "preview": shown, "currency": currency, "currencies": settings.PORTAL_CURRENCIES}
    return render(request, "billing/coupon_preview.html", context)
