"""Pages that show several apps at once, and the portal's own small answers."""

from typing import cast

from allauth.core import ratelimit
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import calendar_links
from accounts.http import SubscriberRequest
from esim.models import Line
from portal.calendar_feed import calendar_of
from portal.dashboard import line_details
from portal.front_page import front_page
from portal.style_samples import style_samples


@login_required
@require_safe
def dashboard(request: SubscriberRequest) -> HttpResponse:
    return HttpResponse(front_page(request, with_hidden="hidden" in request.GET, now=timezone.now()))


@login_required
@require_safe
def line_page(request: SubscriberRequest, public_id: str) -> HttpResponse:
    now = timezone.now()
    try:
        view = line_details(user=request.user, public_id=public_id, now=now)
    except Line.DoesNotExist as error:
        raise Http404 from error
    template = "portal/line.html" if view.card.is_own else "portal/shared_line.html"
    return render(request, template, {"nav": "lines", "view": view, "card": view.card, "now": now})


@require_safe
@cache_control(private=True, no_store=True)
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Hand out the calendar to whoever has its private address: calendar programs do not sign in."""
    reader = calendar_links.reader_of(token)
    limit = {"action": "calendar", "key": reader.public_id} if reader else {"action": "calendar_unknown"}
    if refused := ratelimit.consume_or_429(request, limit_get=True, **limit):
        return cast("HttpResponse", refused)
    if reader is None:
        raise Http404
    content = calendar_of(reader, now=timezone.now())
    return HttpResponse(content, content_type="text/calendar; charset=utf-8", headers={"X-Robots-Tag": "noindex"})


@require_safe
def style_page(request: HttpRequest) -> HttpResponse:
    if not settings.PLAYGROUND:
        raise Http404
    return render(request, "portal/style.html", style_samples())


@require_safe
@cache_control(public=True, max_age=3600)
def brand_css(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f":root{{--brand-hue:{settings.PORTAL_BRAND_HUE}}}", content_type="text/css")
