"""The order and the charge of one period: written down before anybody is asked for money."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from accounts.models import User
from billing import charges, checkout, dunning, ledger
from billing.declines import BALANCE_TOO_LOW, TOO_LITTLE_FOR_CARD
from billing.gateways.base import Gateways
from billing.ledger import InsufficientBalance
from billing.models import Charge, Order, PaymentMethod, Subscription
from billing.verdicts import Action, Verdict, trigger_of
from portal.lib.money import Money

# As long as the ladder and a day: a declined renewal can be paid another way while we still try.
PAYABLE = dunning.LADDER[-1] + timedelta(days=1)


class ClaimLost(Exception):
    """Our lease ran out and somebody else works on the row, or it was turned off: we write nothing more."""


@dataclass(slots=True, kw_only=True)
class Renewal:
    """One period being bought for one claimed subscription; `refusal` is a no that needed no gateway."""

    subscription: Subscription
    order: Order | None = None
    charge: Charge | None = None
    refusal: str = ""


def intend(verdict: Verdict, *, now: datetime) -> Renewal:
    """Commit the order and the charge that a verdict allows; raises ClaimLost.

    A declined order that can still be paid gets another charge; one that came to nothing is placed anew.
    """
    subscription = verdict.subscription
    # Turned off since it was judged, nothing is charged any more.
    if not subscription.held().on().update(**asdict(verdict.schedule)):
        raise ClaimLost(subscription.public_id)
    subscription.period_index = verdict.schedule.period_index
    try:
        order = checkout.place_order(purchase=_purchase(subscription), now=now)
    except InsufficientBalance:
        from_card = subscription.pay_from == Subscription.PayFrom.METHOD
        return Renewal(subscription=subscription, refusal=TOO_LITTLE_FOR_CARD if from_card else BALANCE_TOO_LOW)
    renewal = Renewal(subscription=subscription, order=order)
    if order.state == Order.State.PENDING:
        renewal.charge = charges.start_charge(
            order=order,
            gateway_name=_gateway_name(subscription, order=order),
            method=subscription.paying_method,
            off_session=True,
            now=now,
        )
    return renewal


def is_beyond_reach(verdict: Verdict, gateways: Gateways) -> bool:
    """Tell whether what pays is a card of a gateway that is not set up: nobody could charge what is written down for it.

    Nor is it announced: nobody could keep that.
    """
    if verdict.action not in {Action.CHARGE, Action.ANNOUNCE}:
        return False
    row = verdict.subscription
    return needs_gone_gateway(
        row.paying_method, pay_from=row.pay_from, payer=row.line.owner, price=row.agreed_price, gateways=gateways
    )


def needs_gone_gateway(
    card: PaymentMethod | None, *, pay_from: str, payer: User, price: Money, gateways: Gateways
) -> bool:
    """Tell whether a price is, at least in part, for a card that is kept at a gateway that is not set up."""
    if pay_from == Subscription.PayFrom.WALLET or card is None or card.gateway in gateways:
        return False
    return pay_from == Subscription.PayFrom.METHOD or ledger.wallet_balance(payer, price.currency) < price


def found_again(subscription: Subscription) -> Renewal:
    """Return what an earlier run had written for the next period of a subscription left in flight."""
    order = subscription.placed().filter(period_index=subscription.period_index).order_by("pk").last()
    return Renewal(
        subscription=subscription, order=order, charge=charges.open_charge(order) if order is not None else None
    )


def _gateway_name(subscription: Subscription, *, order: Order) -> str:
    """Return where the card is kept; without one, where the order was tried to be paid before."""
    if subscription.paying_method is not None:
        return subscription.paying_method.gateway
    return order.charges.order_by("pk").values_list("gateway", flat=True).last() or ""


def _purchase(subscription: Subscription) -> checkout.Purchase:
    # Orders that came to nothing keep their form key; the next one for the same period needs its own.
    earlier = subscription.placed().filter(period_index=subscription.period_index).count()
    method = subscription.paying_method if subscription.pay_from != Subscription.PayFrom.WALLET else None
    return checkout.Purchase(
        owner=subscription.line.owner,
        kind=Order.Kind.RENEWAL,
        line=subscription.line,
        plan=subscription.plan,
        price=subscription.agreed_price,
        form_key=f"renewal:{subscription.public_id}:{subscription.period_index}:{earlier}",
        use_wallet=subscription.pay_from != Subscription.PayFrom.METHOD,
        gateway=method.gateway if method else "",
        method=method,
        off_session=True,
        subscription=subscription,
        period_index=subscription.period_index,
        trigger=trigger_of(subscription),
        agreement=subscription.agreement,
        pay_within=PAYABLE,
    )
