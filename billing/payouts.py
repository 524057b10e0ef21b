"""Paying a balance out to somebody who keeps the account: to their cards as far as these take it, the rest by hand.

As with refunds, one member of staff asks for it and, above a limit, another one agrees. What goes by hand leaves the
balance at once, so that nobody spends it meanwhile, and waits until staff transferred it and wrote down the reference.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import AccountClosing, User
from accounts.two_people import LockedByOwner, NotDone, decide, move_on, refuse_own
from billing import arrears, ledger, payout_notices, refund_settlement
from billing.cards_of_balance import BalanceMoved, draft_for_card, paid_in, parts_for_cards
from billing.ledger import InsufficientBalance
from billing.models import Dispute, LedgerAccount, Order, Payout, Refund
from portal.lib.money import Money

State = Payout.State


class CannotPayOut(NotDone):
    """Nothing was changed; `sentence` says why."""


class NothingToPayOut(CannotPayOut):
    """No balance of an open account, less than that in it, or one about which somebody has asked already."""

    sentence = _("The balance does not hold so much, or somebody else has asked for it already. Nothing was changed.")


class BankDecides(CannotPayOut):
    """A bank may take more than is frozen; what is paid out by then is lost."""

    sentence = _("A bank is deciding about a payment of theirs. Pay out when it has. Nothing was changed.")


class OwesSomething(CannotPayOut):
    """What is owed is settled first."""

    sentence = _("They owe something: that is settled first. Nothing was changed.")


def request(
    *,
    wallet: LedgerAccount,
    money: Money,
    reason: str,
    actor: User,
    ip: str | None,
    limits: Mapping[str, Money],
    now: datetime,
) -> Payout:
    """Write down how much of a balance is to be paid out, and do it, unless that takes a second person.

    It does above the limit of its currency, and always in a currency that has none, or for somebody's own balance; what
    was paid out of the same balance without a second person counts, too. Raises NothingToPayOut, LockedByOwner,
    BankDecides and OwesSomething.
    """
    limit = limits.get(wallet.currency, Money.zero(wallet.currency))
    with transaction.atomic():
        owner, orders = _hold(wallet, now=now)
        is_asked = Payout.objects.waiting().filter(account=wallet).exists()
        if is_asked or money > ledger.locked_balance(user_id=owner.pk, currency=wallet.currency):
            raise NothingToPayOut
        alone = _paid_by_one(wallet)
        payout = Payout.objects.create(
            account=wallet,
            currency=money.currency,
            amount=money.minor,
            reason=reason,
            requested_by=actor,
            created_at=now,
        )
        _record("payout.requested", payout, actor=actor, ip=ip, now=now, reason=reason)
        if alone + money <= limit and owner.pk != actor.pk:
            _pay(payout, orders=orders, decided_by=None, now=now)
    return payout


def approve(*, payout: Payout, actor: User, ip: str | None, now: datetime) -> bool:
    """Pay out what somebody else asked for; False where it waits for nobody.

    Raises OwnRequest, OwnAccount and whatever `request` raises, and BalanceMoved.
    """
    refuse_own(actor, requested_by=payout.requested_by_id, about=payout.account.owner_id)
    with transaction.atomic():
        _owner, orders = _hold(payout.account, now=now)
        if not _pay(payout, orders=orders, decided_by=actor, now=now):
            return False
        _record("payout.approved", payout, actor=actor, ip=ip, now=now)
    return True


@transaction.atomic
def refuse(*, payout: Payout, why: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Leave the money where it is; False where it waits for nobody. Raises OwnRequest."""
    if not decide(payout, to=State.REFUSED, actor=actor, now=now, refusal=why, ended_at=now):
        return False
    _record("payout.refused", payout, actor=actor, ip=ip, now=now, reason=why)
    return True


