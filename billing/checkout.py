"""Placing an order: the one door through which anything is bought."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing import ledger, queueing, redemptions, sales
from billing.card_consent import CardConsent
from billing.charges import draft_charge
from billing.discounts import Quote
from billing.gateways import smallest_charge
from billing.ledger import InsufficientBalance
from billing.models import Agreement, Charge, Order, PaymentMethod, Subscription, TopUpRule
from billing.redemptions import CouponGone
from esim.models import Line
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.kept_sql import KeptInsert, KeptPair
from portal.lib.money import Money

ORDERS = KeptInsert(Order)
CHARGED_ORDERS = KeptPair(Order, Charge, link="order")


class TooLittleForCard(InsufficientBalance):
    """What a card would have to pay is less than gateways charge, and the balance does not cover all of the price."""

    sentence = _(
        "An amount this small can't be paid by card, and your balance does not cover it. Nothing was taken. Add money to"
        " your balance, then pay from it."
    )


class UnevenForCard(TooLittleForCard):
    """Cards are charged in steps, and the balance does not hold what the price has beside whole ones."""

    sentence = _(
        "This amount can't be paid by card alone, and your balance does not cover the rest of it. Nothing was taken. Add"
        " money to your balance, then pay from it."
    )


class FormReused(Exception):
    """The form was sent before, for something else."""

    sentence = _("This form was already used to buy something else. Nothing was bought now. Open the page again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What somebody wants to buy, and how to pay for it.

    `gateway` empty: nothing is charged yet, the order's page offers ways to pay. `use_wallet` takes what the
    balance holds; without a gateway it has to hold all of it. A new card is kept by `card_consent` only.
    `quote` is what offers make of price and plan; `price` is then what it comes to. `is_queued`: it waits until the
    plans before it on its line have ended.
    """

    owner: User
    kind: Order.Kind
    price: Money
    form_key: str
    line: Line | None = None
    plan: Plan | None = None
    nickname: str = ""
    use_wallet: bool = False
    gateway: str = ""
    method: PaymentMethod | None = None
    off_session: bool = False
    card_consent: CardConsent | None = None
    subscription: Subscription | None = None
    period_index: int | None = None
    top_up_rule: TopUpRule | None = None
    top_up_index: int | None = None
    trigger: Order.Trigger = Order.Trigger.CLICK
    agreement: Agreement | None = None
    quote: Quote | None = None
    is_queued: bool = False
    pay_within: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        if self.quote is not None and self.quote.price != self.price:
            raise ValueError(f"{self.price} is not what the offers come to: {self.quote.price}.")

    @property
    def is_reduced(self) -> bool:
        return self.quote is not None and self.quote.is_reduced

    @property
    def is_several(self) -> bool:
        """Whether more rows than an order and its charge are written."""
        return self.is_reduced or self.is_queued


def place_order(*, purchase: Purchase, now: datetime) -> Order:
    """Commit an order with its reservation and its charge; the same form again returns the same order.

    A period of a subscription is bought once, too, whichever form asks, and so is a purchase of a top-up rule.
    Offers are used up with it, or not at all. Raises FormReused for a form that was sent before with other wishes,
    InsufficientBalance (TooLittleForCard), and CouponGone.
    """
    try:
        return _insert(purchase, now=now)
    except (IntegrityError, InsufficientBalance, CouponGone):
        # Either somebody was quicker with this very purchase, or the error stands.
        earlier = _earlier_order(purchase)
        if earlier is None:
            raise
    if not _is_for(earlier, purchase):
        raise FormReused
    return earlier


def _insert(purchase: Purchase, *, now: datetime) -> Order:
    order = _draft(purchase, now=now)
    if purchase.gateway and not purchase.use_wallet:
        wallet_share(balance=Money.zero(order.currency), price=order.total, rest_is_charged=True)
    if purchase.gateway and order.to_charge and not purchase.use_wallet and not purchase.is_several:
        _add(order, purchase, now=now)
        return order
    with transaction.atomic():
        if purchase.is_queued and purchase.line is not None:
            # Line before balance before coupon, as where a queued plan is cancelled: nobody waits in a circle.
            queueing.hold(purchase.line)
        if purchase.use_wallet:
            order.wallet_amount = _wallet_part(purchase).minor
        if not order.to_charge:
            sales.stamp_paid(order, now=now)
            order.fulfil_due_at = None if purchase.is_queued else order.fulfil_due_at
        _add(order, purchase, now=now)
        if purchase.quote is not None:
            redemptions.reserve(order, purchase.quote, now=now)
        if purchase.is_queued and purchase.line is not None:
            queueing.append(order, line=purchase.line, now=now)
        sales.reserve_wallet_part(order, now=now)
        if not order.to_charge:
            sales.book_paid(order, now=now)
    return order


