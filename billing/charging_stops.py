"""The switch in front of everything that is charged without a click, and the one door that asks for it.

Pages, clicks and callbacks never ask: what was begun is finished, and people may pay. A charge that no gateway has
heard of yet was not begun (`withdrawn`).
"""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User
from billing.models import ChargingStop, InvariantReport
from portal.lib.kept_sql import KeptQuery
from portal.lib.ticks import InTime

# A sweep asks for both before each batch.
STANDING = KeptQuery(lambda: ChargingStop.objects.standing().select_related("stopped_by"))
STOPPING_REPORT = KeptQuery(lambda: InvariantReport.objects.stopping_money()[:1])


class ChargingStopped(Exception):
    """Nothing is charged automatically, because a person said so or money does not add up."""


def refuse_while_stopped() -> None:
    """Raise ChargingStopped while a stop stands, or a report about money that nobody has acknowledged. Two queries."""
    if stop := standing_stop():
        raise ChargingStopped(
            f"Nothing is charged automatically: stopped since {stop.stopped_at:%Y-%m-%d %H:%M} UTC ({stop.reason})."
        )
    if STOPPING_REPORT.first() is not None:
        raise ChargingStopped(
            "Nothing is charged automatically: an invariant about money is broken (Staff > Money > Broken invariants)."
        )


def is_stopped() -> bool:
    """Tell whether what is due waits for now. Two queries."""
    try:
        refuse_while_stopped()
    except ChargingStopped:
        return True
    return False


def unless_stopped(in_time: InTime) -> InTime:
    """Return an `in_time` that also says no once charging is stopped: a sweep under way ends with its batch."""

    def goes_on() -> bool:
        try:
            refuse_while_stopped()
        except ChargingStopped:
            return False
        return in_time()

    return goes_on


def standing_stop() -> ChargingStop | None:
    """Return the stop that a person put up, while it stands. One query."""
    return STANDING.first()


def stop(*, reason: str, actor: User | None, ip: str | None, now: datetime) -> bool:
    """Charge nothing automatically from now on; return False where that is so already."""
    try:
        with transaction.atomic():
            placed = ChargingStop.objects.create(stopped_at=now, stopped_by=actor, reason=reason)
            _record("charging.stopped", placed, reason=reason, actor=actor, ip=ip, now=now)
    except IntegrityError:
        if not ChargingStop.objects.standing().exists():
            raise
        return False
    return True


def lift(*, reason: str, actor: User | None, ip: str | None, now: datetime) -> bool:
    """Let automatic charging go on; return False where nobody had stopped it."""
    with transaction.atomic():
        stood = ChargingStop.objects.select_for_update().standing().first()
        if stood is None:
            return False
        ChargingStop.objects.filter(pk=stood.pk).update(lifted_at=now, lifted_by=actor, lift_reason=reason)
        _record("charging.allowed", stood, reason=reason, actor=actor, ip=ip, now=now)
    return True


def _record(action: str, stop: ChargingStop, *, reason: str, actor: User | None, ip: str | None, now: datetime) -> None:
    target = f"chargingstop:{stop.pk}"
    audit.record(actor=actor, subject=None, action=action, target=target, detail={"reason": reason}, ip=ip, now=now)
