"""The page with what identifies a SIM and sets a device up, and the one with its PIN and PUK."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from accounts.locks import refuse_if_locked
from esim import carriers
from esim.models import Line, SimProfile
from esim.views import line_of


@login_required
@require_safe
@cache_control(private=True, no_store=True)
def sim(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = line_of(request, public_id)
    context = {"nav": "lines", "line": line, "profile": _profile(line), "apn": carriers.chosen().apn}
    return render(request, "esim/sim.html", context)


@login_required
@require_safe
@cache_control(private=True, no_store=True)
def sim_pin(request: SubscriberRequest, public_id: str) -> HttpResponse:
    return _pin_page(request, line=line_of(request, public_id))


@after_fresh_sign_in
def _pin_page(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    refuse_if_locked(request.user)
    profile, now = _profile(line), timezone.now()
    if profile is not None and (profile.pin_ciphertext or profile.puk_ciphertext):
        audit.record(
            actor=request.user,
            subject=line.owner,
            action="line.pin_viewed",
            target=line.public_id,
            ip=client_ip(request),
            now=now,
        )
    return render(request, "esim/sim_pin.html", {"nav": "lines", "line": line, "profile": profile})


def _profile(line: Line) -> SimProfile | None:
    return SimProfile.objects.filter(line=line).current().first()
