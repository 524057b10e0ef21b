"""Staff need a second factor: one stolen password must not open every account."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.models import User

ViewFunc = Callable[..., HttpResponseBase]


def requires_second_factor(user: User | AnonymousUser) -> bool:
    """Tell whether this member of staff has to set up a second factor first; in the demo nobody has to."""
    return bool(user.is_staff and not settings.PLAYGROUND and not is_mfa_enabled(user))


def second_factor_first(view: ViewFunc) -> ViewFunc:
    """Send staff who have no second factor yet to the page where they add one."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if requires_second_factor(request.user):
            messages.warning(request, _("The staff area needs a second step at sign-in. Set one up here first."))
            return redirect("mfa_index")
        return view(request, *args, **kwargs)

    return guarded
