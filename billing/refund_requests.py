"""Refunds that staff give: asked for by one person, above a limit agreed to by another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from accounts.two_people import refuse_own
from billing import refund_settlement, taking_back
from billing.ledger import InsufficientBalance
from billing.models import Charge, Order, Refund
from billing.refundable import CannotGiveBack, MoreThanWasPaid, Part, parts_of
from portal.lib.money import Money

State = Refund.State
Destination = Refund.Destination
Source = Refund.Source


class InBalanceAlready(CannotGiveBack):
    """The money was added to the balance before; there is nothing to move."""

    sentence = _("This money is in the subscriber's balance already. It can only go back the way it was paid.")


class NotAll(CannotGiveBack):
    """Taking the plan back and keeping part of its price is not offered."""

    sentence = _("Where the plan is taken back, all that was paid for it goes back. Give the whole amount.")


class BalanceSpent(CannotGiveBack):
    """What was paid is in the balance, or was, and is spent."""

    sentence = _("The money was added to the subscriber's balance, which does not hold so much any more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a member of staff wants to give back; `charge` narrows it to what one charge paid."""

    order: Order
    charge: Charge | None = None
    money: Money
    goes_to: Destination
    reason: Refund.Reason
    note: str
    takes_back: bool = False


def request(*, wish: Wish, actor: User, ip: str | None, limits: Mapping[str, Money], now: datetime) -> Sequence[Refund]:
    """Write the wish down as refunds and begin them, unless it takes a second person.

    It does above the limit of its currency, and always in a currency that has none, or for somebody's own order; what
    staff gave back of the order without a second person counts, too: in parts it would pass. Raises MoreThanWasPaid,
    RefundUnderWay, CannotRefund, NotAll, InBalanceAlready and BalanceSpent.
    """
    limit = limits.get(wish.money.currency, Money.zero(wish.money.currency))
    with transaction.atomic():
        order = _lock(wish.order, takes_back=wish.takes_back)
        alone = _given_by_one(order)
        refunds = [
            refund_settlement.draft(
                part,
                order=order,
                money=money,
                goes_to=wish.goes_to,
                reason=wish.reason,
                note=wish.note,
                takes_back=wish.takes_back,
                requested_by=actor,
                now=now,
            )
            for part, money in _shares(wish, order=order)
        ]
        _record("refund.requested", refunds, actor=actor, ip=ip, now=now, note=wish.note)
        if alone + wish.money <= limit and order.owner_id != actor.pk:
            _go_on(refunds, order=order, now=now)
    return refunds


def approve(*, refund: Refund, actor: User, ip: str | None, now: datetime) -> bool:
    """Let a refund go its way, with the others of the same wish; return False where it waits for nobody any more.

    Raises OwnRequest, OwnAccount, BalanceSpent and CannotRefund.
    """
    refuse_own(actor, requested_by=refund.requested_by_id, about=refund.order.owner_id)
    with transaction.atomic():
        order = _lock(refund.order, takes_back=refund.takes_back)
        waiting = _waiting_with(refund)
        if not waiting:
            return False
        Refund.objects.filter(pk__in=[one.pk for one in waiting]).update(approved_by=actor)
        _record("refund.approved", waiting, actor=actor, ip=ip, now=now)
        _go_on(waiting, order=order, now=now)
    return True


