"""The public pages of what is sold."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from plans.currency import chosen_currency, remember_currency
from plans.models import Plan, Promotion
from plans.pages import catalogue_page, plan_context
from plans.previews import preview_of
from portal.lib.staff import may_look_at


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    currency = chosen_currency(request)
    response = HttpResponse(catalogue_page(request, currency=currency, now=timezone.now()))
    remember_currency(request, response, currency)
    return response


@login_required
@require_safe
def promotion_preview(request: HttpRequest, slug: str) -> HttpResponse:
    """Show staff who may look at promotions what one would make of the plans."""
    found = Promotion.objects.filter(slug=slug).first()
    if found is None or not may_look_at(request, Promotion):
        raise Http404
    currency = chosen_currency(request)
    shown = preview_of(found, currency=currency, now=timezone.now())
    context = {"nav": "plans", "preview": shown, "currency": currency, "currencies": settings.PORTAL_CURRENCIES}
    return render(request, "plans/promotion_preview.html", context)


@require_safe
def plan(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show everything about a plan; before it is on sale, to staff who may look at plans."""
    now, currency = timezone.now(), chosen_currency(request)
    found = Plan.objects.filter(public_id=public_id).prefetch_related("prices").first()
    if found is None or not (found.is_sold(now) or may_look_at(request, Plan)):
        raise Http404
    response = render(request, "plans/plan.html", plan_context(found, currency=currency, now=now))
    remember_currency(request, response, currency)
    return response
