"""Who the operator is, as pages and letters name it."""

from typing import TypedDict

from django.conf import settings


class Brand(TypedDict):
    name: str
    logo_url: str
    support_email: str
    support_phone: str
    support_hours: str
    demo: bool


def brand() -> Brand:
    """Return the operator's name, look and contact channels, and whether this is a demo."""
    return {
        "name": settings.PORTAL_BRAND_NAME,
        "logo_url": settings.PORTAL_BRAND_LOGO,
        "support_email": settings.PORTAL_SUPPORT_EMAIL,
        "support_phone": settings.PORTAL_SUPPORT_PHONE,
        "support_hours": settings.PORTAL_SUPPORT_HOURS,
        "demo": settings.DEMO,
    }