def _add(order: Order, purchase: Purchase, *, now: datetime) -> None:
    if purchase.gateway and order.to_charge:
        CHARGED_ORDERS.add(order, _draft_charge(order, purchase, now=now))
    else:
        ORDERS.add(order)


def _draft(purchase: Purchase, *, now: datetime) -> Order:
    return Order(
        owner=purchase.owner,
        kind=purchase.kind,
        line=purchase.line,
        plan=purchase.plan,
        nickname=purchase.nickname,
        plan_terms=_terms(purchase),
        currency=purchase.price.currency,
        amount=purchase.price.minor,
        form_key=purchase.form_key,
        subscription=purchase.subscription,
        period_index=purchase.period_index,
        top_up_rule=purchase.top_up_rule,
        top_up_index=purchase.top_up_index,
        trigger=purchase.trigger,
        agreement=purchase.agreement,
        created_at=now,
        expires_at=now + purchase.pay_within,
    )


def _terms(purchase: Purchase) -> dict[str, Any]:
    """Return what the order keeps of its plan: what offers add to it included."""
    if purchase.plan is None:
        return {}
    if purchase.quote is None or not purchase.quote.is_reduced:
        return PlanTerms.of(purchase.plan).to_json()
    return {**purchase.quote.terms.to_json(), redemptions.MARK: purchase.quote.list_price.minor}


def _draft_charge(order: Order, purchase: Purchase, *, now: datetime) -> Charge:
    return draft_charge(
        order,
        gateway_name=purchase.gateway,
        method=purchase.method,
        off_session=purchase.off_session,
        card_consent=purchase.card_consent,
        now=now,
    )


def _wallet_part(purchase: Purchase) -> Money:
    if purchase.kind == Order.Kind.CREDIT:
        raise ValueError("A balance is not topped up from itself.")
    balance = ledger.locked_balance(user_id=purchase.owner.pk, currency=purchase.price.currency)
    return wallet_share(balance=balance, price=purchase.price, rest_is_charged=bool(purchase.gateway))


def wallet_share(*, balance: Money, price: Money, rest_is_charged: bool) -> Money:
    """Return how much of a price a balance pays: what it has, up to the price, and less where a card pays the rest.

    No gateway charges less than its least amount, or parts of a step: the balance leaves so much. Pages, the engine
    that renews and what foretells it all ask here. Raises InsufficientBalance where nothing else pays the rest, and
    TooLittleForCard, or UnevenForCard, where a card can't.
    """
    if balance >= price:
        return price
    if not rest_is_charged:
        raise InsufficientBalance
    least = smallest_charge(price.currency)
    if price < least:
        raise TooLittleForCard
    rest = max(least, (price - balance).in_whole_steps())
    if rest > price:
        raise UnevenForCard
    return price - rest


def _earlier_order(purchase: Purchase) -> Order | None:
    same = Q(owner=purchase.owner, form_key=purchase.form_key)
    stands = ~Q(state__in=(Order.State.EXPIRED, Order.State.CANCELLED, Order.State.UNDELIVERABLE))
    if purchase.subscription is not None:
        same |= Q(subscription=purchase.subscription, period_index=purchase.period_index) & stands
    if purchase.top_up_rule is not None:
        same |= Q(top_up_rule=purchase.top_up_rule, top_up_index=purchase.top_up_index) & stands
    return Order.objects.filter(same).order_by("pk").first()


def _is_for(order: Order, purchase: Purchase) -> bool:
    """Tell whether an order is what this form asks for.

    The price counts only where the buyer typed it: a price list that changed between two sendings of one form
    does not make them two purchases.
    """
    asked = (purchase.kind, purchase.line and purchase.line.pk, purchase.plan and purchase.plan.pk)
    typed_price = (purchase.price.minor, purchase.price.currency) if purchase.kind == Order.Kind.CREDIT else None
    given = (order.kind, order.line_id, order.plan_id)
    given_price = (order.amount, order.currency) if order.kind == Order.Kind.CREDIT else None
    # A new line has no line yet when it is bought, and has one when the form comes again.
    if purchase.kind == Order.Kind.NEW_LINE:
        asked, given = (asked[0], None, asked[2]), (given[0], None, given[2])
    return asked == given and typed_price == given_price
