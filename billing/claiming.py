"""Claiming the line of an order that was made with another account of one's own.

1. `ask` counts the claim, whatever was typed, and sends a code to the owner's mailbox where order and address fit.
2. `redeem` counts the try, and commits that, before it compares; the right code is the owner's yes to a move.

Whoever claims gets the same answers for an order that is not there, another address, and a line that can't be moved.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.locks import refuse_if_locked
from accounts.models import User
from accounts.models.notifications import Channel
from accounts.notifications import notify
from billing import claim_codes
from billing.models import LineClaim, Order
from esim import claimed_moves
from esim.models import LineMove
from esim.moving_lines import CannotMove
from portal.lib.crypto import lookup_hash
from portal.lib.turns import take_turns

A_DAY, A_DAY_AT_MOST = timedelta(days=1), 5
CODE_LASTS = timedelta(minutes=15)


class TooManyClaims(Exception):
    """One sentence for either limit; what was typed is counted, not what is there."""

    sentence = _("Five claims a day are the limit, for a person and for an order. Try again tomorrow, or ask support.")


class WrongCode(Exception):
    """The code is wrong or too old, or nothing can be claimed with it: nobody learns which."""

    sentence = _("This code does not fit, or is too old. Nothing was changed. Check it, or begin again.")


def ask(*, user: User, order_number: str, email: str, ip: str | None, now: datetime) -> LineClaim:
    """Commit a claim; one that was open before ends. Raises AccountLocked and TooManyClaims."""
    refuse_if_locked(user)
    asked = lookup_hash(order_number, purpose="claiming an order")
    with transaction.atomic():
        take_turns(f"claims:user:{user.pk}", f"claims:order:{asked}")
        of_today = LineClaim.objects.filter(asked_at__gt=now - A_DAY)
        if max(of_today.filter(user=user).count(), of_today.filter(asked=asked).count()) >= A_DAY_AT_MOST:
            raise TooManyClaims
        LineClaim.objects.owned_by(user).open(now).update(expires_at=now)
        order = _claimable(order_number, email=email, by=user, now=now)
        claim = LineClaim.objects.create(user=user, asked=asked, order=order, asked_at=now, expires_at=now + CODE_LASTS)
        audit.record(actor=user, subject=user, action="line.claim_asked", target=user.public_id, ip=ip, now=now)
        if order is not None:
            _send_code(claim, order=order, now=now)
    return claim


def open_claim(user: User, *, now: datetime) -> LineClaim | None:
    """Return the claim for which this person can type a code now."""
    return LineClaim.objects.owned_by(user).open(now).order_by("-pk").first()


def redeem(*, user: User, code: str, ip: str | None, now: datetime) -> LineMove:
    """Agree to the move in the name of whoever has the mailbox; raises AccountLocked and WrongCode."""
    refuse_if_locked(user)
    claim = open_claim(user, now=now)
    if claim is None or not claim.count_try(now) or not claim_codes.is_right(claim, code):
        raise WrongCode
    try:
        with transaction.atomic():
            return _agree(claim, ip=ip, now=now)
    except CannotMove as refusal:
        raise WrongCode from refusal


def _agree(claim: LineClaim, *, ip: str | None, now: datetime) -> LineMove:
    unused = LineClaim.objects.filter(pk=claim.pk, order__state=Order.State.FULFILLED, used_at=None, expires_at__gt=now)
    order = Order.objects.select_related("line", "owner").filter(pk=claim.order_id or 0).first()
    if not unused.update(used_at=now) or order is None or order.line is None:
        raise WrongCode
    return claimed_moves.agree(line=order.line, owner=order.owner, claimer=claim.user, ip=ip, now=now)


def _claimable(order_number: str, *, email: str, by: User, now: datetime) -> Order | None:
    """Return the order if it was made with this address, was delivered, and its line can go over."""
    delivered = Order.objects.filter(public_id=order_number, state=Order.State.FULFILLED).exclude(owner=by)
    order = delivered.select_related("line__owner", "owner").filter(owner__email=email).first()
    if order is None or order.line is None or order.line.owner_id != order.owner_id:
        return None
    return order if claimed_moves.can_be_claimed(order.line, now=now) else None


def _send_code(claim: LineClaim, *, order: Order, now: datetime) -> None:
    """Write the letter, and leave a trace at the owner's: it may not be them who asks."""
    owner, line = order.owner, order.line
    context = {
        "claim": claim.pk,
        "line": str(line),
        "order": order.public_id,
        "who": claim.user.email,
        "expires_at": claim.expires_at.isoformat(),
    }
    key = f"claim-code:{claim.pk}"
    notify(user=owner, kind=claim_codes.KIND, key=key, context=context, now=now, channels=[Channel.EMAIL])
    detail = {"email": claim.user.email}
    audit.record(
        actor=None, subject=owner, action="line.claim_code_sent", target=order.public_id, detail=detail, now=now
    )
