"""What the books say when an order is paid, and when its money has to go back.

Every function here runs inside the caller's transaction, which holds the order.
"""

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.notifications import notify
from billing import ledger
from billing.models import Charge, Order
from plans.terms import PlanTerms
from portal.lib.money import Money


def describe(order: Order) -> str:
    """Return what was bought, in the buyer's language: it stands on the payment page."""
    with translation.override(order.owner.language):
        return PlanTerms.from_json(order.plan_terms).label if order.plan_id else _("Balance top-up")


def stamp_paid(order: Order, *, now: datetime) -> None:
    """Set the columns of a paid order; a balance top-up is delivered by being paid."""
    order.state = Order.State.PAID
    order.paid_at = order.fulfil_due_at = now
    if order.kind == Order.Kind.CREDIT:
        order.state = Order.State.FULFILLED
        order.accepted_at = order.sent_at = order.confirmed_at = now


def book_paid(order: Order, *, now: datetime) -> None:
    """Write that the money held for a paid order is earned, or is the subscriber's balance now."""
    if order.kind == Order.Kind.CREDIT:
        _from_held(order, kind=ledger.Kind.CREDITED, to=_wallet_of(order), money=order.total, fact="credited", now=now)
        tell(order, kind="money_added", key=f"order:{order.public_id}:fulfilled", now=now)
    elif order.total:
        to = ledger.sales(order.currency)
        _from_held(order, kind=ledger.Kind.SOLD, to=to, money=order.total, fact="sold", now=now)


def reserve_wallet_part(order: Order, *, now: datetime) -> None:
    """Take the order's part out of the balance; raise InsufficientBalance where it is not there."""
    if order.wallet_part:
        ledger.move(
            kind=ledger.Kind.RESERVED,
            debit=_wallet_of(order),
            credit=ledger.held(order.currency),
            money=order.wallet_part,
            key=f"order:{order.public_id}:reserved",
            order=order,
            now=now,
        )


def release_wallet_part(order: Order, *, now: datetime) -> None:
    """Give back to the balance what an unpaid order had reserved."""
    if order.wallet_part:
        to, money = _wallet_of(order), order.wallet_part
        _from_held(order, kind=ledger.Kind.RELEASED, to=to, money=money, fact="released", now=now)


def give_back(order: Order, *, now: datetime) -> None:
    """Return the whole price of an undeliverable order to the balance."""
    if order.total:
        ledger.move(
            kind=ledger.Kind.RETURNED,
            debit=ledger.sales(order.currency),
            credit=_wallet_of(order),
            money=order.total,
            key=f"order:{order.public_id}:returned",
            order=order,
            now=now,
        )


def keep_as_balance(charge: Charge, *, order: Order, now: datetime) -> None:
    """Turn money nobody waits for into balance: the order was paid already, or is over. It is never lost."""
    ledger.move(
        kind=ledger.Kind.RETURNED,
        debit=ledger.held(charge.currency),
        credit=ledger.wallet(order.owner_id, charge.currency),
        money=charge.money,
        key=f"charge:{charge.public_id}:returned",
        order=order,
        charge=charge,
        now=now,
    )
    key = f"charge:{charge.public_id}:returned"
    context = {**_about(order), "money": as_context(charge.money)}
    notify(user=order.owner, kind="payment_returned", key=key, context=context, now=now)


def tell(order: Order, *, kind: str, key: str, now: datetime, money: Money | None = None, **extra: str | None) -> None:
    """Write the notice of a turn in an order's life; `money` is the whole price unless given."""
    context = {**_about(order), "money": as_context(money or order.total), **extra}
    notify(user=order.owner, kind=kind, key=key, context=context, now=now)


def as_context(money: Money) -> dict[str, str | int]:
    return {"minor": money.minor, "currency": money.currency}


def _about(order: Order) -> dict[str, Any]:
    """Return what a notice says of an order; the plan's name is chosen in the reader's language at delivery."""
    names = {name: order.plan_terms.get(name, "") for name in ("name", "name_zh_hans", "name_zh_hant")}
    return {
        "order_id": order.public_id,
        "order_kind": order.kind,
        "plan": names if order.plan_id else None,
        "line": str(order.line) if order.line else "",
    }


def _wallet_of(order: Order) -> ledger.Account:
    return ledger.wallet(order.owner_id, order.currency)


def _from_held(order: Order, *, kind: ledger.Kind, to: ledger.Account, money: Money, fact: str, now: datetime) -> None:
    ledger.move(
        kind=kind,
        debit=ledger.held(order.currency),
        credit=to,
        money=money,
        key=f"order:{order.public_id}:{fact}",
        order=order,
        now=now,
    )
