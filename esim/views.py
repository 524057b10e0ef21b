"""Settings of a line."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import SubscriberRequest
from accounts.models import Business
from esim.forms import LineSettingsForm
from esim.models import Line


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def line_settings(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = line_of(request, public_id)
    is_business = Business.objects.filter(user=request.user).exists()
    form = LineSettingsForm(request.POST or None, instance=line, is_business=is_business)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. The line is called “%(name)s”.") % {"name": line})
        return redirect("line", public_id=line.public_id)
    context = {"nav": "lines", "line": line, "form": form}
    return render(request, "esim/line_settings.html", context, status=422 if form.is_bound else 200)


def visible_line(request: SubscriberRequest, public_id: str) -> Line:
    """Return a line that the reader may look at; nobody else learns that there is one."""
    return get_object_or_404(Line.objects.visible_to(request.user).select_related("owner"), public_id=public_id)


def line_of(request: SubscriberRequest, public_id: str) -> Line:
    """Return a line of the reader's own; nobody else learns that there is one."""
    return get_object_or_404(Line.objects.owned_by(request.user).select_related("owner"), public_id=public_id)
