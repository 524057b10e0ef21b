"""Headers every answer carries."""

from collections.abc import Callable
from http import HTTPStatus

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]

EXPLAINED_IN_DEBUG = {HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR}
ADMIN_PATH = "/admin/"

# Unfold evaluates Alpine expressions and sets inline styles; scripts still come from this host only.
ADMIN_CSP_UPDATE = {"script-src": ["'unsafe-eval'"], "style-src": ["'unsafe-inline'"]}


class ContentSecurityPolicyMiddleware:
    """The strict policy everywhere, with what Unfold needs added under `/admin/` only.

    Written once and not for each answer, as django-csp does for views that loosen it: no view of ours may.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.strict = build_policy()
        self.for_admin = build_policy(update=ADMIN_CSP_UPDATE)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # Django's page about an error, in development only, styles itself.
        if not (settings.DEBUG and response.status_code in EXPLAINED_IN_DEBUG):
            response.headers[HEADER] = self.for_admin if request.path.startswith(ADMIN_PATH) else self.strict
        return response


class NoStoreMiddleware:
    """Keeps pages of a signed-in person out of every cache, the browser's back button included."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-store"
        return response
