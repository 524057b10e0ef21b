"""Asking who it is before what matters, and then going on with the very form that was sent.

Allauth forgets a form whose address has a query, and pages of ours carry the choice of a plan there. What is kept
here is the form, never the proof: that stays in allauth's records of the session.
"""

import time
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.utils import get_next_redirect_url
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import resolve

from accounts.models import User

FORM_KEPT_SECONDS = 900
PROOF_BY_CODE_SECONDS = 300
RESUMED = "resumed_after_proof"
CODE_WAS_ENOUGH = "code_was_enough"


def is_fresh(request: HttpRequest) -> bool:
    """Tell whether this person proved who they are within the last minutes; asks no database."""
    return bool(fresh_proofs(request))


def fresh_proofs(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the proofs of the last minutes, as allauth records them; asks no database."""
    since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    records = get_authentication_records(request, request.user)
    return [record for record in records if record.get("reauthenticated") and record["at"] > since]


def was_proved_within(request: HttpRequest, seconds: float) -> bool:
    """Tell whether this person signed in, or proved again who they are, so lately; asks no database."""
    records = get_authentication_records(request, request.user)
    return any(record["at"] > time.time() - seconds for record in records)


def proved_by_code(request: HttpRequest, user: User) -> bool:
    """Tell whether this person gave a one-time code within the last five minutes, on signing in or later."""
    since = time.time() - PROOF_BY_CODE_SECONDS
    return any(
        record["method"] == "code" and record["at"] > since for record in get_authentication_records(request, user)
    )


def ask_first(request: HttpRequest, *, way: str = "") -> HttpResponseRedirect:
    """Lead to the proof, by any factor the person has; a form that was sent is carried out right after it.

    `way` is the address of the page that takes the proof, where it may not be just any.
    """
    request.session.pop(STATE_SESSION_KEY, None)
    address = request.get_full_path()
    if request.method == "POST":
        state = {"address": address, "path_info": request.path_info, "form": request.POST.urlencode()}
        request.session[STATE_SESSION_KEY] = {
            "state": {**state, "at": time.time()},
            "callback": f"{resume.__module__}.{resume.__name__}",
        }
    way = way or get_adapter().get_reauthentication_methods(request.user)[0]["url"]
    return HttpResponseRedirect(f"{way}?{urlencode({REDIRECT_FIELD_NAME: address})}")


def resume(request: HttpRequest, state: dict[str, Any]) -> HttpResponseBase:
    """Carry out the form that had to wait; called by allauth when the proof was given.

    A form that waited for long, or another page than the one that is proved for, is not what the person means now.
    """
    onward = get_next_redirect_url(request)
    if onward != state["address"] or time.time() - state["at"] > FORM_KEPT_SECONDS:
        return HttpResponseRedirect(onward or "/")
    path, _, query = state["address"].partition("?")
    match = resolve(state["path_info"])
    request.path, request.path_info, request.resolver_match = path, state["path_info"], match
    request.META["QUERY_STRING"] = query
    request.GET, request.POST = QueryDict(query), QueryDict(state["form"])
    setattr(request, RESUMED, True)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response


def was_resumed(request: HttpRequest) -> bool:
    """Tell whether this form waited for a proof: the page in the browser is that of the proof then."""
    return bool(getattr(request, RESUMED, False))


def let_code_stand(request: HttpRequest) -> None:
    """Note that a code stands for the old password here: it may run out before the new one is kept and told of."""
    setattr(request, CODE_WAS_ENOUGH, True)


def code_stood(request: HttpRequest) -> bool:
    """Tell whether a code stood for the old password in this request."""
    return bool(getattr(request, CODE_WAS_ENOUGH, False))
