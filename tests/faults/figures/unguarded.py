"""The portal without its guards, as it might have been written in a hurry: what the controls run.

`python -m gunicorn tests.faults.figures.unguarded_server` serves it; the constraints of the database are taken away by
the control itself.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from django.db.models import QuerySet

from billing import ledger, redemptions, refund_settlement, settlement
from billing.ledger import InsufficientBalance
from billing.models import Charge, GatewayEvent, GatewayEventQuerySet, LedgerAccount
from billing.redemptions import CouponGone
from esim import stock, taking_back
from esim.models import Allowance, SimCard
from plans.models import CouponCode

WINDOW_SECONDS = 0.25
_numbers = itertools.count()
_move_in_the_books = ledger.move


def remove_guards() -> ExitStack:
    """Replace every guard; closing what it returns puts them back."""
    removed = ExitStack()
    for owner, name, hurried in (
        (QuerySet, "select_for_update", without_lock),
        (GatewayEventQuerySet, "insert_once", look_then_insert),
        (ledger, "_change_balance", look_then_write),
        (ledger, "move", move_under_any_key),
        (redemptions, "_claim", look_then_claim),
        (refund_settlement, "hold", count_nothing),
        (stock, "_reserved", take_unasked),
        (taking_back, "reserve", reserve_without_looking),
        (settlement, "_move", move_unasked),
    ):
        removed.enter_context(mock.patch.object(owner, name, hurried))
    return removed


@contextmanager
def unguarded() -> Iterator[None]:
    with remove_guards():
        yield


def without_lock(rows, **_wishes):
    return rows


def look_then_insert(events, *, gateway, event_id, now, **columns):
    if events.filter(gateway=gateway, event_id=event_id).exists():
        return False
    time.sleep(WINDOW_SECONDS)
    GatewayEvent.objects.create(gateway=gateway, event_id=event_id, received_at=now, due_at=now, **columns)
    return True


def look_then_write(row, change):
    balance = LedgerAccount.objects.get(pk=row.pk).balance
    if balance + change < 0:
        raise InsufficientBalance
    time.sleep(WINDOW_SECONDS)
    LedgerAccount.objects.filter(pk=row.pk).update(balance=balance + change)


def move_under_any_key(*, key, **movement):
    return _move_in_the_books(key=f"{key}:{time.monotonic_ns()}:{next(_numbers)}", **movement)


def look_then_claim(order, use, *, price, now):
    code = CouponCode.objects.get(pk=use.code.pk)
    if code.max_uses is not None and code.used >= code.max_uses:
        raise CouponGone("used up")
    time.sleep(WINDOW_SECONDS)
    CouponCode.objects.filter(pk=code.pk).update(used=code.used + 1)
    terms = {"terms": use.terms, "coupon": use.coupon, "code": code, "created_at": now}
    redemptions._draft(order, use.effect, price=price, **terms).save()


def count_nothing(_refund):
    """Leave it to Stripe to know what is left of a charge."""


def take_unasked(card, *, key, now):
    time.sleep(WINDOW_SECONDS)
    return SimCard.objects.filter(pk=card.pk).update(state=SimCard.State.RESERVED, reserved_for=key, reserved_at=now)


def reserve_without_looking(*, line, purchase_id, only_unused, now):
    Allowance.objects.filter(line=line, granted_for=purchase_id).update(taken_back_at=now)


def move_unasked(charge, *, to, result, **columns):
    Charge.objects.filter(pk=charge.pk).update(
        state=to,
        gateway_payment_id=result.payment_id or charge.gateway_payment_id,
        gateway_transaction_id=result.transaction_id,
        **columns,
    )
    return True
