"""The page with the code by which a SIM card is picked up."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from accounts.locks import refuse_if_locked
from esim import outlet_pages
from esim.models import SimApplication


@login_required
@require_safe
@cache_control(private=True, no_store=True)
def pickup_code(request: SubscriberRequest, public_id: str) -> HttpResponse:
    own = SimApplication.objects.owned_by(request.user).select_related("outlet")
    return _code_page(request, application=get_object_or_404(own, public_id=public_id))


@after_fresh_sign_in
def _code_page(request: SubscriberRequest, *, application: SimApplication) -> HttpResponse:
    refuse_if_locked(request.user)
    now, user = timezone.now(), request.user
    if application.pickup_code:
        audit.record(
            actor=user,
            subject=user,
            action="application.pickup_code_viewed",
            target=application.public_id,
            ip=client_ip(request),
            now=now,
        )
    outlet = outlet_pages.card(application.outlet, now=now) if application.outlet else None
    context = {"nav": "lines", "application": application, "outlet": outlet}
    return render(request, "esim/pickup_code.html", context)
