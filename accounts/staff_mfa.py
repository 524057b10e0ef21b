"""Staff need a second factor, and prove each day who they are.

One stolen password must not open every account, nor one stolen session for the month that sessions last.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from accounts.fresh_proof import ask_first, was_proved_within
from accounts.models import User

A_WORKING_DAY_SECONDS = 12 * 3600

ViewFunc = Callable[..., HttpResponseBase]


def requires_second_factor(user: User | AnonymousUser) -> bool:
    """Tell whether this member of staff has to set up a second factor first; in the demo nobody has to."""
    return bool(user.is_staff and not settings.PLAYGROUND and not is_mfa_enabled(user))


def second_factor_first(view: ViewFunc) -> ViewFunc:
    """Send staff who have no second factor yet to the page where they add one, and to a proof once a working day."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if requires_second_factor(request.user):
            messages.warning(request, _("The staff area needs a second step at sign-in. Set one up here first."))
            return redirect("mfa_index")
        if not (settings.PLAYGROUND or was_proved_within(request, A_WORKING_DAY_SECONDS)):
            return _prove_again(request)
        return view(request, *args, **kwargs)

    return guarded


def _prove_again(request: HttpRequest) -> HttpResponseBase:
    """Lead to the proof; from a dialog, whose page would show it in its place, the whole page goes there and comes back."""
    if not getattr(request, "htmx", False):
        return ask_first(request)
    way = get_adapter().get_reauthentication_methods(request.user)[0]["url"]
    onward = urlencode({REDIRECT_FIELD_NAME: request.htmx.current_url_abs_path or reverse("admin:index")})  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(f"{way}?{onward}")
