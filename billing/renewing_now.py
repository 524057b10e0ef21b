"""Renewing one line now, because staff said so: by the scheduler's own way, and never before the scheduler may."""

from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.charging_stops import refuse_while_stopped
from billing.models import Subscription
from billing.verdicts import Verdict, judge

State = Subscription.State


class NotNow(Exception):
    """The scheduler would not take this one up either."""

    def __init__(self, sentence: Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


OFF = _("Auto-renewal of this line is off. Nothing is charged by itself.")
PAUSED = _("It is paused. Resume it first, or let the subscriber renew by hand.")
IN_HAND = _("A worker has it in hand already. Look again in a minute.")
TOO_EARLY = _("It is not due yet, and the subscriber was told when it is: nothing is charged before.")


def ask_for(*, subscription: Subscription, reason: str, actor: User, ip: str | None, now: datetime) -> Verdict:
    """Put on record that staff want this renewal taken up now; return what the judge says of it.

    The caller then has `renewals.renew_one` run. Raises NotNow where it is not due, paused or in hand, and
    ChargingStopped.
    """
    refuse_while_stopped()
    if problem := _problem(subscription, now=now):
        raise NotNow(problem)
    (verdict,) = judge([subscription], now=now)
    with transaction.atomic():
        audit.record(
            actor=actor,
            subject=subscription.line.owner,
            action="auto_renewal.run_by_staff",
            target=subscription.line.public_id,
            detail={"reason": reason, "judge": str(verdict.action)},
            ip=ip,
            now=now,
        )
    return verdict


def _problem(subscription: Subscription, *, now: datetime) -> Promise | None:
    if subscription.mode == Subscription.Mode.OFF:
        return OFF
    if subscription.state == State.PAUSED:
        return PAUSED
    if subscription.lease_until is not None and subscription.lease_until > now:
        return IN_HAND
    if subscription.state != State.IN_FLIGHT and subscription.charge_due_at > now:
        return TOO_EARLY
    return None
