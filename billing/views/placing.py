"""What is being sold, the purchase that a form makes of it, and where its payer is led."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import redirect

from accounts.fresh_proof import was_resumed
from accounts.http import SubscriberRequest, client_ip
from accounts.models import User
from billing import card_consent, gateways, pay_links
from billing.checkout import Purchase
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

    @property
    def can_be_shared(self) -> bool:
        """Whether somebody else can pay it by a link: by card, as anybody pays on a page."""
        return self.kind in pay_links.KINDS and gateways.is_chargeable(self.price)


def asks_somebody(request: SubscriberRequest, sale: Sale) -> bool:
    """Tell whether the order is placed for somebody else to pay by a link."""
    return "ask_somebody" in request.POST and sale.can_be_shared


def lead_to_payment(request: SubscriberRequest, order: Order, form: PurchaseForm) -> HttpResponseRedirect:
    """Send the payer on: to the gateway's page where there is one to pay on, else to the order's page.

    What needs nobody's page goes its way meanwhile.
    """
    set_going(order, form)
    needs_page = order.state == Order.State.PENDING and form.method is None
    # After a proof the form in the browser is that of the proof, whose policy names no payment page: the order's
    # page leads there by a link.
    return redirect("billing:pay" if needs_page and not was_resumed(request) else "billing:order", order.public_id)


def set_going(order: Order, form: PurchaseForm) -> None:
    """Have workers charge the kept card that was chosen, or deliver what is paid."""
    if order.state == Order.State.PAID:
        transaction.on_commit(partial(nudge, fulfil_order, order_id=order.pk))
    elif order.state == Order.State.PENDING and form.method is not None:
        charge_soon(order.pk)


def purchase_of(request: SubscriberRequest, sale: Sale, form: PurchaseForm, *, now: datetime) -> Purchase:
    if asks_somebody(request, sale):
        return paid_by_somebody(sale, form, owner=request.user)
    bought = paid_with(sale, form, owner=request.user)
    keeps_card = form.cleaned_data["keep_card"] and form.method is None and not form.from_balance_only
    if not keeps_card:
        return bought
    return replace(bought, card_consent=card_consent.given(ip=client_ip(request), now=now))


def paid_with(sale: Sale, form: PurchaseForm, *, owner: User) -> Purchase:
    """Return what is bought, and paid as the form says; a balance is not filled from itself."""
    has_balance = sale.kind != Order.Kind.CREDIT
    from_balance = form.from_balance_only and has_balance
    return replace(
        _unpaid(sale, form, owner=owner),
        use_wallet=from_balance or (form.cleaned_data["use_balance"] and has_balance),
        gateway="" if from_balance else _gateway_name(form),
        method=form.method,
    )


def paid_by_somebody(sale: Sale, form: PurchaseForm, *, owner: User) -> Purchase:
    """Return an order that nothing is charged for yet, and that waits for longer."""
    return replace(_unpaid(sale, form, owner=owner), pay_within=pay_links.OPEN_FOR)


def _unpaid(sale: Sale, form: PurchaseForm, *, owner: User) -> Purchase:
    return Purchase(
        owner=owner,
        kind=sale.kind,
        line=sale.line,
        plan=sale.offer.plan if sale.offer else None,
        nickname=form.cleaned_data["nickname"],
        price=sale.price,
        quote=sale.quote,
        is_queued=sale.is_queued,
        form_key=str(form.cleaned_data["form_key"]),
    )


def _gateway_name(form: PurchaseForm) -> str:
    """Name the gateway that takes the money: a kept card is charged where it is kept."""
    return form.method.gateway if form.method else gateways.chosen().name
