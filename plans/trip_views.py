"""Which plan a trip takes: for visitors, and for lines without a history."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from plans import catalogue
from plans.advice_confidence import Confidence
from plans.advice_words import Advice, advise, candidates
from plans.catalogue import Snapshot
from plans.currency import chosen_currency, remember_currency
from plans.trip_forms import TripForm
from plans.trips import Trip


@require_safe
def trip(request: HttpRequest) -> HttpResponse:
    """Ask for a trip, and rank the plans for the one that the address names."""
    now = timezone.now()
    sold = catalogue.snapshot(version=catalogue.version(), now=now)
    currency = chosen_currency(request)
    form = TripForm(request.GET if "first" in request.GET else None, rows=sold.rows, currency=currency)
    context: dict[str, Any] = {"nav": "plans", "form": form}
    if form.is_bound and form.is_valid():
        context["trip"], context["advice"] = form.trip, _advice(form.trip, sold, currency=currency, now=now)
        context |= {"shown": context["advice"].steps(request.GET.get("plan", "")), **_addresses(request.GET)}
    response = render(request, "plans/trip.html", context)
    remember_currency(request, response, currency)
    return response


def _advice(trip: Trip, sold: Snapshot, *, currency: str, now: datetime) -> Advice:
    plans, packs = candidates(
        sold.rows, currency=currency, countries=trip.countries, goes_on=False, promotions=sold.promotions, now=now
    )
    return advise(trip.days, plans=plans, packs=packs, confidence=Confidence.ROUGH, goes_on=False, currency=currency)


def _addresses(asked: QueryDict) -> dict[str, str]:
    """Return what the page's own links carry: the same trip, for a plan of it and for support."""
    query = urlencode({name: value for name, value in asked.items() if value and name != "plan"})
    return {"query": query, "ask": f"from=trip&{query}"}
