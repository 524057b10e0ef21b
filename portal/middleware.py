"""Headers every answer carries."""

import re
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from uuid import uuid4

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from portal.lib.form_action import origin_allowed
from portal.lib.log_context import log_about

GetResponse = Callable[[HttpRequest], HttpResponseBase]

EXPLAINED_IN_DEBUG = {HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR}
ADMIN_PATH = "/admin/"

# Unfold evaluates Alpine expressions and sets inline styles; scripts still come from this host only.
ADMIN_CSP_UPDATE = {"script-src": ["'unsafe-eval'"], "style-src": ["'unsafe-inline'"]}

NAME_FROM_A_PROXY = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Names each request, in its log lines and in its answer.

    The name that a proxy gave is kept where proxies are trusted; a visitor must not choose what our logs say.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.trusts_proxy = bool(getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "") if self.trusts_proxy else ""
        name = given if NAME_FROM_A_PROXY.fullmatch(given) else uuid4().hex
        # Django logs a refusal when all middleware is done, and hands the request over for it.
        request.META["REQUEST_ID"] = name
        with log_about(request=name):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = name
        return response


class ContentSecurityPolicyMiddleware:
    """The strict policy everywhere, with what Unfold needs added under `/admin/` only.

    Written once and not for each answer, as django-csp does for views that loosen it: ours may only name the origin
    that their forms lead to.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.strict = build_policy()
        self.for_admin = build_policy(update=ADMIN_CSP_UPDATE)
        self.leading_to = cache(_policy_leading_to)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # Django's page about an error, in development only, styles itself.
        if not (settings.DEBUG and response.status_code in EXPLAINED_IN_DEBUG):
            # A file that somebody uploaded has a policy of its own, and a stricter one.
            response.headers.setdefault(HEADER, self._policy_of(request, response))
        return response

    def _policy_of(self, request: HttpRequest, response: HttpResponseBase) -> str:
        if request.path.startswith(ADMIN_PATH):
            return self.for_admin
        origin = origin_allowed(response)
        return self.leading_to(origin) if origin else self.strict


def _policy_leading_to(origin: str) -> str:
    policy: str = build_policy(update={"form-action": [origin]})
    return policy


class NoStoreMiddleware:
    """Keeps pages of a signed-in person out of every cache, the browser's back button included."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-store"
        return response
