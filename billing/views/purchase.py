"""Choose what to buy: a plan for a line or a new line, more data, money for the balance."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SubscriberRequest
from billing import purchases
from billing.credit_amounts import amounts_in
from billing.forms import AmountForm
from billing.models import Order
from billing.purchases import NotOnSale
from billing.schedule import last_paid
from billing.views.checking import check, quoted
from billing.views.leading_on import leads_to_gateway
from billing.views.placing import Sale
from esim import carriers
from esim.models import Line
from plans.currency import chosen_currency


@login_required
@leads_to_gateway
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: SubscriberRequest, public_id: str) -> HttpResponse:
    return _sell(request, kind=Order.Kind.RENEWAL, line=_line_or_404(request, public_id))


@login_required
@leads_to_gateway
@require_http_methods(["GET", "HEAD", "POST"])
def add_to_queue(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Sell a plan that begins when the others of the line have ended; without any it would be a renewal."""
    line = _line_or_404(request, public_id)
    if line.pk not in last_paid([line.pk], now=timezone.now()) and not _has_bought(request):
        return redirect("billing:renew", public_id)
    return _sell(request, kind=Order.Kind.RENEWAL, line=line, is_queued=True)


@login_required
@leads_to_gateway
@require_http_methods(["GET", "HEAD", "POST"])
def top_up(request: SubscriberRequest, public_id: str) -> HttpResponse:
    if not carriers.chosen().capabilities.data_packs:
        raise Http404
    return _sell(request, kind=Order.Kind.TOP_UP, line=_line_or_404(request, public_id))


@login_required
@leads_to_gateway
@require_http_methods(["GET", "HEAD", "POST"])
def buy(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Sell a plan on a new line."""
    return _sell_plan(request, kind=Order.Kind.NEW_LINE, plan_id=public_id)


@login_required
@leads_to_gateway
@require_http_methods(["GET", "HEAD", "POST"])
def add_money(request: SubscriberRequest) -> HttpResponse:
    """Let the amount be chosen, then checked and paid like any purchase."""
    currency = chosen_currency(request)
    amounts = amounts_in(currency)
    # The address carries amount and currency also when the check page is sent.
    is_chosen = "amount" in request.GET or "own_amount" in request.GET
    form = AmountForm(request.GET if is_chosen else None, amounts=amounts)
    if form.is_bound and form.is_valid():
        return check(request, Sale(kind=Order.Kind.CREDIT, price=form.cleaned_data["money"]))
    context = {"nav": "billing", "form": form, "amounts": amounts, "currency": currency}
    context["currencies"] = settings.PORTAL_CURRENCIES
    return render(
        request, "billing/add_money.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else 200
    )


def _line_or_404(request: SubscriberRequest, public_id: str) -> Line:
    line = purchases.find_line(public_id=public_id, buyer=request.user)
    if line is None:
        raise Http404
    return line


def _sell(request: SubscriberRequest, *, kind: Order.Kind, line: Line, is_queued: bool = False) -> HttpResponse:
    now = timezone.now()
    plan_id = request.POST.get("plan") or request.GET.get("plan")
    if kind == Order.Kind.TOP_UP and not purchases.can_top_up(line, now=now):
        return render(request, "billing/nothing_to_top_up.html", {"nav": "lines", "line": line})
    if plan_id:
        return _sell_plan(request, kind=kind, plan_id=plan_id, line=line, is_queued=is_queued)
    currency = chosen_currency(request)
    shelf = purchases.shelf(line=line, kind=kind, currency=currency, now=now)
    shelf = purchases.with_promotions(shelf, now=now)
    begun = Order.objects.owned_by(request.user).still_to_pay(now).filter(line=line, kind=kind).order_by("-pk").first()
    context = {"nav": "lines", "line": line, "kind": kind, "shelf": shelf, "currency": currency, "begun": begun}
    context |= {"is_queued": is_queued, "currencies": settings.PORTAL_CURRENCIES}
    return render(request, "billing/choose.html", context)


def _sell_plan(
    request: SubscriberRequest, *, kind: Order.Kind, plan_id: str, line: Line | None = None, is_queued: bool = False
) -> HttpResponse:
    currency = request.POST.get("currency") or chosen_currency(request)
    try:
        offer = purchases.find_offer(plan_id=plan_id, kind=kind, currency=currency, now=timezone.now())
    except NotOnSale as refusal:
        messages.warning(request, refusal.sentence)
        return redirect(request.path) if line else redirect("plans:catalogue")
    if kind == Order.Kind.NEW_LINE and purchases.is_sold_out(carrier=carriers.chosen()) and not _has_bought(request):
        status = HTTPStatus.CONFLICT if request.method == "POST" else HTTPStatus.OK
        return render(request, "billing/sold_out.html", {"nav": "plans", "offer": offer}, status=status)
    sale = Sale(kind=kind, price=offer.price, line=line, offer=offer, is_queued=is_queued)
    return check(request, quoted(request, sale))


def _has_bought(request: SubscriberRequest) -> bool:
    """Tell whether this very form has bought already: who sends it again is led to the order."""
    sent = request.POST.get("form_key", "")
    return sent.isprintable() and Order.objects.owned_by(request.user).filter(form_key=sent).exists()
