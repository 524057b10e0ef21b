"""Forms that lead to another site: the views that may have them, and where they may lead.

Browsers follow a form's redirects with the content policy of the page it was on: without the origin of a payment
page there, the payment is begun and the payer stays where they were.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http.response import HttpResponseBase

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

ATTRIBUTE = "form_action_origin"


def may_lead_to(origin: Callable[[], str]) -> Callable[[View], View]:
    """Let forms on a view's pages lead to this origin besides our own; an empty one adds nothing."""

    def decorate(view: View) -> View:
        @wraps(view)
        def allowing(*args: Any, **kwargs: Any) -> HttpResponseBase:
            response = view(*args, **kwargs)
            setattr(response, ATTRIBUTE, origin())
            return response

        return cast("View", allowing)

    return decorate


def origin_allowed(response: HttpResponseBase) -> str:
    """Return the origin that forms of this page may lead to; empty for our own alone."""
    return str(getattr(response, ATTRIBUTE, ""))