@transaction.atomic
def note_transfer(*, payout: Payout, reference: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Write down that the part by hand was transferred; False where it waits for no transfer. Raises OwnAccount."""
    refuse_own(actor, requested_by=None, about=payout.account.owner_id)
    waiting = Payout.objects.filter(pk=payout.pk, state=State.TO_TRANSFER)
    if not waiting.update(state=State.DONE, reference=reference, ended_at=now):
        return False
    payout.refresh_from_db()
    _record("payout.transferred", payout, actor=actor, ip=ip, now=now, reference=reference)
    payout_notices.transferred(payout, now=now)
    return True


@transaction.atomic
def put_back(*, payout: Payout, why: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Give the part by hand back to the balance: it could not be transferred, or came back; False where there is none.

    Raises OwnAccount: nobody says by themselves that what they were sent did not arrive.
    """
    refuse_own(actor, requested_by=None, about=payout.account.owner_id)
    sent = Payout.objects.filter(pk=payout.pk, state__in=State.TRANSFERRED, by_hand_amount__gt=0)
    if not sent.update(state=State.RETURNED, refusal=why, ended_at=now):
        return False
    payout.refresh_from_db()
    ledger.move(
        kind=ledger.Kind.PUT_BACK,
        debit=ledger.by_hand(payout.currency),
        credit=ledger.wallet(_owner_of(payout.account).pk, payout.currency),
        money=payout.by_hand,
        key=f"payout:{payout.public_id}:put_back",
        now=now,
    )
    _record("payout.put_back", payout, actor=actor, ip=ip, now=now, reason=why)
    payout_notices.put_back(payout, now=now)
    return True


def _owner_of(wallet: LedgerAccount) -> User:
    if wallet.kind != LedgerAccount.Kind.WALLET or wallet.owner is None:
        raise NothingToPayOut
    return wallet.owner


def _hold(wallet: LedgerAccount, *, now: datetime) -> tuple[User, list[Order]]:
    """Hold the orders that paid the balance in, and then the balance; raise where nothing may leave it."""
    owner = _owner_of(wallet)
    latest_first = list(paid_in(wallet).values_list("pk", flat=True))
    held = Order.objects.select_for_update(of=("self",)).select_related("owner", "line").order_by("pk")
    orders = {order.pk: order for order in held.filter(pk__in=latest_first)}
    ledger.locked_balance(user_id=owner.pk, currency=wallet.currency)
    _refuse_where_it_may_not_leave(User.objects.get(pk=owner.pk), now=now)
    return owner, [orders[pk] for pk in latest_first]


def _refuse_where_it_may_not_leave(owner: User, *, now: datetime) -> None:
    if AccountClosing.objects.gone().filter(user=owner).exists():
        raise NothingToPayOut
    if owner.locked_at is not None:
        raise LockedByOwner
    if Dispute.objects.owned_by(owner).open().exists():
        raise BankDecides
    if arrears.owes(owner, now=now):
        raise OwesSomething


def _paid_by_one(wallet: LedgerAccount) -> Money:
    """Add up what one person paid out of a balance.

    Of what was put back, the part for the cards left all the same; and whoever says that a transfer came back may be
    the one who said that it was made.
    """
    alone = Payout.objects.filter(account=wallet, decided_by__isnull=True)
    gone = [one.money for one in alone.filter(state__in=State.TRANSFERRED)]
    gone += [one.money if one.reference else one.money - one.by_hand for one in alone.filter(state=State.RETURNED)]
    return sum(gone, Money.zero(wallet.currency))


def _pay(payout: Payout, *, orders: list[Order], decided_by: User | None, now: datetime) -> bool:
    """Begin what goes to cards, and set aside what goes by hand."""
    if not move_on(payout, to=State.DONE, decided_by=decided_by, now=now, ended_at=now):
        return False
    payout.refresh_from_db()
    try:
        left = _to_cards(payout, orders=orders, now=now)
        if left:
            _set_aside(payout, left, now=now)
    except InsufficientBalance as error:
        raise BalanceMoved from error
    payout_notices.begun(payout, now=now)
    return True


def _to_cards(payout: Payout, *, orders: list[Order], now: datetime) -> Money:
    """Begin refunds to the cards, those of the latest payments first; return what none of them takes."""
    left = payout.money
    for order in orders:
        for part in parts_for_cards(order):
            if money := min(left, part.money):
                refund = draft_for_card(
                    part,
                    money,
                    order=order,
                    reason=Refund.Reason.PAID_OUT,
                    requested_by=payout.requested_by,
                    payout=payout,
                    now=now,
                )
                refund_settlement.begin(refund, now=now)
                left -= money
    return left


def _set_aside(payout: Payout, money: Money, *, now: datetime) -> None:
    Payout.objects.filter(pk=payout.pk).update(state=State.TO_TRANSFER, by_hand_amount=money.minor, ended_at=None)
    payout.refresh_from_db()
    ledger.move(
        kind=ledger.Kind.PAID_OUT,
        debit=ledger.wallet(_owner_of(payout.account).pk, payout.currency),
        credit=ledger.by_hand(payout.currency),
        money=money,
        key=f"payout:{payout.public_id}",
        now=now,
    )


def _record(action: str, payout: Payout, *, actor: User, ip: str | None, now: datetime, **detail: str) -> None:
    audit.record(
        actor=actor,
        subject=payout.account.owner,
        action=action,
        target=payout.public_id,
        detail={"amount": str(payout.money), **detail},
        ip=ip,
        now=now,
    )
