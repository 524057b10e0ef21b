"""What every template may know."""

from typing import Any

from django.http import HttpRequest

from portal.lib.brand import brand as operator_brand


def brand(request: HttpRequest) -> dict[str, Any]:
    """Return the operator's name, look and contact channels, and whether this is a demo."""
    return {"brand": operator_brand()}
