"""Money that somebody without an account paid by a link: it goes back to their card, never into the owner's balance.

Every function runs inside the caller's transaction, which holds the order.
"""

import logging
from datetime import datetime

from billing import refund_settlement
from billing.models import Order, Refund
from billing.refundable import CannotGiveBack, parts_of

logger = logging.getLogger(__name__)


def send_back(order: Order, *, reason: Refund.Reason, now: datetime) -> bool:
    """Begin to give back what was booked into the balance of the order's owner; True where there was any of it."""
    ours = [part for part in parts_of(order) if part.charge is not None and part.charge.by_link]
    theirs = [part for part in ours if part.taken_from == Refund.Source.WALLET]
    for part in theirs:
        try:
            refund = refund_settlement.draft(
                part,
                order=order,
                money=part.money,
                goes_to=Refund.Destination.PAYER,
                reason=reason,
                requested_by=None,
                now=now,
            )
        except CannotGiveBack:
            logger.warning("What was paid by link for order %s is being given back already", order.public_id)
        else:
            refund_settlement.begin_or_fail(refund, now=now)
    return bool(theirs)
