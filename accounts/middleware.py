"""What happens around every request of a person."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from allauth.core.exceptions import RateLimited
from allauth.core.ratelimit import respond_429
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRefresh

from accounts import kept_on_device
from accounts.locks import AccountLocked, is_locked

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class SubscriberPreferencesMiddleware:
    """Speaks the signed-in person's language and shows their clock.

    Costs no query of its own: whoever has a session is loaded for the page anyway.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.get_response(request)
        translation.activate(request.user.language)
        request.LANGUAGE_CODE = translation.get_language() or ""
        with timezone.override(request.user.zone):
            return self.get_response(request)


NOT_WHILE_LOCKED = frozenset(
    {
        "account_change_phone",
        "account_email",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_deactivate_totp",
        "mfa_generate_recovery_codes",
        "mfa_remove_webauthn",
    }
)
"""Pages of allauth's that change what the account is unlocked with; a new password may be chosen."""


class AccountLockedMiddleware:
    """Explains the lock wherever a page refuses to act because of it, and refuses for allauth's pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_args: object) -> HttpResponse | None:
        match = request.resolver_match
        if request.method != "POST" or match is None or match.url_name not in NOT_WHILE_LOCKED:
            return None
        is_refused = request.user.is_authenticated and is_locked(request.user)
        return self.process_exception(request, AccountLocked()) if is_refused else None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, AccountLocked):
            return None
        return render(request, "accounts/locked.html", {"sentence": exception.sentence}, status=HTTPStatus.LOCKED)


class RateLimitedMiddleware:
    """Answers 429 where allauth leaves its limit to whoever is above (a second SMS within 30 seconds)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, RateLimited):
            return None
        response: HttpResponse = respond_429(request)
        return response


class KeptOnDeviceMiddleware:
    """Has the browser forget what it keeps for somebody, as soon as that person is not the one signed in there.

    That is so on signing out and when somebody else signs in, and also when the session ended meanwhile or elsewhere.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        keeper = kept_on_device.keeper(request)
        # The request of the page that is being kept has no mark yet; this one belongs to nobody here.
        if keeper and keeper != getattr(request.user, "public_id", ""):
            kept_on_device.forget(response)
        return response


class LoadedAnewMiddleware:
    """Has a page loaded anew when its changing part may not be shown before its reader signs in or proves who they are.

    htmx would follow the redirect, put that page into the middle of this one, beside what only its reader may see,
    and go on to the part alone; the whole page leads there by itself, and back to itself.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        leads_back = bool(request.htmx) and _leads_back(response)  # type: ignore[attr-defined]
        return HttpResponseClientRefresh() if leads_back else response


def _leads_back(response: HttpResponseBase) -> bool:
    """Tell whether this redirect leads to a page that goes on from there to where one came from."""
    return REDIRECT_FIELD_NAME in parse_qs(urlsplit(response.headers.get("Location", "")).query)
