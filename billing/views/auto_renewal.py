"""Auto-renewal of a line: how it stands, turning it on with an explicit consent, turning it off."""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from accounts.locks import refuse_if_locked
from billing import agreements, gateways, paying, renewal_pages, renewal_terms
from billing.agreements import BeingCharged, NothingToContinue
from billing.forms import ConsentForm
from billing.models import Subscription
from billing.paying import StillBeingChecked
from billing.purchases import NotOnSale
from billing.renewal_forms import WishesForm
from billing.renewal_terms import LimitBelowPrice, Terms, WishesUnclear
from billing.turns import rests
from esim import carriers
from esim.models import Line


@login_required
@require_safe
def auto_renewal(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show how auto-renewal stands and what it could be."""
    line = _line(request, public_id)
    kinds = gateways.chosen().kinds_of_means(request.user.currency)
    context = renewal_pages.standing(line=line, user=request.user, wishes=request.GET, kinds=kinds, now=timezone.now())
    context["sells_data_packs"] = carriers.chosen().capabilities.data_packs
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
        terms = renewal_terms.terms(line=line, user=request.user, wishes=wishes, now=now)
    except (NotOnSale, NothingToContinue, WishesUnclear, LimitBelowPrice) as refusal:
        messages.warning(request, refusal.sentence)
        # With what was wished for: the fields there say what is wrong.
        return redirect(f"{reverse('billing:auto_renewal', args=[line.public_id])}{_query(wishes)}")
    form = ConsentForm(request.POST if request.method == "POST" else None, sentence=terms.sentence)
    if not form.is_valid():
        context = {"nav": "lines", "line": line, "terms": terms, "form": form}
        return render(
            request, "billing/agree.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else 200
        )
    return _turn_on(request, line, terms)


def _turn_on(request: SubscriberRequest, line: Line, terms: Terms) -> HttpResponse:
    refuse_if_locked(request.user)
    now = timezone.now()
    try:
        paying.free_refused_order(line=line, gateways=gateways.by_name(), now=now)
        agreed = agreements.turn_on(
            line=line, consent=terms.consent(ip=client_ip(request)), actor=request.user, now=now
        )
    except (BeingCharged, NothingToContinue, StillBeingChecked) as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, _said(agreed, now=now))
    return redirect("billing:auto_renewal", line.public_id)


def _said(agreed: Subscription, *, now: datetime) -> str:
    is_put_off = rests(agreed.line) or (agreed.asks_first and agreed.approved_index is None)
    if agreed.charge_due_at <= now and not is_put_off:
        return gettext("Auto-renewal is on. The renewal is paid within the next minutes.")
    return gettext("Auto-renewal is on. We ask you first.") if agreed.asks_first else gettext("Auto-renewal is on.")


def _query(wishes: QueryDict) -> str:
    kept = {name: wishes[name] for name in WishesForm.base_fields if wishes.get(name)}
    return f"?{urlencode(kept)}" if kept else ""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def turn_off(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = _line(request, public_id)
    on = Subscription.objects.on().filter(line=line).select_related("line", "plan")
    subscription = get_object_or_404(on)
    if request.method != "POST":
        context = {"nav": "lines", "line": line, "subscription": subscription}
        return render(request, "billing/turn_off.html", context)
    agreements.turn_off(subscription=subscription, actor=request.user, ip=client_ip(request), now=timezone.now())
    messages.success(request, _("Auto-renewal is off. What is paid stays paid."))
    return redirect("billing:auto_renewal", public_id)


def _line(request: SubscriberRequest, public_id: str) -> Line:
    return get_object_or_404(Line.objects.owned_by(request.user).in_use(), public_id=public_id)