def refuse(*, refund: Refund, why: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Call a refund off before money moved; return False where it waits for nobody any more. Raises OwnRequest."""
    refuse_own(actor, requested_by=refund.requested_by_id)
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=refund.order_id)
        refused = [one for one in _waiting_with(refund) if refund_settlement.call_off(one, why=why, now=now)]
        if refused:
            _record("refund.refused", refused, actor=actor, ip=ip, now=now, note=why)
    return bool(refused)


def try_again(*, refund: Refund, goes_to: Destination, actor: User, ip: str | None, now: datetime) -> Refund | None:
    """Give a failed refund another try, or its money as balance; return None where it was solved already.

    It was agreed to before, by the same people. Raises MoreThanWasPaid, RefundUnderWay, InBalanceAlready and
    BalanceSpent.
    """
    if goes_to == Destination.BALANCE and refund.taken_from == Source.WALLET:
        raise InBalanceAlready
    with transaction.atomic():
        order = Order.objects.select_for_update(of=("self",)).select_related("owner").get(pk=refund.order_id)
        failed = Refund.objects.unsolved().filter(pk=refund.pk).select_related("charge", "requested_by").first()
        if failed is None:
            return None
        part = next((one for one in parts_of(order) if one.charge == failed.charge), None)
        if part is None:
            raise MoreThanWasPaid
        again = refund_settlement.draft(
            part,
            order=order,
            money=failed.money,
            goes_to=goes_to,
            reason=Refund.Reason(failed.reason),
            note=failed.note,
            takes_back=failed.takes_back,
            requested_by=failed.requested_by,
            now=now,
        )
        Refund.objects.filter(pk=again.pk).update(tries_again=failed, approved_by=failed.approved_by_id)
        _record("refund.tried_again", [again], actor=actor, ip=ip, now=now, goes_to=goes_to.value)
        _begin([again], now=now)
    return again


def _lock(order: Order, *, takes_back: bool) -> Order:
    if takes_back:
        return taking_back.lock(order)
    return Order.objects.select_for_update(of=("self",)).select_related("owner", "line").get(pk=order.pk)


def _shares(wish: Wish, *, order: Order) -> list[tuple[Part, Money]]:
    """Spread the wish over what paid, the first charge first."""
    parts = [part for part in parts_of(order) if wish.charge is None or part.charge == wish.charge]
    if wish.goes_to == Destination.BALANCE:
        if parts and all(part.taken_from == Source.WALLET for part in parts):
            raise InBalanceAlready
        parts = [part for part in parts if part.taken_from != Source.WALLET]
    left, shares = wish.money, []
    for part in parts:
        if share := min(left, part.money):
            shares.append((part, share))
            left -= share
    if left or not shares:
        raise MoreThanWasPaid
    if wish.takes_back and sum((part.money for part in parts), -wish.money):
        raise NotAll
    return shares


def _given_by_one(order: Order) -> Money:
    """Add up what staff gave back of an order, or are giving, without a second person.

    What failed counts as long as it can be tried again, for nobody is asked then.
    """
    begun = (
        (Refund.objects.live() | Refund.objects.unsolved())
        .filter(order=order, requested_by__isnull=False, approved_by__isnull=True)
        .exclude(requested_by=order.owner_id)
        .exclude(state=State.REQUESTED)
    )
    return sum((refund.money for refund in begun), Money.zero(order.currency))


def _go_on(refunds: Sequence[Refund], *, order: Order, now: datetime) -> None:
    if any(refund.takes_back for refund in refunds):
        taking_back.start(order=order, refunds=refunds, now=now)
        return
    _begin(refunds, now=now)


def _begin(refunds: Sequence[Refund], *, now: datetime) -> None:
    try:
        for refund in refunds:
            refund_settlement.begin(refund, now=now)
    except InsufficientBalance as error:
        raise BalanceSpent from error


def _waiting_with(refund: Refund) -> list[Refund]:
    """Return the refunds of one wish that wait: to undo an order is one wish, whatever had paid for it."""
    waiting = Refund.objects.filter(state=State.REQUESTED).select_related("charge__method", "order__owner")
    wish = {"order": refund.order_id, "takes_back": True} if refund.takes_back else {"pk": refund.pk}
    return list(waiting.filter(**wish).order_by("pk"))


def _record(
    action: str, refunds: Sequence[Refund], *, actor: User, ip: str | None, now: datetime, **detail: str
) -> None:
    for refund in refunds:
        audit.record(
            actor=actor,
            subject=refund.order.owner,
            action=action,
            target=refund.public_id,
            detail={"amount": str(refund.money), "reason": refund.reason, **detail},
            ip=ip,
            now=now,
        )
