"""Applying for a physical SIM card, step by step; what was saved is there when its owner comes back."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from allauth.core import ratelimit
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SubscriberRequest, client_ip
from esim import application_words as words
from esim import applications
from esim.application_forms import PaperForm, chosen_outlet, delivery_form, details_form
from esim.applications import CannotApply
from esim.models import SimApplication
from esim.postal import tracking_href
from portal.lib.uploads import UploadRefused, taken_from, takes_files

Kind, Wanted, PICKUP = SimApplication.Kind, SimApplication.Wanted, SimApplication.Delivery.PICKUP
never_stored = cache_control(private=True, no_store=True)


@login_required
@require_safe
@never_stored
def application(request: SubscriberRequest, public_id: str) -> HttpResponse:
    found = own_application(request, public_id)
    context = {
        **page_of(found),
        "standing": words.standing_of(found),
        "steps": words.timeline_of(found),
        "parts": words.parts_of(found),
        "may_withdraw": applications.may_withdraw(found),
        "onward": words.next_step(found) if found.changeable else "",
        "tracking_href": tracking_href(carrier=found.post_carrier, number=found.tracking_number),
    }
    template = "esim/application_live.html" if request.htmx else "esim/application.html"
    return render(request, template, context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_stored
def details(request: SubscriberRequest, public_id: str) -> HttpResponse:
    found = own_application(request, public_id)
    if Wanted.DETAILS not in found.changeable:
        return redirect("esim:application", public_id)
    form = details_form(found, request.POST or None)
    if not form.is_bound or not form.is_valid():
        return _step(request, found, form, "esim/application_details.html")
    return _saved(request, found, lambda now: applications.save_details(found, form.cleaned_data, now=now))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_stored
def delivery(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Choose pick-up or post; the page of outlets leads here with one (`?outlet=`)."""
    found = own_application(request, public_id)
    if Wanted.DELIVERY not in found.changeable:
        return redirect("esim:application", public_id)
    form = delivery_form(found, outlet=request.GET.get("outlet", ""), data=request.POST or None)
    if not form.is_bound or not form.is_valid():
        return _step(request, found, form, "esim/application_delivery.html")
    return _saved(request, found, lambda now: applications.save_delivery(found, **form.cleaned_data, now=now))


@takes_files
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_stored
def papers(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show the files, each to be removed, and take one more."""
    found = own_application(request, public_id)
    if Wanted.PAPERS not in found.changeable:
        return redirect("esim:application", public_id)
    if request.method != "POST":
        return _papers_page(request, found, PaperForm())
    if "remove" in request.POST:
        return _removed(request, found, request.POST["remove"])
    return _added(request, found)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Say what ending it means, and end it."""
    found = own_application(request, public_id)
    if not applications.may_withdraw(found):
        return redirect("esim:application", public_id)
    if request.method != "POST":
        return render(request, "esim/application_withdraw.html", page_of(found))
    if applications.withdraw(found, ip=client_ip(request), now=timezone.now()):
        messages.success(request, _("The application is withdrawn, and its documents are erased."))
    return redirect("esim:application", public_id)


def own_application(request: SubscriberRequest, public_id: str) -> SimApplication:
    own = SimApplication.objects.owned_by(request.user).select_related("owner", "outlet", "line")
    return get_object_or_404(own, public_id=public_id)


def page_of(found: SimApplication) -> dict[str, object]:
    return {"nav": "lines", "application": found, "badge": words.BADGES[SimApplication.State(found.state)]}


def overview_of(request: SubscriberRequest) -> dict[str, object]:
    """Return what the first page shows: what was begun, and what was sent. An outlet may be named (`?outlet=`)."""
    own = SimApplication.objects.owned_by(request.user).order_by("-created_at")
    rows = [(one, words.BADGES[SimApplication.State(one.state)]) for one in own]
    draft = next((one for one in own if one.state == SimApplication.State.DRAFT), None)
    context: dict[str, object] = {"nav": "lines", "rows": rows, "kept": words.kept_words(), "draft": draft}
    return context | {"onward": words.next_step(draft) if draft else "", "outlet": request.GET.get("outlet", "")[:32]}


def begin(request: SubscriberRequest) -> HttpResponse:
    """Begin an application, or go on with the one that was begun."""
    kind, now = request.POST.get("kind"), timezone.now()
    if kind not in Kind.values:
        messages.error(request, _("Choose for whom the card is."))
        return redirect("sim_apply")
    try:
        begun = applications.begin(owner=request.user, kind=Kind(kind), now=now)
        if outlet := chosen_outlet(request.POST.get("outlet", "")):
            applications.save_delivery(begun, delivery=PICKUP, outlet=outlet, address="", now=now)
    except CannotApply as refusal:
        messages.error(request, refusal.sentence)
        return redirect("sim_apply")
    return redirect(words.next_step(begun))


def _saved(request: SubscriberRequest, found: SimApplication, save: Callable[[datetime], None]) -> HttpResponse:
    try:
        save(timezone.now())
    except CannotApply as refusal:
        messages.error(request, refusal.sentence)
        return redirect("esim:application", found.public_id)
    return redirect(words.next_step(found))


def _added(request: SubscriberRequest, found: SimApplication) -> HttpResponse:
    try:
        _refuse_too_many(request)
        applications.add_paper(found, taken_from(request, "file"), now=timezone.now())
    except UploadRefused as refusal:
        form = PaperForm({})
        form.errors["file"] = form.error_class([str(refusal)])
        return _papers_page(request, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    except CannotApply as refusal:
        messages.error(request, refusal.sentence)
    return redirect("esim:application_papers", found.public_id)


def _refuse_too_many(request: SubscriberRequest) -> None:
    if not ratelimit.consume(request, action="upload", user=request.user):
        raise UploadRefused(_("You have sent many files within an hour. Send the next one a little later."))


def _removed(request: SubscriberRequest, found: SimApplication, document_id: str) -> HttpResponse:
    try:
        applications.remove_paper(found, document_id, now=timezone.now())
    except CannotApply as refusal:
        messages.error(request, refusal.sentence)
    return redirect("esim:application_papers", found.public_id)


def _papers_page(
    request: SubscriberRequest, found: SimApplication, form: forms.Form, *, status: int = 200
) -> HttpResponse:
    rows = [(paper, applications.removable(found, paper)) for paper in applications.papers_of(found)]
    onward = Wanted.PAPERS not in applications.missing(found) and words.next_step(found)
    context = {**page_of(found), "form": form, "rows": rows, "onward": onward, "kept": words.kept_words()}
    return render(request, "esim/application_papers.html", context, status=status)


def _step(request: SubscriberRequest, found: SimApplication, form: forms.Form, template: str) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, template, {**page_of(found), "form": form}, status=status)
