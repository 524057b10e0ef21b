"""Requests as our views see them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from accounts.fresh_proof import ask_first, is_fresh
from accounts.models import User

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class SubscriberRequest(HttpRequest):
    """A request of somebody who is signed in (the view is behind `login_required`)."""

    user: User
    htmx: HtmxDetails


def after_fresh_sign_in(view: View) -> View:
    """Ask for the password (or another proof) first, unless that was minutes ago."""

    @wraps(view)
    def asking_first(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs) if is_fresh(request) else ask_first(request)

    return cast("View", asking_first)


def at_secret_address(view: View) -> View:
    """Say with a page that whoever knows its address may open: nobody else is to keep, list or hear of that address."""

    @never_cache
    @wraps(view)
    def keeping_it_secret(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        # Only where we are, never the address; "no-referrer" would hide where the form comes from, too.
        response.headers["Referrer-Policy"] = "strict-origin"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return cast("View", keeping_it_secret)


def client_ip(request: HttpRequest) -> str | None:
    """Return where the request came from, behind the trusted proxies; None where nobody can tell."""
    try:
        address: str = get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        return None
    return address
