"""What staff write down when they decide something, and what they are told then."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.http import client_ip
from accounts.models import User
from billing.leftovers import CannotClear
from billing.refundable import CannotGiveBack

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


def words(label: "_StrPromise", *, help_text: "_StrPromise | str" = "", max_length: int = 300) -> forms.CharField:
    """Return a field for a sentence that goes on record; `max_length` is that of its column."""
    return forms.CharField(label=label, max_length=max_length, help_text=help_text, widget=UnfoldAdminTextareaWidget)


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    reason = words(_("Reason"), help_text=_("The subscriber can read it."), max_length=200)


class WhyForm(BaseDialogForm):  # type: ignore[misc]
    why = words(_("Why"), max_length=100)


def say_whether(page: Any, request: HttpRequest, *, done: bool, success: str) -> HttpResponse:
    """Tell whether something was done on a row, and show its page anew."""
    if done:
        page.message_user(request, success, messages.SUCCESS)
    else:
        page.message_user(request, gettext("Nothing was changed: its state does not allow it."), messages.WARNING)
    return HttpResponseClientRefresh()


class Deciding:
    """Pages on which staff decide about money that others asked for."""

    message_user: Any

    def decide(self, request: HttpRequest, deed: Callable[..., object]) -> HttpResponse:
        """Have `deed` done by who asks, now; its refusal is told in its own words."""
        if not isinstance(request.user, User):
            return HttpResponseClientRefresh()
        try:
            done = deed(actor=request.user, ip=client_ip(request), now=timezone.now())
        except (CannotClear, CannotGiveBack) as problem:
            self.message_user(request, str(problem.sentence), messages.ERROR)
            return HttpResponseClientRefresh()
        return say_whether(self, request, done=bool(done), success=gettext("Done. It is in the audit trail."))
