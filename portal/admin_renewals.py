"""The staff's board of renewals, and the switch that stops them."""

from typing import TYPE_CHECKING, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import path
from django.urls.resolvers import URLPattern
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.http import client_ip
from billing import charging_stops
from billing.charging_stops import ChargingStopped
from portal.renewal_board import board

if TYPE_CHECKING:
    from accounts.models import User


class WhyForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("It is kept in the audit trail, and other staff read it here."),
        widget=UnfoldAdminTextInputWidget,
    )


@require_safe
@permission_required("billing.view_subscription", raise_exception=True)
def show(request: HttpRequest) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": gettext("Renewals"),
        "board": board(now=timezone.now()),
        "form": WhyForm(),
        "may_stop": request.user.has_perm("billing.add_chargingstop"),
        "may_lift": request.user.has_perm("billing.change_chargingstop"),
    }
    return render(request, "admin/renewals.html", context)


@require_POST
@permission_required("billing.add_chargingstop", raise_exception=True)
def stop(request: HttpRequest) -> HttpResponse:
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _without_a_word(request)
    if charging_stops.stop(
        reason=form.cleaned_data["reason"],
        actor=cast("User", request.user),
        ip=client_ip(request),
        now=timezone.now(),
    ):
        messages.success(request, gettext("Nothing is charged automatically from now on."))
    else:
        messages.warning(request, gettext("Somebody else has stopped it already."))
    return redirect("admin:renewals")


@require_POST
@permission_required("billing.change_chargingstop", raise_exception=True)
def go_on(request: HttpRequest) -> HttpResponse:
    form = WhyForm(request.POST)
    if not form.is_valid():
        return _without_a_word(request)
    if charging_stops.lift(
        reason=form.cleaned_data["reason"],
        actor=cast("User", request.user),
        ip=client_ip(request),
        now=timezone.now(),
    ):
        _tell_whether_it_goes_on(request)
    else:
        messages.warning(request, gettext("Nobody has stopped it, or somebody else has let it go on already."))
    return redirect("admin:renewals")


def _tell_whether_it_goes_on(request: HttpRequest) -> None:
    try:
        charging_stops.refuse_while_stopped()
    except ChargingStopped as still:
        messages.warning(request, str(still))
    else:
        messages.success(request, gettext("Automatic charges go on with the next tick, within a minute."))


def _without_a_word(request: HttpRequest) -> HttpResponseRedirect:
    messages.error(request, gettext("Nothing was changed: give a reason, of 300 characters at most."))
    return redirect("admin:renewals")


def urls() -> list[URLPattern]:
    """Return the board's addresses under /admin/, for staff who have proved who they are."""
    guarded = admin.site.admin_view
    return [
        path("renewals/", guarded(show), name="renewals"),
        path("renewals/stop/", guarded(stop), name="stop_charging"),
        path("renewals/go-on/", guarded(go_on), name="allow_charging"),
    ]
