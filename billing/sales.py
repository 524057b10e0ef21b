"""What the books say when an order is paid, and when its money has to go back.

Every function here runs inside the caller's transaction, which holds the order.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.notifications import notify
from billing import ledger, money_arrived, redemptions
from billing.models import Charge, Order, QueuedPlan
from plans.terms import PlanTerms
from portal.lib.money import Money


def describe(order: Order) -> str:
    """Return what was bought, in the buyer's language: it stands on the payment page."""
    if order.plan_id:
        return label_in(order.owner.language, PlanTerms.from_json(order.plan_terms))
    with translation.override(order.owner.language):
        return _("Balance top-up") if order.kind == Order.Kind.CREDIT else _("What was owed")


def label_in(language: str, terms: PlanTerms) -> str:
    """Return a plan's name in a language."""
    with translation.override(language):
        return terms.label


def stamp_paid(order: Order, *, now: datetime) -> None:
    """Set the columns of a paid order; what buys nothing is delivered by being paid, what is queued not before its turn."""
    order.state = Order.State.PAID
    order.paid_at = now
    order.fulfil_due_at = None if _waits_its_turn(order) else now
    if order.kind in Order.Kind.BY_PAYING:
        order.state = Order.State.FULFILLED
        order.accepted_at = order.sent_at = order.confirmed_at = now


def _waits_its_turn(order: Order) -> bool:
    return _may_be_queued(order) and QueuedPlan.objects.filter(order=order).exists()


def _may_be_queued(order: Order) -> bool:
    is_written = not order._state.adding  # noqa: SLF001 - Django's documented way to ask
    return is_written and order.kind == Order.Kind.RENEWAL and order.trigger == Order.Trigger.CLICK


def book_paid(order: Order, *, now: datetime) -> None:
    """Write that the money held for a paid order is earned, balance, or a loss made good; use its offers up."""
    if order.kind == Order.Kind.CREDIT:
        _from_held(order, kind=ledger.Kind.CREDITED, to=_wallet_of(order), money=order.total, fact="credited", now=now)
        tell(order, kind="money_added", key=f"order:{order.public_id}:fulfilled", now=now)
        money_arrived.try_again(owner=order.owner, currency=order.currency, now=now)
        return
    if order.kind == Order.Kind.ARREARS:
        to = ledger.losses(order.currency)
        _from_held(order, kind=ledger.Kind.RECOVERED, to=to, money=order.total, fact="recovered", now=now)
        tell(order, kind="arrears_settled", key=f"order:{order.public_id}:fulfilled", now=now)
        return
    redemptions.consume(order, now=now)
    if order.total:
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
    if charge.by_link:
        return
    context = {**_about(order), "money": as_context(charge.money)}
    notify(user=order.owner, kind="payment_returned", key=key, context=context, now=now)


def tell(order: Order, *, kind: str, key: str, now: datetime, money: Money | None = None, **extra: str | None) -> None:
    """Write the notice of a turn in an order's life; `money` is the whole price unless given."""
    context = {**_about(order), "money": as_context(money or order.total), **extra}
    notify(user=order.owner, kind=kind, key=key, context=context, now=now)


def as_context(money: Money) -> dict[str, str | int]:
    return {"minor": money.minor, "currency": money.currency}


def _about(order: Order) -> dict[str, Any]:
    names = {name: order.plan_terms.get(name, "") for name in ("name", "name_zh_hans", "name_zh_hant")}
    told = facts(
        order_id=order.public_id,
        kind=order.kind,
        plan=names if order.plan_id else None,
        line=str(order.line) if order.line else "",
    )
    if order.top_up_rule_id is None or order.agreement is None:
        return told
    return {**told, "trigger": order.trigger, "agreed_at": order.agreement.agreed_at.isoformat()}


def facts(*, order_id: str, kind: str, plan: Mapping[str, str] | None, line: str) -> dict[str, Any]:
    """Return what a notice says of an order; the plan's name is chosen in the reader's language at delivery."""
    return {"order_id": order_id, "order_kind": kind, "plan": plan, "line": line}


def delivered_facts(*, line_id: str, starts_at: datetime, ends_at: datetime) -> dict[str, Any]:
    """Return what the notice of a delivered order says besides."""
    return {"line_id": line_id, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}


def paid_facts(order: Order) -> dict[str, Any]:
    """Return what the notice of an order that nobody clicked on says of its payment."""
    if order.trigger == Order.Trigger.CLICK:
        return {}
    charge = order.charges.filter(state=Charge.State.SUCCEEDED).select_related("method").order_by("pk").last()
    share = {"share": as_context(order.wallet_part)} if order.wallet_amount else {}
    return {**automatic_facts(trigger=order.trigger, card=str(charge.method or "") if charge else ""), **share}


def turn_facts(order: Order) -> dict[str, Any]:
    """Return what the notice of a delivered order says besides where it waited its turn: it came by itself."""
    if not _may_be_queued(order) or not QueuedPlan.objects.filter(order=order, by_wish=False).exists():
        return {}
    return {"had_its_turn": True}


def automatic_facts(*, trigger: str, card: str) -> dict[str, Any]:
    return {"trigger": trigger, "card": card}


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
