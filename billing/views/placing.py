"""What is being sold, the purchase that a form makes of it, and where its payer is led."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import redirect

from accounts.fresh_proof import was_resumed
from accounts.http import SubscriberRequest, client_ip
from billing import card_consent, checkout, gateways, pay_links
from billing.discounts import Quote
from billing.forms import PurchaseForm, price_token
from billing.models import Order
from billing.purchases import Offer
from billing.tasks import fulfil_order, nudge
from billing.views.leading_on import charge_soon
from esim.models import Line
from portal.lib.money import Money


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


def asks_somebody(request: SubscriberRequest, sale: Sale) -> bool:
    """Tell whether the order is placed for somebody else to pay by a link: by card, as anybody pays on a page."""
    return "ask_somebody" in request.POST and sale.kind in pay_links.KINDS and gateways.is_chargeable(sale.price)


def lead_to_payment(request: SubscriberRequest, order: Order, form: PurchaseForm) -> HttpResponseRedirect:
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


def purchase_of(request: SubscriberRequest, sale: Sale, form: PurchaseForm, *, now: datetime) -> checkout.Purchase:
    wishes = form.cleaned_data
    if asks_somebody(request, sale):
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
