"""What every template may know."""

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from plans import announcements
from portal.lib.brand import brand as operator_brand


def brand(request: HttpRequest) -> dict[str, Any]:
    """Return the operator's name, look and contact channels, and whether this is a demo."""
    return {"brand": operator_brand()}


def banners(request: HttpRequest) -> dict[str, Any]:
    """Return the announcements on top of the page, looked up where a page shows them."""
    return {"banners": SimpleLazyObject(partial(announcements.banners, request))}
