"""Slowing a line down at its carrier for the rest of a day, and lifting that when the day is over.

A spell is written down when usage reaches the day's cap (`esim.full_speed`); this looks at those that are due. Before
the reset the carrier is asked to slow down, afterwards to lift, each under a key of its own; without an answer the same
is asked again. Where the network does this by itself it is not asked, and the spell only says when it was slow.
"""

import logging
from datetime import datetime, timedelta

from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import SimProfile, ThrottleSpell
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=6)  # longer than a task may run
ASK_AGAIN = timedelta(minutes=5)
REFUSED_LIFT_AGAIN = timedelta(hours=1)
"""A refusal to give the full speed back is no end: somebody has paid for it."""


def keep_speed(*, carrier: Carrier, now: datetime, limit: int, in_time: InTime = always) -> int:
    """Slow down and lift what is due; return how many spells moved on."""

    def look(spell: ThrottleSpell) -> bool:
        return in_time() and _claim(spell, now=now) and _look_at(spell, carrier=carrier, now=now)

    due = ThrottleSpell.objects.to_look_at(now).select_related("line", "allowance")[:limit]
    moved = one_by_one(due, look, what="Speed", about=lambda spell: {"line": spell.line.public_id})
    return sum(moved)


def _claim(spell: ThrottleSpell, *, now: datetime) -> bool:
    """Take a spell on; of two workers at once one gets it."""
    still = ThrottleSpell.objects.open().filter(pk=spell.pk, look_at=spell.look_at)
    spell.look_at = now + LEASE
    return bool(still.update(look_at=spell.look_at))


def _look_at(spell: ThrottleSpell, *, carrier: Carrier, now: datetime) -> bool:
    step = _lift if now >= spell.resets_at else _slow_down
    try:
        step(spell, carrier=carrier, now=now)
    except OutcomeUnknown as error:
        logger.warning("It is not known whether %s changed its speed: %s", spell.line.public_id, error)
        _update(spell, look_at=now + ASK_AGAIN)
        return False
    return True


def _slow_down(spell: ThrottleSpell, *, carrier: Carrier, now: datetime) -> None:
    try:
        asked = _ask(spell, carrier=carrier, kbps=spell.kbps)
    except CarrierRefused as error:
        logger.error("The carrier would not slow %s down: %s", spell.line.public_id, error)  # noqa: TRY400 - told in a line
        asked = False
    _update(spell, asked_at=now if asked else None, look_at=spell.resets_at)


def _lift(spell: ThrottleSpell, *, carrier: Carrier, now: datetime) -> None:
    """Have the full speed given back, also where the carrier may never have taken it away.

    Not where another spell of the line goes on: what that one asked for would be undone.
    """
    others = ThrottleSpell.objects.open().filter(line=spell.line_id, resets_at__gt=now).exclude(pk=spell.pk)
    try:
        if not others.exists():
            _ask(spell, carrier=carrier, kbps=None)
    except CarrierRefused as error:
        if now < spell.resets_at + timedelta(days=1):
            logger.error("The carrier would not give %s its full speed back: %s", spell.line.public_id, error)  # noqa: TRY400
            _update(spell, look_at=now + REFUSED_LIFT_AGAIN)
            return
    _update(spell, lifted_at=now, look_at=None)


def _ask(spell: ThrottleSpell, *, carrier: Carrier, kbps: int | None) -> bool:
    """Ask the carrier for a speed; return False where it isn't to be asked. Raises what the carrier raises."""
    profile = SimProfile.objects.filter(line=spell.line_id).current().first()
    if profile is None or not carrier.capabilities.throttling:
        return False
    deed = "slow" if kbps is not None else "lift"
    key = f"{deed}:{spell.allowance.public_id}:{spell.date.isoformat()}"
    carrier.throttle(key=key, iccid=profile.iccid, kbps=kbps)
    return True


def _update(spell: ThrottleSpell, **changes: datetime | None) -> None:
    # Not where it was ended while the carrier was asked, and is to be looked at again.
    ThrottleSpell.objects.open().filter(pk=spell.pk, look_at=spell.look_at).update(**changes)
