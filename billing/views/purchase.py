"""Choose, check, pay: the pages that sell. Everything works by plain forms; no gateway is asked here."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.fresh_proof import ask_first, is_fresh, was_resumed
from accounts.http import SubscriberRequest, client_ip
from accounts.locks import AccountLocked, is_locked
from billing import arrears, card_consent, checkout, discounts, gateways, pay_links, purchases
from billing.checkout import FormReused
from billing.confirmation import needs_proof
from billing.credit_amounts import amounts_in
from billing.discount_words import rows_of_quote
from billing.discounts import Quote
from billing.forms import AmountForm, PurchaseForm, price_token
from billing.ledger import InsufficientBalance
from billing.models import Order
from billing.purchases import NotOnSale, Offer
from billing.queue_pages import next_turn
from billing.redemptions import CouponGone
from billing.schedule import last_paid
from billing.tasks import fulfil_order, nudge
from billing.views.leading_on import charge_soon, leads_to_gateway
from billing.ways_to_pay import ways_to_pay
from esim import carriers, device_check
from esim.models import Line
from plans.currency import chosen_currency
from plans.models.coupons import code_key
from portal.lib.money import Money

CODE_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What the check page offers: a plan for a line or a new line, money for the balance, or settling what is owed.

    `price` is what is to be paid; where offers may take something off, `quote` says what it is made of. `is_queued`: the
    plan waits until the others of the line have ended.
    """

    kind: Order.Kind
    price: Money
    line: Line | None = None
    offer: Offer | None = None
    quote: Quote | None = None
    is_queued: bool = False

    @property
    def token(self) -> str:
        return self.quote.token if self.quote else price_token(self.price)

    @property
    def is_free(self) -> bool:
        return self.quote is not None and self.quote.is_free


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


def quoted(request: SubscriberRequest, sale: Sale) -> Sale:
    """Return a sale at what offers, and the code that was sent, make of its price.

    A code in the address is only filled in: looking it up counts codes that are none, and a GET writes nothing.
    """
    if sale.offer is None:
        return sale
    quote = discounts.quote(
        user=request.user,
        plan=sale.offer.plan,
        price=sale.offer.price,
        code=_typed(request.POST),
        ip=client_ip(request),
        now=timezone.now(),
    )
    return replace(sale, price=quote.price, quote=quote)


def _typed(query: QueryDict) -> str:
    return query.get("coupon", "")[:CODE_SHOWN].strip()


def _has_another_code(request: SubscriberRequest) -> bool:
    """Tell whether a code is sent whose effect was not on the page that was sent."""
    sent, seen = (code_key(request.POST.get(name, "")) for name in ("coupon", "coupon_seen"))
    return "apply_coupon" in request.POST or sent != seen


def _has_bought(request: SubscriberRequest) -> bool:
    """Tell whether this very form has bought already: who sends it again is led to the order."""
    sent = request.POST.get("form_key", "")
    return sent.isprintable() and Order.objects.owned_by(request.user).filter(form_key=sent).exists()


