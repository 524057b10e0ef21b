"""The pages on which the line of an order made with another account is claimed."""

from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.fresh_proof import ask_first, is_fresh
from accounts.http import SubscriberRequest, client_ip
from billing import claiming
from billing.claim_forms import ClaimCodeForm, ClaimForm
from billing.claiming import TooManyClaims, WrongCode

AN_HOUR = timedelta(hours=1)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def claim(request: SubscriberRequest) -> HttpResponse:
    """Take order number and address; whatever they are, the next page asks for the code."""
    form = ClaimForm(request.POST or None)
    if not form.is_valid():
        return _page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK)
    try:
        claiming.ask(user=request.user, ip=client_ip(request), now=timezone.now(), **form.cleaned_data)
    except TooManyClaims as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, form, HTTPStatus.TOO_MANY_REQUESTS)
    return redirect("billing:claim_code")


@login_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def claim_code(request: SubscriberRequest) -> HttpResponse:
    """Take the code of the claim that is open, after a fresh proof; the right one leads to the move."""
    if claiming.open_claim(request.user, now=timezone.now()) is None:
        messages.info(request, _("No code can be typed any more. Begin again."))
        return redirect("billing:claim")
    form = ClaimCodeForm(request.POST or None)
    if not form.is_valid():
        return _code_page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK)
    return _redeem(request, form) if is_fresh(request) else ask_first(request)


def _redeem(request: SubscriberRequest, form: ClaimCodeForm) -> HttpResponse:
    code = form.cleaned_data["code"]
    try:
        move = claiming.redeem(user=request.user, code=code, ip=client_ip(request), now=timezone.now())
    except WrongCode as refusal:
        form.add_error(None, refusal.sentence)
        return _code_page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return redirect("esim:move", move.public_id)


def _page(request: SubscriberRequest, form: ClaimForm, status: HTTPStatus) -> HttpResponse:
    context = {"nav": "lines", "form": form, "hours": settings.PORTAL_COOL_OFF // AN_HOUR}
    return render(request, "billing/claim.html", context, status=status)


def _code_page(request: SubscriberRequest, form: ClaimCodeForm, status: HTTPStatus) -> HttpResponse:
    is_open = claiming.open_claim(request.user, now=timezone.now()) is not None
    context = {"nav": "lines", "form": form, "is_open": is_open}
    return render(request, "billing/claim_code.html", context, status=status)
