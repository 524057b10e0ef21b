"""Pages on which the owner suspends a line, puts it back into service, or ends it."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.fresh_proof import ask_first, is_fresh
from accounts.http import SubscriberRequest, client_ip
from accounts.locks import refuse_if_locked
from esim import carriers, owner_service
from esim.models import Line
from esim.owner_service import Asked, NotChanged
from esim.replacing_forms import TerminateForm
from esim.views import line_of


@login_required
@require_safe
def service(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Offer what can be done about the service of a line."""
    line = line_of(request, public_id)
    context = {
        "nav": "lines",
        "line": line,
        "to_suspending": owner_service.obstacle_to_suspending(line, carrier=carriers.chosen()),
        "to_resuming": owner_service.obstacle_to_resuming(line),
        "to_ending": owner_service.obstacle_to_ending(line),
    }
    return render(request, "esim/service.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = line_of(request, public_id)
    if owner_service.obstacle_to_suspending(line, carrier=carriers.chosen()):
        return redirect("esim:service", public_id)
    if request.method != "POST":
        return render(request, "esim/suspend.html", {"nav": "lines", "line": line})
    refuse_if_locked(request.user)
    if asked_from_page(request, line, owner_service.suspend_for_owner):
        messages.success(request, _("The line is suspended. Calls, SMS and data are off."))
    return redirect("line", public_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = line_of(request, public_id)
    if owner_service.obstacle_to_resuming(line):
        return redirect("esim:service", public_id)
    if request.method != "POST":
        return render(request, "esim/resume.html", {"nav": "lines", "line": line})
    refuse_if_locked(request.user)
    if not is_fresh(request):
        return ask_first(request)
    if asked_from_page(request, line, owner_service.resume_for_owner):
        messages.success(request, _("The line is back in service."))
    return redirect("line", public_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def terminate(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = line_of(request, public_id)
    if owner_service.obstacle_to_ending(line):
        return redirect("esim:service", public_id)
    form = TerminateForm(request.POST or None, expected=_to_type(line))
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return render(request, "esim/terminate.html", {"nav": "lines", "line": line, "form": form}, status=status)
    refuse_if_locked(request.user)
    if not is_fresh(request):
        return ask_first(request)
    if asked_from_page(request, line, owner_service.terminate_for_owner):
        messages.success(request, _("The line is terminated. Nothing is charged for it any more."))
    return redirect("line", public_id)


def asked_from_page(request: SubscriberRequest, line: Line, change: Callable[..., Asked]) -> bool:
    """Have a line changed, and tell on the next page what stands in its way; True once the network has done it."""
    try:
        asked = change(line, actor=request.user, ip=client_ip(request), now=timezone.now())
    except NotChanged as refusal:
        messages.error(request, refusal.sentence)
        return False
    if asked == Asked.UNANSWERED:
        messages.warning(request, _("The network has not answered yet. It is asked again by itself; we write to you."))
    return asked == Asked.DONE and not line.service_change


def _to_type(line: Line) -> str:
    """Return what is typed to end a line: the last digits of its number, or its name where it has none yet."""
    return line.msisdn[-4:] or str(line)
