"""The staff site: Unfold's, behind the same sign-in (and second factor) as everybody's."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.db.models import BigIntegerField
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver
from unfold.sites import UnfoldAdminSite

from accounts.staff_mfa import second_factor_first

MOST_DIGITS = len(str(BigIntegerField.MAX_BIGINT))


class PortalAdminSite(UnfoldAdminSite):
    """Signs staff in through allauth, so that rate limits and second factors hold here too."""

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        response: HttpResponseBase = secure_admin_login(super().login)(request, extra_context)
        return response

    def get_urls(self) -> list[URLPattern | URLResolver]:
        # The board asks apps that are loaded after the site.
        from portal.admin_renewals import urls  # noqa: PLC0415

        return [*urls(), *super().get_urls()]

    def admin_view(
        self,
        view: Callable[..., HttpResponseBase],
        cacheable: bool = False,  # noqa: FBT001, FBT002 - Django's signature
    ) -> Callable[..., HttpResponseBase]:
        guarded: Callable[..., HttpResponseBase] = super().admin_view(second_factor_first(_of_a_row(view)), cacheable)
        return guarded


def _of_a_row(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Say that nothing is there where an address names a row by what is none of a row: all of ours have a bigint."""

    @wraps(view)
    def found(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        named = str(kwargs.get("object_id", 0))
        if not (named.isdecimal() and len(named) <= MOST_DIGITS and int(named) <= BigIntegerField.MAX_BIGINT):
            raise Http404
        return view(request, *args, **kwargs)

    return found
