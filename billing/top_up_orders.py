"""The order and the charge of one purchase of a rule: written down before anybody is asked for money."""

from dataclasses import dataclass
from datetime import datetime

from billing import charges, checkout
from billing.declines import BALANCE_TOO_LOW, TOO_LITTLE_FOR_CARD
from billing.gateways.base import Gateways
from billing.ledger import InsufficientBalance
from billing.models import Charge, Order, Subscription, TopUpRule
from billing.renewal_orders import PAYABLE, ClaimLost, needs_gone_gateway
from billing.top_up_verdicts import TopUpVerdict
from billing.verdicts import Action

KIND = {TopUpRule.Kind.DATA: Order.Kind.TOP_UP, TopUpRule.Kind.BALANCE: Order.Kind.CREDIT}
TRIGGER = {TopUpRule.Kind.DATA: Order.Trigger.LOW_DATA, TopUpRule.Kind.BALANCE: Order.Trigger.LOW_BALANCE}


@dataclass(slots=True, kw_only=True)
class TopUp:
    """One purchase under way for one claimed rule; `refusal` is a no that needed no gateway."""

    rule: TopUpRule
    order: Order | None = None
    charge: Charge | None = None
    refusal: str = ""


def intend(verdict: TopUpVerdict, *, now: datetime) -> TopUp:
    """Commit the order and the charge that a verdict allows; raises ClaimLost.

    A declined order that can still be paid gets another charge; one that came to nothing is placed anew.
    """
    rule = verdict.rule
    # Turned off since it was judged, nothing is bought any more, from the balance either.
    if not rule.held().filter(is_on=True).update(next_index=verdict.index):
        raise ClaimLost(rule.public_id)
    rule.next_index = verdict.index
    try:
        order = checkout.place_order(purchase=_purchase(rule), now=now)
    except InsufficientBalance:
        from_card = rule.pay_from == Subscription.PayFrom.METHOD
        return TopUp(rule=rule, refusal=TOO_LITTLE_FOR_CARD if from_card else BALANCE_TOO_LOW)
    top_up = TopUp(rule=rule, order=order)
    if order.state == Order.State.PENDING:
        gateway_name = rule.method.gateway if rule.method else ""
        top_up.charge = charges.start_charge(
            order=order, gateway_name=gateway_name, method=rule.method, off_session=True, now=now
        )
    return top_up


def is_beyond_reach(verdict: TopUpVerdict, gateways: Gateways) -> bool:
    """Tell whether what pays is a card of a gateway that is not set up: nobody could charge what is written down for it."""
    rule = verdict.rule
    return verdict.action == Action.CHARGE and needs_gone_gateway(
        rule.method, pay_from=rule.pay_from, payer=rule.owner, price=rule.agreed_price, gateways=gateways
    )


def found_again(rule: TopUpRule) -> TopUp:
    """Return what an earlier run had written for the next purchase of a rule left in flight."""
    order = rule.orders.filter(top_up_index=rule.next_index).order_by("pk").last()
    return TopUp(rule=rule, order=order, charge=charges.open_charge(order) if order is not None else None)


def _purchase(rule: TopUpRule) -> checkout.Purchase:
    kind = TopUpRule.Kind(rule.kind)
    # Orders that came to nothing keep their form key; the next one for the same purchase needs its own.
    earlier = rule.orders.filter(top_up_index=rule.next_index).exclude(state=Order.State.PENDING).count()
    method = rule.method if rule.pay_from != Subscription.PayFrom.WALLET else None
    return checkout.Purchase(
        owner=rule.owner,
        kind=KIND[kind],
        line=rule.line,
        plan=rule.plan,
        price=rule.agreed_price,
        form_key=f"top-up:{rule.public_id}:{rule.next_index}:{earlier}",
        use_wallet=rule.pay_from != Subscription.PayFrom.METHOD,
        gateway=method.gateway if method else "",
        method=method,
        off_session=True,
        top_up_rule=rule,
        top_up_index=rule.next_index,
        trigger=TRIGGER[kind],
        agreement=rule.agreement,
        pay_within=PAYABLE,
    )
