"""Recording refunds: what was decided, that money is on its way, and what became of it."""

import logging
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from accounts.models import AccountClosing, User
from billing import link_notices, refund_books, sales
from billing.asking_again import FIRST_CHECK
from billing.gateways.base import RefundResult, RefundState
from billing.ledger import InsufficientBalance
from billing.models import Charge, Order, Refund
from billing.refundable import Part, hold, is_with_a_bank, let_go
from portal.lib.money import Money

logger = logging.getLogger(__name__)

DISPUTED = "disputed"
BALANCE_SPENT = "balance_spent"
State = Refund.State
Destination = Refund.Destination


def draft(
    part: Part,
    *,
    order: Order,
    money: Money,
    goes_to: Destination,
    reason: Refund.Reason,
    note: str = "",
    takes_back: bool = False,
    requested_by: User | None,
    now: datetime,
) -> Refund:
    """Write down that money is to be given back, and keep it free for that.

    Runs, like `begin`, inside the caller's transaction, which holds the order. What the balance paid goes to the
    balance; what is in the balance already, was paid by somebody else's link, or is of a closed account, to the payer,
    whatever was wished. Raises MoreThanWasPaid and RefundUnderWay.
    """
    if part.charge is None:
        goes_to = Destination.BALANCE
    elif (
        part.taken_from == Refund.Source.WALLET
        or part.charge.by_link
        or (goes_to == Destination.BALANCE and AccountClosing.objects.gone().filter(user=order.owner_id).exists())
    ):
        goes_to = Destination.PAYER
    refund = Refund(
        order=order,
        charge=part.charge,
        currency=money.currency,
        amount=money.minor,
        goes_to=goes_to,
        taken_from=part.taken_from,
        reason=reason,
        note=note,
        takes_back=takes_back,
        requested_by=requested_by,
        created_at=now,
    )
    hold(refund)
    refund.save(force_insert=True)
    return refund


def begin(refund: Refund, *, now: datetime) -> None:
    """Book the money as on its way; what goes to the balance is there at once. Raises InsufficientBalance."""
    if refund.charge is not None and is_with_a_bank(refund.charge):
        # The bank decides about that money; given back by us as well, it would leave twice.
        _fail_unbegun(refund, why=DISPUTED, now=now)
    elif refund.goes_to == Destination.BALANCE:
        if move(refund, to=State.SUCCEEDED, source=State.UNDECIDED, settled_at=now):
            refund_books.book_begun(refund, now=now)
            _tell(refund, kind="refund_done", now=now)
    else:
        book_as_sent(refund, now=now)


def begin_or_fail(refund: Refund, *, now: datetime) -> None:
    """Begin a refund of a plan that is gone already; one that the balance does not cover any more is for staff."""
    try:
        with transaction.atomic():
            begin(refund, now=now)
    except InsufficientBalance:
        refund.refresh_from_db(fields=["state"])
        _fail_unbegun(refund, why=BALANCE_SPENT, now=now)
        logger.warning("Refund %s failed: its money was spent; somebody has to look at it", refund.public_id)


def _fail_unbegun(refund: Refund, *, why: str, now: datetime) -> None:
    if move(refund, to=State.FAILED, source=State.UNDECIDED, failure=why, settled_at=now):
        let_go(refund)


def book_as_sent(refund: Refund, *, now: datetime) -> None:
    if move(refund, to=State.CREATED, source=State.UNDECIDED, check_due_at=now + FIRST_CHECK):
        refund_books.book_begun(refund, now=now)


def call_off(refund: Refund, *, why: str, now: datetime) -> bool:
    """Give up a refund before any money moved."""
    if not move(refund, to=State.REFUSED, source=State.UNDECIDED, failure=why[:100], settled_at=now):
        return False
    let_go(refund)
    return True


@transaction.atomic
def settle(*, refund_id: int, result: RefundResult, now: datetime) -> Refund:
    """Record what the gateway said about a refund; the same answer again, or an older one, changes nothing.

    A refund that had succeeded may still fail: the payer's bank sends the money back.
    """
    # The order first, as everywhere where money moves, so that nobody waits in a circle.
    Order.objects.select_for_update(of=("self",)).get(refunds__pk=refund_id)
    refund = Refund.objects.select_for_update(of=("self",)).select_related("order__owner", "charge").get(pk=refund_id)
    if problem := _problem(refund, result):
        logger.error("Refund %s not settled: %s", refund.public_id, problem)
        return refund
    reported = {"gateway_refund_id": result.refund_id or refund.gateway_refund_id}
    match result.state:
        case RefundState.PENDING:
            if move(refund, to=State.PENDING, source={State.CREATED, State.UNKNOWN}, **reported):
                _tell(refund, kind="refund_started", now=now)
        case RefundState.SUCCEEDED:
            if move(refund, to=State.SUCCEEDED, source=State.ON_ITS_WAY, settled_at=now, **reported):
                refund_books.book_arrived(refund, now=now)
                _tell(refund, kind="refund_done", now=now)
        case RefundState.FAILED:
            _fail(refund, why=result.reason, reported=reported, now=now)
    return refund


def _fail(refund: Refund, *, why: str, reported: dict[str, str | None], now: datetime) -> None:
    had_arrived = refund.state == State.SUCCEEDED
    source = State.ON_ITS_WAY | {State.SUCCEEDED}
    if move(refund, to=State.FAILED, source=source, failure=why[:100], settled_at=now, **reported):
        refund_books.book_failed(refund, had_arrived=had_arrived, now=now)
        let_go(refund)
        logger.warning("Refund %s failed (%s); somebody has to look at it", refund.public_id, why)


def transaction_of(charge: Charge) -> str:
    """Name the money of a charge at its gateway; some know it by the payment's own id."""
    return charge.gateway_transaction_id or charge.gateway_payment_id or ""


def move(refund: Refund, *, to: State, source: Collection[str], **columns: object) -> bool:
    """Move a refund on, unless somebody has moved it meanwhile."""
    changes = {"state": to, **columns}
    moved = Refund.objects.filter(pk=refund.pk, state__in=source).update(**changes) == 1
    if moved:
        for name, value in changes.items():
            setattr(refund, name, value)
    return moved


def _problem(refund: Refund, result: RefundResult) -> str:
    if refund.charge is None or refund.goes_to != Destination.PAYER:
        return "it never went to a gateway"
    if result.money != refund.money:
        return f"the gateway says {result.money}, ours is {refund.money}"
    if result.transaction_id not in ("", transaction_of(refund.charge)):
        return f"the gateway says it is of {result.transaction_id}, ours is of {transaction_of(refund.charge)}"
    if refund.gateway_refund_id and result.refund_id not in ("", refund.gateway_refund_id):
        return f"the gateway answered about refund {result.refund_id}, not about {refund.gateway_refund_id}"
    return ""


def _tell(refund: Refund, *, kind: str, now: datetime) -> None:
    key = f"refund:{refund.public_id}:{kind}"
    card = str(refund.charge.method) if refund.charge and refund.charge.method else ""
    told = {"refund_id": refund.public_id, "goes_to": refund.goes_to, "card": card}
    sales.tell(refund.order, kind=kind, key=key, money=refund.money, now=now, **told)
    if refund.charge and refund.charge.by_link:
        link_notices.refunded(refund, kind=kind, now=now)
