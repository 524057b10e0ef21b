"""Requests as our views see them."""

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


class SubscriberRequest(HttpRequest):
    """A request of somebody who is signed in (the view is behind `login_required`)."""

    user: User


def client_ip(request: HttpRequest) -> str | None:
    """Return where the request came from, behind the trusted proxies; None where nobody can tell."""
    try:
        address: str = get_adapter(request).get_client_ip(request)
    except PermissionDenied:
        return None
    return address
