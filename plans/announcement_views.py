"""The pages of what is announced."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from plans import announcements
from plans.models import Announcement
from portal.lib.staff import may_look_at


@require_safe
def announcement_list(request: HttpRequest) -> HttpResponse:
    rows = announcements.for_reader(request, now=timezone.now())
    return render(request, "plans/announcements.html", {"rows": rows})


@require_safe
def announcement(request: HttpRequest, public_id: str) -> HttpResponse:
    """Show one; before and after its time to staff who may look at announcements, as a preview."""
    row = announcements.Shown.of(get_object_or_404(Announcement, public_id=public_id))
    is_preview = not (row.is_shown(timezone.now()) and row.is_for(request))
    if is_preview and not may_look_at(request, Announcement):
        raise Http404
    return render(request, "plans/announcement.html", {"row": row, "is_preview": is_preview})


@require_POST
def close_announcement(request: HttpRequest, public_id: str) -> HttpResponse:
    row = get_object_or_404(Announcement, public_id=public_id)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    # As an address only: `redirect` would take other words for the name of a page.
    response = HttpResponseRedirect(back) if is_ours and back.startswith("/") else redirect("plans:announcements")
    if row.is_dismissible:
        announcements.close(request, response, row, now=timezone.now())
    return response
