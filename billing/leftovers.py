"""Clearing what a closed account left behind and no card takes back: written off, or paid out by hand.

As with refunds, one member of staff asks for it and, above a limit, another one agrees.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from accounts.two_people import NotDone, decide, move_on, refuse_own
from billing import ledger
from billing.cards_of_balance import BalanceMoved
from billing.ledger import InsufficientBalance
from billing.left_behind import goes_back, left_behind
from billing.models import LedgerAccount, Leftover
from portal.lib.money import Money

State = Leftover.State
Way = Leftover.Way

BOOKED = {
    Way.WRITTEN_OFF: (ledger.Kind.UNCLAIMED, ledger.unclaimed),
    Way.BY_HAND: (ledger.Kind.PAID_OUT, ledger.by_hand),
}


class CannotClear(NotDone):
    """Nothing was changed; `sentence` says why."""


class NothingToClear(CannotClear):
    """No balance of a closed account, an empty one, or one about which somebody has asked already."""

    sentence = _("There is nothing to clear here, or somebody else has asked for it already. Nothing was changed.")


class GoesBackByItself(CannotClear):
    """A card that had paid it in has not been tried yet."""

    sentence = _("A card of theirs can still take money of it: it goes back there by itself. Nothing was changed.")


def request(
    *,
    wallet: LedgerAccount,
    way: Way,
    reason: str,
    actor: User,
    ip: str | None,
    limits: Mapping[str, Money],
    now: datetime,
) -> Leftover:
    """Write down what is to become of all that a balance holds, and do it, unless that takes a second person.

    It does above the limit of its currency, and always in a currency that has none; what was cleared of the same
    balance without a second person counts, too. Raises NothingToClear and GoesBackByItself.
    """
    limit = limits.get(wallet.currency, Money.zero(wallet.currency))
    with transaction.atomic():
        money = _lock(wallet)
        if not left_behind().filter(pk=wallet.pk).exists():
            raise NothingToClear
        if goes_back(wallet):
            raise GoesBackByItself
        alone = _cleared_by_one(wallet)
        leftover = Leftover.objects.create(
            account=wallet,
            currency=money.currency,
            amount=money.minor,
            way=way,
            reason=reason,
            requested_by=actor,
            created_at=now,
        )
        _record("leftover.requested", leftover, actor=actor, ip=ip, now=now, reason=reason)
        if alone + money <= limit:
            _clear(leftover, decided_by=None, now=now)
    return leftover


def approve(*, leftover: Leftover, actor: User, ip: str | None, now: datetime) -> bool:
    """Clear what somebody else asked for; False where it waits for nobody. Raises OwnRequest, OwnAccount and BalanceMoved."""
    refuse_own(actor, requested_by=leftover.requested_by_id, about=leftover.account.owner_id)
    with transaction.atomic():
        _lock(leftover.account)
        if not _clear(leftover, decided_by=actor, now=now):
            return False
        _record("leftover.approved", leftover, actor=actor, ip=ip, now=now)
    return True


@transaction.atomic
def refuse(*, leftover: Leftover, why: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Leave the money where it is; False where it waits for nobody. Raises OwnRequest."""
    if not decide(leftover, to=State.REFUSED, refusal=why, actor=actor, now=now):
        return False
    _record("leftover.refused", leftover, actor=actor, ip=ip, now=now, reason=why)
    return True


def _lock(wallet: LedgerAccount) -> Money:
    """Let one at a time clear a balance; its money cannot move meanwhile."""
    return ledger.locked_balance(user_id=_owner_id(wallet), currency=wallet.currency)


def _owner_id(wallet: LedgerAccount) -> int:
    if wallet.owner_id is None:
        raise NothingToClear
    return wallet.owner_id


def _cleared_by_one(wallet: LedgerAccount) -> Money:
    alone = Leftover.objects.cleared().filter(account=wallet, decided_by__isnull=True)
    return sum((one.money for one in alone), Money.zero(wallet.currency))


def _clear(leftover: Leftover, *, decided_by: User | None, now: datetime) -> bool:
    if not move_on(leftover, to=State.CLEARED, decided_by=decided_by, now=now):
        return False
    kind, account = BOOKED[Way(leftover.way)]
    try:
        ledger.move(
            kind=kind,
            debit=ledger.wallet(_owner_id(leftover.account), leftover.currency),
            credit=account(leftover.currency),
            money=leftover.money,
            key=f"leftover:{leftover.public_id}",
            now=now,
        )
    except InsufficientBalance as error:
        raise BalanceMoved from error
    return True


def _record(action: str, leftover: Leftover, *, actor: User, ip: str | None, now: datetime, **detail: str) -> None:
    audit.record(
        actor=actor,
        subject=leftover.account.owner,
        action=action,
        target=leftover.public_id,
        detail={"amount": str(leftover.money), "way": leftover.way, **detail},
        ip=ip,
        now=now,
    )
