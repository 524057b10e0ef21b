"""Buying what runs low by itself: how the rules stand, turning one on with an explicit consent, turning it off."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from accounts.locks import refuse_if_locked
from billing import gateways, paying, top_up_pages, top_up_rules, top_up_terms
from billing.forms import ConsentForm
from billing.models import TopUpRule
from billing.paying import StillBeingChecked
from billing.purchases import NotOnSale
from billing.top_up_forms import TopUpForm
from billing.top_up_rules import BeingBought
from billing.top_up_terms import TopUpTerms, WishesUnclear
from esim import carriers
from esim.models import Line


@login_required
@require_safe
def low_data(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show what happens when the data of a line runs low, and what could."""
    return _low_data_page(request, line=_line(request, public_id))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def low_data_agree(request: SubscriberRequest, public_id: str) -> HttpResponse:
    # The line comes first: a stranger learns that there is none, not that a password would help.
    return _low_data_agree(request, line=_line(request, public_id))


@after_fresh_sign_in
def _low_data_agree(request: SubscriberRequest, *, line: Line) -> HttpResponse:
    """Show the exact terms; agreeing to them turns the rule on, which lets money move."""
    try:
        terms = top_up_terms.data_terms(line=line, user=request.user, wishes=_wishes(request), now=timezone.now())
    except NotOnSale as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("billing:low_data", line.public_id)
    except WishesUnclear as unclear:
        return _low_data_page(request, line=line, form=unclear.form)
    return _agree(request, terms, page=reverse("billing:low_data", args=[line.public_id]))


@login_required
@require_safe
def low_balance(request: SubscriberRequest) -> HttpResponse:
    """Show what happens when the balance runs low, and what could."""
    return _low_balance_page(request)


@login_required
@after_fresh_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def low_balance_agree(request: SubscriberRequest) -> HttpResponse:
    """Show the exact terms; agreeing to them turns the rule on, which lets money move."""
    try:
        terms = top_up_terms.balance_terms(user=request.user, wishes=_wishes(request), now=timezone.now())
    except WishesUnclear as unclear:
        return _low_balance_page(request, form=unclear.form)
    return _agree(request, terms, page=reverse("billing:low_balance"))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def turn_off(request: SubscriberRequest, public_id: str) -> HttpResponse:
    on = TopUpRule.objects.owned_by(request.user).filter(is_on=True).select_related("owner", "line", "plan")
    rule = get_object_or_404(on, public_id=public_id)
    page = reverse("billing:low_data", args=[rule.line.public_id]) if rule.line else reverse("billing:low_balance")
    if request.method != "POST":
        return render(request, "billing/top_up_off.html", {"nav": _nav(rule.line), "rule": rule, "page": page})
    top_up_rules.turn_off(rule=rule, actor=request.user, ip=client_ip(request), now=timezone.now())
    messages.success(request, _("Turned off. Nothing more is bought by itself."))
    return redirect(page)


def _agree(request: SubscriberRequest, terms: TopUpTerms, *, page: str) -> HttpResponse:
    form = ConsentForm(request.POST if request.method == "POST" else None, sentence=terms.sentence)
    if not form.is_valid():
        context = {"nav": _nav(terms.line), "terms": terms, "form": form, "page": page}
        return render(request, "billing/top_up_agree.html", context, status=_status(is_wrong=form.is_bound))
    refuse_if_locked(request.user)
    consent, now = terms.consent(ip=client_ip(request)), timezone.now()
    try:
        paying.free_refused(top_up_rules.orders_before(consent), gateways=gateways.by_name(), now=now)
        top_up_rules.turn_on(consent=consent, actor=request.user, now=now)
    except (BeingBought, StillBeingChecked) as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, _("Turned on."))
    return redirect(page)


def _low_data_page(request: SubscriberRequest, *, line: Line, form: TopUpForm | None = None) -> HttpResponse:
    context = top_up_pages.low_data(line=line, user=request.user, form=form, now=timezone.now())
    if not (context["standing"] or carriers.chosen().capabilities.data_packs):
        raise Http404
    shown = {"nav": "lines", "line": line, **context}
    return render(request, "billing/low_data.html", shown, status=_status(is_wrong=form is not None))


def _low_balance_page(request: SubscriberRequest, *, form: TopUpForm | None = None) -> HttpResponse:
    context = top_up_pages.low_balance(user=request.user, form=form, now=timezone.now())
    return render(
        request, "billing/low_balance.html", {"nav": "billing", **context}, status=_status(is_wrong=form is not None)
    )


def _status(*, is_wrong: bool) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK


def _nav(line: Line | None) -> str:
    return "lines" if line else "billing"


def _wishes(request: SubscriberRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def _line(request: SubscriberRequest, public_id: str) -> Line:
    return get_object_or_404(Line.objects.owned_by(request.user).in_use(), public_id=public_id)
