"""The first and the last step of applying for a SIM card: what is owed comes before anything else."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.http import SubscriberRequest, client_ip
from billing import arrears
from esim import application_words as words
from esim import applications
from esim.application_views import begin, overview_of, own_application, page_of
from esim.applications import CannotApply
from esim.models import SimApplication
from portal.dashboard import balances_of
from portal.lib.money import Money


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def apply(request: SubscriberRequest) -> HttpResponse:
    """Say what there is and what is owed, then what is needed; what was begun is gone on with."""
    owed = arrears.owed(request.user, now=timezone.now())
    if request.method == "POST" and not owed:
        return begin(request)
    context = {**overview_of(request), "owed": owed, "balances": balances_of(request.user)}
    context["nothing"] = Money.zero(request.user.currency)
    return render(request, "portal/sim_apply.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def review(request: SubscriberRequest, public_id: str) -> HttpResponse:
    found, now = own_application(request, public_id), timezone.now()
    if not found.changeable:
        return redirect("esim:application", public_id)
    owed = arrears.owed(request.user, now=now)
    if request.method == "POST" and not owed:
        return _send(request, found)
    context = {**page_of(found), "parts": words.parts_of(found), "owed": owed, "kept": words.kept_words()}
    context["is_complete"] = not applications.missing(found)
    return render(request, "portal/sim_review.html", context)


def _send(request: SubscriberRequest, found: SimApplication) -> HttpResponse:
    try:
        applications.submit(found, ip=client_ip(request), now=timezone.now())
    except CannotApply as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("Your application is with us. We write to you as soon as it is checked."))
        return redirect("esim:application", found.public_id)
    return redirect("sim_review", found.public_id)
