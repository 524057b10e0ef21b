"""Check what will be bought, and pay. Everything works by plain forms; no gateway is asked here."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.fresh_proof import ask_first, is_fresh
from accounts.http import SubscriberRequest, client_ip
from accounts.locks import AccountLocked, is_locked
from billing import arrears, checkout, discounts, gateways, pay_links, purchases
from billing.checkout import FormReused
from billing.confirmation import ProofNeeded, without_proof
from billing.discount_words import rows_of_quote
from billing.forms import PurchaseForm
from billing.ledger import InsufficientBalance
from billing.models import Order
from billing.queue_pages import next_turn
from billing.redemptions import CouponGone
from billing.views.placing import Sale, asks_somebody, lead_to_payment, purchase_of
from billing.ways_to_pay import ways_to_pay
from esim import device_check
from plans.models.coupons import code_key

CODE_SHOWN = 60


def quoted(request: SubscriberRequest, sale: Sale) -> Sale:
    """Return a sale at what offers, and the code that was sent, make of its price.

    A code in the address is only filled in: looking it up counts codes that are none, and a GET writes nothing.
    """
    if sale.offer is None:
        return sale
    code = _typed(request.POST)
    quote = discounts.quote(
        user=request.user,
        plan=sale.offer.plan,
        price=sale.offer.price,
        code=code,
        ip=client_ip(request) if code else None,
        now=timezone.now(),
    )
    return replace(sale, price=quote.price, quote=quote)


def _typed(query: QueryDict) -> str:
    return query.get("coupon", "")[:CODE_SHOWN].strip()


def _has_another_code(request: SubscriberRequest) -> bool:
    """Tell whether a code is sent whose effect was not on the page that was sent."""
    sent, seen = (request.POST.get(name, "").strip() for name in ("coupon", "coupon_seen"))
    # What is no code at all is another one than none: it is refused, not left out.
    return "apply_coupon" in request.POST or (code_key(sent) or sent) != (code_key(seen) or seen)


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
    uses_what_we_keep = form.uses_what_we_keep and not asks_somebody(request, sale)
    if uses_what_we_keep and is_locked(request.user):
        raise AccountLocked
    is_unproved = uses_what_we_keep and not is_fresh(request)
    counted = without_proof(sale.price, payer=request.user, now=now) if is_unproved else nullcontext()
    return _place(request, sale, form, counted=counted, now=now)


def _place(
    request: SubscriberRequest, sale: Sale, form: PurchaseForm, *, counted: AbstractContextManager[None], now: datetime
) -> HttpResponse:
    place_order = arrears.place_order if sale.kind == Order.Kind.ARREARS else checkout.place_order
    try:
        with counted:
            order = place_order(purchase=purchase_of(request, sale, form, now=now), now=now)
    except ProofNeeded:
        return _lead_on_again(request, form) or ask_first(request)
    except CouponGone:
        return _ask_again(request, quoted(request, sale), form, now=now)
    except (FormReused, InsufficientBalance) as refusal:
        form.add_error(None, refusal.sentence)
        return _render_check(request, sale, form, now=now, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if asks_somebody(request, sale) and pay_links.can_share(order):
        return redirect("billing:pay_link", order.public_id)
    return lead_to_payment(request, order, form)


def _ask_again(request: SubscriberRequest, sale: Sale, form: PurchaseForm, *, now: datetime) -> HttpResponse:
    """The price changed while the page was open: show the new one, unless this very form has bought already."""
    if bought := _lead_on_again(request, form):
        return bought
    fresh = PurchaseForm.asked_again(request.POST, owner=request.user)
    return _render_check(request, sale, fresh, now=now, status=HTTPStatus.UNPROCESSABLE_ENTITY, price_changed=True)


def _lead_on_again(request: SubscriberRequest, form: PurchaseForm) -> HttpResponse | None:
    """Lead on whoever sent this very form before, and has bought by it; None where it bought nothing yet."""
    bought = Order.objects.owned_by(request.user).filter(form_key=form.cleaned_data["form_key"]).first()
    return lead_to_payment(request, bought, form) if bought is not None else None


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
