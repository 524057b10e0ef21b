"""What was paid for something that could not be delivered: balance at once, and the way it came where its buyer says so."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from billing import refund_settlement
from billing.ledger import InsufficientBalance
from billing.models import Order, Refund
from billing.refund_offers import SPENT, CannotRefund, undelivered_parts
from billing.refundable import CannotGiveBack


def pay_back(*, order: Order, ip: str | None, now: datetime) -> None:
    """Begin to give back to the payer what the balance has of an undeliverable order; raises CannotRefund.

    The order stays what it is, and nobody need be asked: nothing was delivered.
    """
    with transaction.atomic():
        locked = Order.objects.select_for_update(of=("self",)).select_related("owner").get(pk=order.pk)
        try:
            for part in undelivered_parts(locked):
                refund = refund_settlement.draft(
                    part,
                    order=locked,
                    money=part.money,
                    goes_to=Refund.Destination.PAYER,
                    reason=Refund.Reason.UNDELIVERABLE,
                    requested_by=locked.owner,
                    now=now,
                )
                refund_settlement.begin(refund, now=now)
        except InsufficientBalance as error:
            raise CannotRefund(SPENT) from error
        except CannotRefund:
            raise
        except CannotGiveBack as problem:
            raise CannotRefund(problem.sentence) from problem
        audit.record(
            actor=order.owner, subject=order.owner, action="order.refunded", target=order.public_id, ip=ip, now=now
        )
