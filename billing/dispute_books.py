"""What the books say of a disputed charge: money that a bank withdrew, and balance that is frozen until it decides.

Every function runs inside the caller's transaction, which holds the order.
"""

from datetime import datetime

from billing import ledger
from billing.models import Charge, Dispute
from portal.lib.money import Money

Kind = ledger.Kind


def book_withdrawn(dispute: Dispute, *, now: datetime) -> None:
    """Write that the bank took the money from us; it may come back."""
    debit, credit = ledger.disputed(dispute.currency), _gateway_of(dispute)
    fact = f"withdrawn:{dispute.withdrawals}"
    _move(dispute, dispute.money, kind=Kind.WITHDRAWN, debit=debit, credit=credit, fact=fact, now=now)


def book_reinstated(dispute: Dispute, *, now: datetime) -> None:
    """Write that the bank gave back what it took last."""
    debit, credit = _gateway_of(dispute), ledger.disputed(dispute.currency)
    fact = f"reinstated:{dispute.withdrawals}"
    _move(dispute, dispute.money, kind=Kind.REINSTATED, debit=debit, credit=credit, fact=fact, now=now)


def freeze(dispute: Dispute, most: Money, *, now: datetime) -> Money:
    """Take out of the balance what is there, up to `most`, and return how much that was."""
    wallet = _wallet_of(dispute)
    money = min(most, ledger.locked_balance(user_id=dispute.charge.order.owner_id, currency=most.currency))
    if money:
        frozen = ledger.frozen(dispute.currency)
        _move(dispute, money, kind=Kind.FROZEN, debit=wallet, credit=frozen, fact="frozen", now=now)
    return money


def unfreeze(dispute: Dispute, *, now: datetime) -> None:
    """Give the balance back."""
    if dispute.frozen:
        debit, credit = ledger.frozen(dispute.currency), _wallet_of(dispute)
        _move(dispute, dispute.frozen, kind=Kind.UNFROZEN, debit=debit, credit=credit, fact="unfrozen", now=now)


def unfreeze_beyond(at_stake: Money, *, charge: Charge, now: datetime) -> None:
    """Give back to the balance what is frozen of a charge beyond what is at stake of it, now that part of it went back."""
    disputes = Dispute.objects.open().filter(charge=charge, currency=at_stake.currency)
    for dispute in disputes.select_related("charge__order"):
        left = min(dispute.frozen, at_stake)
        if dispute.frozen > left:
            debit, credit = ledger.frozen(dispute.currency), _wallet_of(dispute)
            fact = f"unfrozen:{at_stake.minor}"
            _move(dispute, dispute.frozen - left, kind=Kind.UNFROZEN, debit=debit, credit=credit, fact=fact, now=now)
        credited = min(dispute.credited, at_stake)
        Dispute.objects.filter(pk=dispute.pk).update(credited_amount=credited.minor, frozen_amount=left.minor)


def book_lost(dispute: Dispute, *, now: datetime) -> None:
    """Write that the withdrawn money is gone: the frozen balance pays for it, and we for the rest."""
    bearers = [
        (ledger.frozen(dispute.currency), dispute.frozen, "lost:frozen"),
        (ledger.losses(dispute.currency), dispute.money - dispute.frozen, "lost"),
    ]
    for bearer, money, fact in bearers:
        if money:
            credit = ledger.disputed(dispute.currency)
            _move(dispute, money, kind=Kind.LOST, debit=bearer, credit=credit, fact=fact, now=now)


def _gateway_of(dispute: Dispute) -> ledger.Account:
    return ledger.gateway(dispute.gateway, dispute.currency)


def _wallet_of(dispute: Dispute) -> ledger.Account:
    return ledger.wallet(dispute.charge.order.owner_id, dispute.currency)


def _move(
    dispute: Dispute,
    money: Money,
    *,
    kind: ledger.Kind,
    debit: ledger.Account,
    credit: ledger.Account,
    fact: str,
    now: datetime,
) -> None:
    ledger.move(
        kind=kind,
        debit=debit,
        credit=credit,
        money=money,
        key=f"dispute:{dispute.public_id}:{fact}",
        order=dispute.charge.order,
        charge=dispute.charge,
        now=now,
    )
