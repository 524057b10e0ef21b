"""Auto-renewal of a line: how it stands, turning it on with an explicit consent, turning it off."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from billing import agreements, gateways, renewal_pages
from billing.agreements import BeingCharged, NothingToContinue
from billing.forms import ConsentForm
from billing.models import Subscription
from billing.purchases import NotOnSale
from esim.models import Line


@login_required
@require_safe
def auto_renewal(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show how auto-renewal stands and what it could be."""
    line = _line(request, public_id)
    kinds = gateways.chosen().kinds_of_means(request.user.currency)
    context = renewal_pages.standing(line=line, user=request.user, kinds=kinds, now=timezone.now())
    return render(request, "billing/auto_renewal.html", {"nav": "lines", "line": line, **context})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def agree(request: SubscriberRequest, public_id: str) -> HttpResponse:
    # The line comes first: a stranger learns that there is none, not that a password would help.
    return _agree_page(request, line=_line(request, public_id))


@after_fresh_sign_in
def _agree_page(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    """Show the exact terms; agreeing to them turns auto-renewal on, which lets money move."""
    now = timezone.now()
    wishes = request.POST if request.method == "POST" else request.GET
    try:
        terms = renewal_pages.terms(line=line, user=request.user, wishes=wishes, now=now)
    except (NotOnSale, NothingToContinue, renewal_pages.NoSuchSource) as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("billing:auto_renewal", line.public_id)
    form = ConsentForm(request.POST if request.method == "POST" else None, sentence=terms.sentence)
    if not form.is_valid():
        context = {"nav": "lines", "line": line, "terms": terms, "form": form}
        return render(
            request, "billing/agree.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else 200
        )
    return _turn_on(request, line, terms)


def _turn_on(request: SubscriberRequest, line: Line, terms: renewal_pages.Terms) -> HttpResponse:
    consent = terms.consent(ip=client_ip(request))
    try:
        agreements.turn_on(line=line, consent=consent, actor=request.user, now=timezone.now())
    except (BeingCharged, NothingToContinue) as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, _("Auto-renewal is on."))
    return redirect("billing:auto_renewal", line.public_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def turn_off(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = _line(request, public_id)
    on = Subscription.objects.filter(line=line, mode=Subscription.Mode.AUTOMATIC).select_related("line", "plan")
    subscription = get_object_or_404(on)
    if request.method != "POST":
        context = {"nav": "lines", "line": line, "subscription": subscription}
        return render(request, "billing/turn_off.html", context)
    agreements.turn_off(subscription=subscription, actor=request.user, ip=client_ip(request), now=timezone.now())
    messages.success(request, _("Auto-renewal is off. What is paid stays paid."))
    return redirect("billing:auto_renewal", public_id)


def _line(request: SubscriberRequest, public_id: str) -> Line:
    return get_object_or_404(Line.objects.owned_by(request.user).in_use(), public_id=public_id)
