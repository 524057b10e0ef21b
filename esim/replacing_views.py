"""Pages on which a line moves to another device: what happened, what will be done, and how far it is."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import cool_off
from accounts.fresh_proof import ask_first, is_fresh
from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from accounts.locks import refuse_if_locked
from esim import carriers, replacing
from esim.models import Line, Replacement
from esim.owner_service import may_suspend, suspend_for_owner
from esim.owner_service_views import asked_from_page
from esim.replacing import CannotReplace, OnlyBySupport
from esim.replacing_forms import ReasonForm, ReplaceForm
from esim.replacing_notices import ask_support_instead
from esim.replacing_pages import progress_of
from esim.replacing_ways import way_of
from esim.suspension import ChangeUnderWay
from esim.views import line_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def replace(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Ask what happened, say what will be done, and begin it; one that is under way has its own page."""
    line = line_of(request, public_id)
    under_way = Replacement.objects.filter(line=line).under_way().first()
    if under_way is not None:
        return redirect("esim:replacement", under_way.public_id)
    if request.method == "POST":
        return _begin(request, line)
    asked = ReasonForm(request.GET or None)
    if not asked.is_valid():
        return render(request, "esim/replace.html", _about(request, line))
    reason = asked.cleaned_data["reason"]
    form = ReplaceForm(can_suspend=_offers_suspension(line, reason), initial={"reason": reason, "suspend": True})
    return _confirm_page(request, line, form, reason=reason)


@login_required
@require_safe
def replacement(request: SubscriberRequest, public_id: str) -> HttpResponse:
    found = _own(request, public_id)
    context = {"nav": "lines", "line": found.line, "replacement": found, "progress": progress_of(found)}
    template = "esim/replacement_live.html" if request.htmx else "esim/replacement.html"
    return render(request, template, context)


@login_required
@require_POST
def undo_replacement(request: SubscriberRequest, public_id: str) -> HttpResponse:
    return _act(request, found=_own(request, public_id), deed=replacing.undo)


@login_required
@require_POST
def end_old_profile(request: SubscriberRequest, public_id: str) -> HttpResponse:
    return _act(request, found=_own(request, public_id), deed=replacing.end_old_now)


@after_fresh_sign_in
def _act(request: SubscriberRequest, *, found: Replacement, deed: Callable[..., object]) -> HttpResponse:
    try:
        deed(replacement=found, asked_by=request.user, ip=client_ip(request), now=timezone.now())
    except CannotReplace as error:
        messages.error(request, error.sentence)
    return _go_on(found)


def _begin(request: SubscriberRequest, line: Line) -> HttpResponse:
    reason = request.POST.get("reason", "")
    form = ReplaceForm(request.POST, can_suspend=_offers_suspension(line, reason))
    if "reason" in form.errors:
        return redirect("esim:replace", line.public_id)
    if not form.is_valid():
        return _confirm_page(request, line, form, reason=reason, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    refuse_if_locked(request.user)
    return _confirmed(request, line, form) if is_fresh(request) else ask_first(request)


def _confirmed(request: SubscriberRequest, line: Line, form: ReplaceForm) -> HttpResponse:
    wishes, now = form.cleaned_data, timezone.now()
    reason = Replacement.Reason(wishes["reason"])
    try:
        begun = replacing.begin(
            line=line,
            reason=reason,
            eid=wishes["eid"],
            asked_by=request.user,
            carrier=carriers.chosen(),
            ip=client_ip(request),
            now=now,
        )
    except OnlyBySupport:
        _suspend_if_asked(request, line, form)
        ticket = ask_support_instead(line=line, user=request.user, reason=reason, eid=wishes["eid"], now=now)
        messages.success(request, _("Your request is with us. We answer here, and write to you."))
        return redirect("ticket", ticket.public_id)
    except (CannotReplace, ChangeUnderWay) as error:
        form.add_error(None, str(error.sentence))
        return _confirm_page(request, line, form, reason=reason, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    _suspend_if_asked(request, line, form)
    return _go_on(begun)


def _suspend_if_asked(request: SubscriberRequest, line: Line, form: ReplaceForm) -> None:
    if form.cleaned_data.get("suspend"):
        asked_from_page(request, line, suspend_for_owner)


def _go_on(found: Replacement) -> HttpResponse:
    replacing.carry_on(replacement_id=found.pk, carrier=carriers.chosen(), now=timezone.now())
    return redirect("esim:replacement", found.public_id)


def _confirm_page(
    request: SubscriberRequest, line: Line, form: ReplaceForm, *, reason: str, status: int = 200
) -> HttpResponse:
    way = way_of(capabilities=carriers.chosen().capabilities, line=line, reason=reason)
    context = {"form": form, "reason": reason, "way": str(way), "label": Replacement.Reason(reason).label}
    return render(request, "esim/replace_confirm.html", _about(request, line) | context, status=status)


def _about(request: SubscriberRequest, line: Line) -> dict[str, object]:
    """Say what stands in the way, before anybody fills in a form."""
    return {"nav": "lines", "line": line, "wait_until": cool_off.until(request.user, timezone.now())}


def _offers_suspension(line: Line, reason: str) -> bool:
    return reason == Replacement.Reason.LOST and may_suspend(line, carrier=carriers.chosen())


def _own(request: SubscriberRequest, public_id: str) -> Replacement:
    own = Replacement.objects.owned_by(request.user).select_related("line__owner", "old_profile", "new_profile")
    return get_object_or_404(own, public_id=public_id)
