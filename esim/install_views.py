"""Putting a line on a device: the page with its code, the picture in it, how far it is, and the copy kept offline."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from accounts import kept_on_device, locks
from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from accounts.models.notifications import Channel
from esim import carriers, confirmation_codes
from esim.activation import qr_data, qr_png
from esim.confirmation_codes import SentTooOften
from esim.installing import (
    Secrets,
    current_profile,
    is_to_install,
    platform_of,
    problem_of,
    record_kept,
    record_picture_shown,
    record_shown,
    stage_of,
)
from esim.models import Line, SimProfile
from esim.views import line_of

BEFORE_THE_CODE = {stage_of(None), stage_of(SimProfile())}
"""What a page that has no code yet shows: it is loaded anew once there is one."""

never_stored = cache_control(private=True, no_store=True)


@login_required
@require_safe
@never_stored
def install(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = _unlocked_line(request, public_id)
    if line.form == Line.Form.PHYSICAL:
        return redirect("esim:sim", public_id)
    return _install_page(request, line=line)


@after_fresh_sign_in
def _install_page(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    profile = current_profile(line)
    context = {"nav": "lines", "line": line, "is_over": not is_to_install(profile), **_standing(line, profile)}
    if profile and is_to_install(profile):
        record_shown(line=line, profile=profile, viewer=request.user, ip=client_ip(request), now=timezone.now())
        context |= _what_installs(request, profile)
    return render(request, "esim/install.html", context)


@login_required
@require_safe
@never_stored
def install_qr(request: SubscriberRequest, public_id: str) -> HttpResponse:
    return _qr_picture(request, line=_unlocked_line(request, public_id))


@after_fresh_sign_in
def _qr_picture(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    profile = _to_install(line)
    record_picture_shown(line=line, profile=profile, viewer=request.user, ip=client_ip(request), now=timezone.now())
    return HttpResponse(qr_png(profile.activation_code), content_type="image/png")


@login_required
@require_safe
def install_state(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Tell how far the installation is; no secret in it, so that the page may ask for as long as it is open."""
    line = line_of(request, public_id)
    profile = current_profile(line)
    # What is on the screen stays there: a screen reader would read it anew, and what was unfolded would close.
    seen = request.GET.get("seen")
    if seen == stage_of(profile):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {"line": line, "is_update": True, "is_over": not is_to_install(profile), **_standing(line, profile)}
    response = render(request, "esim/install_state.html", context)
    if seen in BEFORE_THE_CODE and is_to_install(profile):
        response.headers["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def send_confirmation_code(request: SubscriberRequest, public_id: str) -> HttpResponse:
    return _send_again(request, line=_unlocked_line(request, public_id))


@after_fresh_sign_in
def _send_again(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    profile = _to_install(line)
    wanted, channels = request.POST.get("channel", ""), confirmation_codes.channels_for(line.owner)
    channel = Channel(wanted) if wanted in channels else channels[0]
    try:
        confirmation_codes.send_again(
            profile=profile, channel=channel, viewer=request.user, ip=client_ip(request), now=timezone.now()
        )
    except SentTooOften as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, _("The confirmation code is on its way."))
    return redirect("esim:install", public_id=line.public_id)


@login_required
@require_POST
@never_stored
def keep(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Answer with the page that a script then keeps on this device, to be read there without a connection."""
    return _kept_copy(request, line=_unlocked_line(request, public_id))


@after_fresh_sign_in
def _kept_copy(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    profile, now = _to_install(line), timezone.now()
    record_kept(line=line, profile=profile, viewer=request.user, ip=client_ip(request), now=now)
    context = {"line": line, "kept_at": now, "qr_data": qr_data(profile.activation_code), **_standing(line, profile)}
    response = render(request, "esim/kept_copy.html", {**context, **_what_installs(request, profile)})
    kept_on_device.mark(response, user=request.user)
    return response


def _unlocked_line(request: SubscriberRequest, public_id: str) -> Line:
    """Return the line before a password is asked for: a stranger learns that there is none; a lock shows no code."""
    line = line_of(request, public_id)
    locks.refuse_if_locked(request.user)
    return line


def _to_install(line: Line) -> SimProfile:
    profile = current_profile(line)
    if profile is None or not is_to_install(profile):
        raise Http404
    return profile


def _standing(line: Line, profile: SimProfile | None) -> dict[str, Any]:
    return {
        "public_id": line.public_id,
        "profile": profile,
        "stage": stage_of(profile),
        "problem": problem_of(profile),
        "apn": carriers.chosen().apn,
    }


def _what_installs(request: SubscriberRequest, profile: SimProfile) -> dict[str, Any]:
    sending = confirmation_codes.send_first(
        profile=profile, viewer=request.user, ip=client_ip(request), now=timezone.now()
    )
    platform = platform_of(request.headers.get("User-Agent", ""))
    return {"secrets": Secrets.of(profile), "sending": sending, "platform": platform}