def check(request: SubscriberRequest, sale: Sale) -> HttpResponse:
    """Show what will be bought and for how much; a POST that agrees with it places the order."""
    now = timezone.now()
    if request.method != "POST":
        return _render_check(request, sale, PurchaseForm(owner=request.user), now=now)
    if sale.quote and _has_another_code(request):
        return _render_check(request, sale, PurchaseForm.asked_again(request.POST, owner=request.user), now=now)
    form = PurchaseForm(request.POST, owner=request.user, is_free=sale.is_free)
    if not form.is_valid():
        return _render_check(request, sale, form, now=now, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if not form.saw(sale.token):
        return _ask_again(request, sale, form, now=now)
    uses_what_we_keep = form.uses_what_we_keep and not _asks_somebody(request, sale)
    if uses_what_we_keep and is_locked(request.user):
        raise AccountLocked
    if uses_what_we_keep and needs_proof(sale.price) and not is_fresh(request):
        return ask_first(request)
    return _place(request, sale, form, now=now)


def _asks_somebody(request: SubscriberRequest, sale: Sale) -> bool:
    """Tell whether the order is placed for somebody else to pay by a link."""
    return "ask_somebody" in request.POST and sale.kind in pay_links.KINDS and not sale.is_free


def _place(request: SubscriberRequest, sale: Sale, form: PurchaseForm, *, now: datetime) -> HttpResponse:
    place_order = arrears.place_order if sale.kind == Order.Kind.ARREARS else checkout.place_order
    try:
        order = place_order(purchase=_purchase(request, sale, form, now=now), now=now)
    except CouponGone:
        return _ask_again(request, quoted(request, sale), form, now=now)
    except (FormReused, InsufficientBalance) as refusal:
        form.add_error(None, refusal.sentence)
        return _render_check(request, sale, form, now=now, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if _asks_somebody(request, sale) and pay_links.can_share(order):
        return redirect("billing:pay_link", order.public_id)
    return _redirect_to_payment(request, order, form)


def _ask_again(request: SubscriberRequest, sale: Sale, form: PurchaseForm, *, now: datetime) -> HttpResponse:
    """The price changed while the page was open: show the new one, unless this very form has bought already."""
    bought = Order.objects.owned_by(request.user).filter(form_key=form.cleaned_data["form_key"]).first()
    if bought is not None:
        return _redirect_to_payment(request, bought, form)
    fresh = PurchaseForm.asked_again(request.POST, owner=request.user)
    return _render_check(request, sale, fresh, now=now, status=HTTPStatus.UNPROCESSABLE_ENTITY, price_changed=True)


def _redirect_to_payment(request: SubscriberRequest, order: Order, form: PurchaseForm) -> HttpResponseRedirect:
    """Send the payer on: to the gateway's page where there is one to pay on, else to the order's page.

    What needs nobody's page goes its way meanwhile: a kept card is charged, a paid order delivered.
    """
    if order.state == Order.State.PAID:
        transaction.on_commit(partial(nudge, fulfil_order, order_id=order.pk))
    elif order.state == Order.State.PENDING and form.method is not None:
        charge_soon(order.pk)
    elif order.state == Order.State.PENDING and not was_resumed(request):
        # After a proof the form in the browser is that of the proof, whose policy names no payment page: the
        # order's page leads there by a link.
        return redirect("billing:pay", order.public_id)
    return redirect("billing:order", order.public_id)


def _purchase(request: SubscriberRequest, sale: Sale, form: PurchaseForm, *, now: datetime) -> checkout.Purchase:
    wishes = form.cleaned_data
    if _asks_somebody(request, sale):
        return _to_be_paid_by_somebody(request, sale, form)
    keeps_card = wishes["keep_card"] and form.method is None and not form.from_balance_only
    from_balance = form.from_balance_only and sale.kind != Order.Kind.CREDIT
    return checkout.Purchase(
        owner=request.user,
        kind=sale.kind,
        line=sale.line,
        plan=sale.offer.plan if sale.offer else None,
        nickname=wishes["nickname"],
        price=sale.price,
        quote=sale.quote,
        is_queued=sale.is_queued,
        form_key=str(wishes["form_key"]),
        use_wallet=from_balance or (wishes["use_balance"] and sale.kind != Order.Kind.CREDIT),
        gateway="" if from_balance else _gateway_name(form),
        method=form.method,
        card_consent=card_consent.given(ip=client_ip(request), now=now) if keeps_card else None,
    )


def _to_be_paid_by_somebody(request: SubscriberRequest, sale: Sale, form: PurchaseForm) -> checkout.Purchase:
    """Return an order that nothing is charged for yet, and that waits for longer."""
    return checkout.Purchase(
        owner=request.user,
        kind=sale.kind,
        line=sale.line,
        plan=sale.offer.plan if sale.offer else None,
        nickname=form.cleaned_data["nickname"],
        price=sale.price,
        quote=sale.quote,
        is_queued=sale.is_queued,
        form_key=str(form.cleaned_data["form_key"]),
        pay_within=pay_links.OPEN_FOR,
    )


def _gateway_name(form: PurchaseForm) -> str:
    """Name the gateway that takes the money: a kept card is charged where it is kept."""
    return form.method.gateway if form.method else gateways.chosen().name


def _render_check(
    request: SubscriberRequest, sale: Sale, form: PurchaseForm, *, now: datetime, status: int = 200, **extra: Any
) -> HttpResponse:
    means = purchases.means(user=request.user, price=sale.price, now=now)
    after, turn = None, None
    if sale.line and sale.quote and sale.is_queued:
        turn = next_turn(line=sale.line, terms=sale.quote.terms, now=now)
    elif sale.line and sale.quote:
        after = purchases.after_purchase(line=sale.line, terms=sale.quote.terms, now=now)
    context = {
        "nav": "plans" if sale.kind == Order.Kind.NEW_LINE else "billing" if sale.offer is None else "lines",
        "sale": sale,
        "form": form,
        "means": means,
        "ways": ways_to_pay(
            means,
            kinds=gateways.chosen().kinds_of_means(sale.price.currency),
            chosen=form["pay_with"].value(),
            with_balance=sale.kind != Order.Kind.CREDIT,
        ),
        "after": after,
        "turn": turn,
        "other_prices": purchases.other_prices(sale.offer, now=now) if sale.offer else [],
        "code_typed": _typed(request.POST) or _typed(request.GET),
        "offer_rows": rows_of_quote(sale.quote) if sale.quote else [],
        "balance_after": means.balance + sale.price,
        "price_token": sale.token,
        "device_check": device_check.recall(request.session),
        **extra,
    }
    return render(request, "billing/check.html", context, status=status)
