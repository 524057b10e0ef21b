"""Which person this browser keeps a copy of something for, so that nobody else finds it there.

A mark in a cookie, out of reach of scripts, tells every request about it. `Clear-Site-Data: "cache"` empties the cache
of HTTP alone; copies of a service worker and the worker itself are "storage" (W3C Clear Site Data §3.1). It also takes
the chosen theme along, and browsers heed it over HTTPS and on localhost only.
"""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User

A_YEAR = 365 * 24 * 3600
CLEAR = '"cache", "storage"'


def cookie_name() -> str:
    return "__Host-keeps" if settings.HTTPS else "keeps"


def mark(response: HttpResponseBase, *, user: User) -> None:
    """Note in the browser that it now keeps something for this person."""
    response.set_cookie(
        cookie_name(), user.public_id, max_age=A_YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )


def keeper(request: HttpRequest) -> str:
    """Return the public id of whom the browser keeps something for; empty for nobody."""
    return request.COOKIES.get(cookie_name(), "")


def forget(response: HttpResponseBase) -> None:
    """Have the browser drop what it keeps, and the mark."""
    response.headers["Clear-Site-Data"] = CLEAR
    response.set_cookie(cookie_name(), max_age=0, secure=settings.HTTPS, httponly=True, samesite="Lax")
