"""What every template may know."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def brand(request: HttpRequest) -> dict[str, Any]:
    """Return the operator's name, look and contact channels, and whether this is a demo."""
    return {
        "brand": {
            "name": settings.PORTAL_BRAND_NAME,
            "logo_url": settings.PORTAL_BRAND_LOGO,
            "support_email": settings.PORTAL_SUPPORT_EMAIL,
            "support_phone": settings.PORTAL_SUPPORT_PHONE,
            "support_hours": settings.PORTAL_SUPPORT_HOURS,
            "demo": settings.DEMO,
        }
    }
