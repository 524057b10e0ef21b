"""Pages of one line: installing it, and its settings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from esim.activation import qr_png
from esim.forms import LineSettingsForm
from esim.installing import Secrets, current_profile, is_to_install, record_picture_shown, record_shown
from esim.models import Line


@login_required
@require_safe
@cache_control(private=True, no_store=True)
def install(request: SubscriberRequest, public_id: str) -> HttpResponse:
    # The line comes first: a stranger learns that there is none, not that a password would help.
    return _install_page(request, line=_line_of(request, public_id))


@after_fresh_sign_in
def _install_page(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    profile = current_profile(line)
    if profile:
        record_shown(line=line, profile=profile, viewer=request.user, ip=client_ip(request), now=timezone.now())
    secrets = Secrets.of(profile) if profile and is_to_install(profile) else None
    context = {"nav": "lines", "line": line, "profile": profile, "secrets": secrets}
    return render(request, "esim/install.html", context)


@login_required
@require_safe
@cache_control(private=True, no_store=True)
def install_qr(request: SubscriberRequest, public_id: str) -> HttpResponse:
    return _qr_picture(request, line=_line_of(request, public_id))


@after_fresh_sign_in
def _qr_picture(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    profile = current_profile(line)
    if profile is None or not is_to_install(profile):
        raise Http404
    record_picture_shown(line=line, profile=profile, viewer=request.user, ip=client_ip(request), now=timezone.now())
    return HttpResponse(qr_png(profile.activation_code), content_type="image/png")


@login_required
@require_safe
def install_state(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Tell how far the installation is; no secret in it, so that the page may ask for as long as it is open."""
    profile = current_profile(_line_of(request, public_id))
    context = {"public_id": public_id, "profile": profile, "is_update": True, "is_over": not is_to_install(profile)}
    return render(request, "esim/install_state.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def line_settings(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = _line_of(request, public_id)
    form = LineSettingsForm(request.POST or None, instance=line)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. The line is called “%(name)s”.") % {"name": line})
        return redirect("line", public_id=line.public_id)
    context = {"nav": "lines", "line": line, "form": form}
    return render(request, "esim/line_settings.html", context, status=422 if form.is_bound else 200)


def _line_of(request: SubscriberRequest, public_id: str) -> Line:
    return get_object_or_404(Line.objects.owned_by(request.user).select_related("owner"), public_id=public_id)
