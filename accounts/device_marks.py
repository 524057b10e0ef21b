"""A signed mark in the browser that tells one device from another; it names nobody.

It is set where somebody uses an invitation: on the page that gives the link, and on the one that the link opens.
"""

import secrets

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.lib.crypto import lookup_hash

TWO_YEARS = 2 * 365 * 24 * 3600
_SIGNER = Signer(sep=".", salt="accounts.device")


def cookie_name() -> str:
    return "__Host-device" if settings.HTTPS else "device"


def device_of(request: HttpRequest) -> str:
    """Return the keyed hash of this browser's mark; empty where it has none, or one that we did not give."""
    try:
        mark = _SIGNER.unsign(request.COOKIES.get(cookie_name(), ""))
    except BadSignature:
        return ""
    return lookup_hash(mark, purpose="device")


def mark(request: HttpRequest, response: HttpResponseBase) -> str:
    """Give the browser a mark unless it has one, and return its keyed hash."""
    if known := device_of(request):
        return known
    fresh = secrets.token_urlsafe(16)
    response.set_cookie(
        cookie_name(), _SIGNER.sign(fresh), max_age=TWO_YEARS, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )
    return lookup_hash(fresh, purpose="device")
