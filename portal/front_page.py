"""The front page as HTML, kept for a minute by what it shows.

Two queries tell whether anything changed; drawing the page again costs ten times as much. The names and prices of
plans may be a minute old: what is paid is checked where it is paid.
"""

from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import get_language

from accounts.http import SubscriberRequest
from plans import announcements
from portal.dashboard import overview
from portal.lib import kept_pages
from portal.line_rows import ANNOTATIONS, FrontRows, front_rows

KEPT_SECONDS = 60


def front_page(request: SubscriberRequest, *, with_hidden: bool, now: datetime) -> bytes:
    """Return the page: three queries with the reader's own where it was drawn before, five where it was not."""
    rows = front_rows(request.user)
    key = _key(request, rows=rows, with_hidden=with_hidden, now=now) if kept_pages.may_be_kept(request) else ""
    page = cache.get(key) if key else None
    if page is None:
        view = overview(rows=rows, user=request.user, now=now, with_hidden=with_hidden)
        context = {"nav": "lines", "view": view, "with_hidden": with_hidden}
        page = kept_pages.draw(request, "portal/dashboard.html", context)
        if key:
            cache.set(key, page, timeout=KEPT_SECONDS)
    return kept_pages.for_request(request, page)


def _key(request: SubscriberRequest, *, rows: FrontRows, with_hidden: bool, now: datetime) -> str:
    """Name the page by everything that it depends on, whole rows, so that no column is forgotten."""
    # To the minute: the page says as of when it is, and plans begin and end.
    minute = timezone.localtime(now).strftime("%Y-%m-%dT%H:%M%z")
    told_apart = (get_language(), request.get_full_path(), with_hidden, minute, _columns(request.user))
    seen = [(_columns(line), [getattr(line, name) for name in ANNOTATIONS], _related(line)) for line in rows.lines]
    wallets = [_columns(wallet) for wallet in rows.wallets]
    return kept_pages.key_of(f"front:{request.user.pk}", told_apart, seen, wallets, announcements.banners(request))


def _related(line: Any) -> Any:
    subscription = getattr(line, "subscription", None)
    return subscription and (_columns(subscription), subscription.method and _columns(subscription.method))


def _columns(row: Model) -> list[Any]:
    return [getattr(row, field.attname) for field in row._meta.concrete_fields]  # noqa: SLF001
