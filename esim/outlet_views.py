"""The public pages of the outlets.

Where somebody is comes in the body of a POST and goes no further: not into an address, a log, a session or a row.
"""

from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from esim import outlet_pages
from esim.models import Outlet
from esim.outlet_forms import FindForm
from portal.lib.staff import may_look_at


@sensitive_post_parameters("where")
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def outlets(request: HttpRequest) -> HttpResponse:
    """Show the outlets: all of them by city, those of a city, or those around a position."""
    now = timezone.now()
    form = FindForm(request.POST or None)
    context = {"nav": "help", "form": form}
    if form.is_bound and not form.is_valid():
        return render(request, "esim/outlets.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if form.is_bound:
        wanted = form.cleaned_data
        context["found"] = outlet_pages.find(where=wanted["where"], radius_km=int(wanted["radius"]), now=now)
    else:
        context["cities"] = outlet_pages.by_city(list(Outlet.objects.open_to_public()), now=now)
    return render(request, "esim/outlets.html", context)


@require_safe
def outlet(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show everything about an outlet; one that is hidden, to staff who may look at outlets."""
    found = Outlet.objects.filter(public_id=public_id).first()
    if found is None or not (found.is_active or may_look_at(request, Outlet)):
        raise Http404
    now = timezone.now()
    context = {
        "nav": "help",
        "card": outlet_pages.card(found, now=now),
        "week": outlet_pages.week_of(found, now=now),
        "exceptions": outlet_pages.exceptions_of(found, now=now),
    }
    return render(request, "esim/outlet.html", context)
