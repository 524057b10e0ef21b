"""The catalogue as a page, rendered once a minute for each reader and search.

The whole page is kept, not only its rows: the frame around them costs more than the rest of the request. What
differs from request to request is the CSRF token, put in afterwards; a page with messages is not kept.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import get_language

from plans import announcements, catalogue
from plans.catalogue import PlanRow, Snapshot
from plans.models import Plan
from plans.models.terms import Region
from plans.offers import Offer, offers
from plans.search import SearchForm, is_common
from portal.lib import kept_pages


def catalogue_page(request: HttpRequest, *, currency: str, now: datetime) -> bytes:
    """Return the page as HTML: no query where it or its rows are cached, three otherwise."""
    key = _key(request, currency=currency)
    page = catalogue.at_hand.get(key) if key else None
    if page is None:
        page = _kept_page(request, key, currency=currency, now=now)
    if key:
        catalogue.at_hand.add(key, page)
    return kept_pages.for_request(request, page)


def _kept_page(request: HttpRequest, key: str, *, currency: str, now: datetime) -> bytes:
    version, page = catalogue.version_and_page(key) if key else (catalogue.version(), None)
    if page is None:
        snapshot = catalogue.snapshot(version=version, now=now)
        page = _render(request, snapshot, currency=currency, now=now)
        if key:
            seconds = (snapshot.holds_until - now).total_seconds()
            catalogue.keep_page(key, page, version=version, seconds=seconds)
    return page


def _key(request: HttpRequest, *, currency: str) -> str:
    """Name the page; "" where it is for this request only.

    A typed country would let a visitor fill the cache with pages nobody asks for twice.
    """
    if not (kept_pages.may_be_kept(request) and is_common(request.GET)):
        return ""
    reader = f"{request.user.pk}:{request.user}" if request.user.is_authenticated else ""
    banners = announcements.banners(request)
    return kept_pages.key_of("catalogue:page", get_language(), currency, request.get_full_path(), reader, banners)


def _render(request: HttpRequest, snapshot: Snapshot, *, currency: str, now: datetime) -> bytes:
    search = SearchForm({**request.GET.dict(), "currency": currency})
    matching = [row for row in snapshot.rows if search.matches(row)]
    found = search.sorted(_priced(matching, snapshot, currency=currency, now=now))
    plans = [offer for offer in found if offer.terms.kind == Plan.Kind.PLAN]
    context = {
        "nav": "plans",
        "search": search,
        "plans": plans,
        "regions": _by_region(plans) if search.is_in_staff_order else [],
        "data_packs": [offer for offer in found if offer.terms.is_data_pack],
        "support_href": _support_href(request.GET),
    }
    return kept_pages.draw(request, "plans/catalogue.html", context)


def _priced(rows: Sequence[PlanRow], snapshot: Snapshot, *, currency: str, now: datetime) -> list[Offer]:
    return offers(rows, currency=currency, among=snapshot.rows, promotions=snapshot.promotions, now=now)


def _by_region(plans: Sequence[Offer]) -> list[tuple[Region, list[Offer]]]:
    """Put offers under their regions; where all share one, its heading would say nothing."""
    regions: dict[str, list[Offer]] = {}
    for offer in plans:
        regions.setdefault(offer.terms.region, []).append(offer)
    return [(Region(name), some) for name, some in regions.items()] if len(regions) > 1 else []


def plan_context(plan: Plan, *, currency: str, now: datetime) -> dict[str, Any]:
    """Return what the page of one plan shows; a year is compared with the plans on sale."""
    row = PlanRow.of(plan, plan.prices_at(now))
    snapshot = catalogue.snapshot(version=catalogue.version(), now=now)
    return {
        "nav": "plans",
        "offer": _priced([row], snapshot, currency=currency, now=now)[0],
        "region": plan.get_region_display(),
        "is_preview": not plan.is_sold(now),
    }


def _support_href(asked: QueryDict) -> str:
    """Return the address of a request for help that carries the search."""
    query = asked.copy()
    query["from"] = "plans"
    return f"{reverse('new_ticket')}?{query.urlencode()}"
