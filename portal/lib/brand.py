"""Who the operator is, as pages, letters and invoices name it."""

from typing import TypedDict

from django.conf import settings


class Brand(TypedDict):
    name: str
    logo_url: str
    support_email: str
    support_phone: str
    demo: bool


class Party(TypedDict):
    """A side of an invoice: the company behind the brand, or who buys."""

    name: str
    address: list[str]
    country: str
    tax_id: str
    registration: str
    email: str


def brand() -> Brand:
    """Return the operator's name, look and contact channels, and whether this is a demo."""
    return {
        "name": settings.PORTAL_BRAND_NAME,
        "logo_url": settings.PORTAL_BRAND_LOGO,
        "support_email": settings.PORTAL_SUPPORT_EMAIL,
        "support_phone": settings.PORTAL_SUPPORT_PHONE,
        "demo": settings.DEMO,
    }


def operator() -> Party:
    """Return whom invoices come from."""
    return {
        "name": settings.PORTAL_OPERATOR_NAME,
        "address": [line.strip() for line in settings.PORTAL_OPERATOR_ADDRESS.split("|") if line.strip()],
        "country": settings.PORTAL_OPERATOR_COUNTRY,
        "tax_id": settings.PORTAL_OPERATOR_TAX_ID,
        "registration": settings.PORTAL_OPERATOR_REGISTRATION,
        "email": settings.PORTAL_OPERATOR_EMAIL,
    }
