"""What the books say of money given back.

Every function runs inside the caller's transaction, which holds the order.
"""

from datetime import datetime

from billing import ledger
from billing.models import Refund

Kind = ledger.Kind
Source = Refund.Source


def book_begun(refund: Refund, *, now: datetime) -> None:
    """Write that money is on its way, or is the subscriber's balance now; raises InsufficientBalance."""
    to_balance = refund.goes_to == Refund.Destination.BALANCE
    _move(
        refund,
        kind=Kind.REFUNDED if to_balance else Kind.REFUNDING,
        debit=_source_of(refund),
        credit=_wallet_of(refund) if to_balance else ledger.refunding(refund.currency),
        fact="refunded" if to_balance else "begun",
        now=now,
    )


def book_arrived(refund: Refund, *, now: datetime) -> None:
    """Write that the gateway gave the money back."""
    _move(
        refund,
        kind=Kind.REFUNDED,
        debit=ledger.refunding(refund.currency),
        credit=_gateway_of(refund),
        fact="refunded",
        now=now,
    )


def book_failed(refund: Refund, *, had_arrived: bool, now: datetime) -> None:
    """Write that the money is back where it was taken from; a bank may return it days after it had arrived."""
    _move(
        refund,
        kind=Kind.UNREFUNDED,
        debit=_gateway_of(refund) if had_arrived else ledger.refunding(refund.currency),
        credit=_source_of(refund),
        fact="failed",
        now=now,
    )


def _source_of(refund: Refund) -> ledger.Account:
    match refund.taken_from:
        case Source.WALLET:
            return _wallet_of(refund)
        case Source.LOSSES:
            return ledger.losses(refund.currency)
    return ledger.sales(refund.currency)


def _wallet_of(refund: Refund) -> ledger.Account:
    return ledger.wallet(refund.order.owner_id, refund.currency)


def _gateway_of(refund: Refund) -> ledger.Account:
    if refund.charge is None:
        raise ValueError(f"{refund} has no charge that a gateway could give back.")
    return ledger.gateway(refund.charge.gateway, refund.currency)


def _move(
    refund: Refund, *, kind: ledger.Kind, debit: ledger.Account, credit: ledger.Account, fact: str, now: datetime
) -> None:
    ledger.move(
        kind=kind,
        debit=debit,
        credit=credit,
        money=refund.money,
        key=f"refund:{refund.public_id}:{fact}",
        order=refund.order,
        charge=refund.charge,
        now=now,
    )
