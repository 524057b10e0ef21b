"""The currency prices are shown in."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "currency"
REMEMBERED_SECONDS = 365 * 24 * 3600


def chosen_currency(request: HttpRequest) -> str:
    """Return what the address asks for, else the subscriber's setting, else the visitor's last choice."""
    asked = request.GET.get("currency", "").upper()
    if asked in settings.PORTAL_CURRENCIES:
        return asked
    if request.user.is_authenticated:
        return str(request.user.currency)
    kept = request.COOKIES.get(COOKIE, "")
    return kept if kept in settings.PORTAL_CURRENCIES else settings.PORTAL_CURRENCIES[0]


def remember_currency(request: HttpRequest, response: HttpResponse, currency: str) -> None:
    """Keep a visitor's choice in a cookie: a session would write a row for every passer-by."""
    if "currency" in request.GET and not request.user.is_authenticated:
        response.set_cookie(
            COOKIE,
            currency,
            max_age=REMEMBERED_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
