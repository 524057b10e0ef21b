"""Having a profile prepared: what is asked is written down first, and the same order asks for the same profile.

One asks at a time, under a lease; the number of the attempt is its fence. What may be repeated is repeated, by the
purchase itself or by `reconcile`. What may not (a profile ordered by its type, with the answer lost) is in doubt
until staff have asked at the SM-DP+.
"""

import json
import logging
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from esim import stock
from esim.carriers.base import (
    AllocatesFirst,
    Carrier,
    CarrierRefused,
    NotAsked,
    OrderedProfile,
    OutcomeUnknown,
    ProfileAsk,
    ProfileSpoilt,
)
from esim.identifiers import make_confirmation_code, make_matching_id, masked, normalised_iccid
from esim.models import Line, ProfileOrder, ProfileOrderQuerySet, SimCard
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=6)  # longer than a task may run
BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 60)]
SOLD_OUT = "sold_out"

State = ProfileOrder.State
Step = ProfileOrder.Step


def obtain(
    *, line: Line, key: str, carrier: Carrier, eid: str = "", plan_code: str = "", now: datetime
) -> OrderedProfile:
    """Return the profile of the order `key`, having it prepared where that was not done yet.

    Runs outside any transaction and may be repeated; a profile that was answered once is not asked for again. Raises
    what the carrier raises, CarrierRefused where the stock has none left, and OutcomeUnknown while somebody else asks
    or staff have to.
    """
    order = _order(line=line, key=key, carrier=carrier, eid=eid, plan_code=plan_code, now=now)
    if order.answer:
        return OrderedProfile(**json.loads(order.answer))
    if order.state in {State.REFUSED, State.CANCELLED}:
        raise CarrierRefused(order.reason or order.state)
    was = _claim(order, carrier=carrier, now=now)
    if was is None:
        raise OutcomeUnknown(f"{order.public_id} is being asked about, or in doubt")
    return _ask(order, is_first=was == State.CREATED, carrier=carrier, now=now)


def reconcile(*, carrier: Carrier, now: datetime, limit: int, in_time: InTime = always) -> int:
    """Ask again where an answer got lost, and return how many orders are answered now.

    Whoever wanted the profile finds the answer on the order. One that fails does not stop the others.
    """
    answered = 0
    due = ProfileOrder.objects.to_reconcile(now).exclude(state=State.IN_DOUBT).filter(carrier=carrier.name)
    for order in due.select_related("line")[:limit]:
        if not in_time():
            break
        try:
            obtain(line=order.line, key=order.key, carrier=carrier, now=now)
        except CarrierRefused as error:
            logger.warning("The carrier refused the profile of %s: %s", order.public_id, error)
        except OutcomeUnknown as error:
            logger.info("Still no answer about the profile of %s: %s", order.public_id, error)
            continue
        except Exception:
            logger.exception("Asking again for the profile of %s failed", order.public_id)
            continue
        answered += 1
    return answered


def _order(*, line: Line, key: str, carrier: Carrier, eid: str, plan_code: str, now: datetime) -> ProfileOrder:
    """Return the order of this key, committing it with all it will ever be asked with."""
    if there := ProfileOrder.objects.filter(key=key).first():
        return there
    able = carrier.capabilities
    order = ProfileOrder(
        key=key,
        line=line,
        carrier=carrier.name,
        profile_type=able.profile_type,
        plan_code=plan_code,
        eid=eid,
        ask_again_at=now + LEASE,
        created_at=now,
    )
    if able.order_by_iccid:
        try:
            card = stock.reserve(key=key, carrier=carrier.name, profile_type=able.profile_type, now=now)
        except stock.SoldOut as error:
            raise CarrierRefused(SOLD_OUT) from error
        order.iccid = card.iccid
    order.matching_id = make_matching_id()
    if able.confirmation_code:
        order.confirmation_code = make_confirmation_code()
    try:
        with transaction.atomic():
            order.save()
    except IntegrityError:
        # Somebody else wrote it at the same moment; theirs is what counts.
        return ProfileOrder.objects.get(key=key)
    return order


def _claim(order: ProfileOrder, *, carrier: Carrier, now: datetime) -> State | None:
    """Be the one who asks, and return what the order was: created where nobody was asked for it before.

    None where somebody else asks, or where asking might take a second profile.
    """
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    mine = ProfileOrder.objects.filter(free, pk=order.pk, attempts=order.attempts)
    if not (order.iccid or carrier.capabilities.idempotent_ordering):
        # Who asked before and never wrote down an answer may have got a profile that nobody here knows.
        if mine.filter(state=State.ASKED).update(state=State.IN_DOUBT, lease_until=None):
            logger.error("Profile order %s is in doubt: ask at the SM-DP+ what it allocated", order.public_id)
        mine = mine.filter(state=State.CREATED)
    lease = {"asked_at": now, "lease_until": now + LEASE, "ask_again_at": now + LEASE}
    for state in (State.CREATED, State.ASKED):
        if mine.filter(state=state).update(state=State.ASKED, attempts=F("attempts") + 1, **lease):
            order.refresh_from_db()
            return state
    return None


def _ask(order: ProfileOrder, *, is_first: bool, carrier: Carrier, now: datetime) -> OrderedProfile:
    try:
        if isinstance(carrier, AllocatesFirst) and not order.iccid:
            _write_iccid(order, iccid=carrier.allocate(_ask_of(order, is_first=is_first)))
        ordered = carrier.order_profile(_ask_of(order, is_first=is_first))
    except CarrierRefused as error:
        _refuse(order, error=error, now=now)
        raise
    except OutcomeUnknown as error:
        _wait(order, error=error, is_first=is_first, carrier=carrier, now=now)
        raise
    return _keep(order, ordered=ordered, now=now)


def _ask_of(order: ProfileOrder, *, is_first: bool) -> ProfileAsk:
    return ProfileAsk(
        key=order.key,
        profile_type=order.profile_type,
        plan_code=order.plan_code,
        iccid=order.iccid,
        eid=order.eid,
        matching_id=order.matching_id,
        confirmation_code=order.confirmation_code,
        is_first=is_first,
    )


def _write_iccid(order: ProfileOrder, *, iccid: str) -> None:
    """Commit which profile was allocated, also where it was taken for lost meanwhile; raises OutcomeUnknown.

    From here on the order may be repeated.
    """
    order.iccid = normalised_iccid(iccid)
    nameless = ProfileOrder.objects.in_flight().filter(pk=order.pk, iccid="", attempts=order.attempts)
    if not nameless.update(iccid=order.iccid, step=Step.ORDERED, state=State.ASKED):
        logger.error("%s got profile %s too late: it is nobody's now", order.public_id, masked(order.iccid))
        raise OutcomeUnknown("overtaken")


def _refuse(order: ProfileOrder, *, error: CarrierRefused, now: datetime) -> None:
    with transaction.atomic():
        refused = _still_ours(order).update(
            state=State.REFUSED, reason=error.reason[:200], lease_until=None, ask_again_at=None, ended_at=now
        )
        if refused:
            give_back = stock.put_aside if isinstance(error, ProfileSpoilt) else stock.release
            give_back(key=order.key)


def _wait(order: ProfileOrder, *, error: OutcomeUnknown, is_first: bool, carrier: Carrier, now: datetime) -> None:
    """Write down that no answer came, and what that means for asking again."""
    again = now + BACK_OFF[min(order.attempts, len(BACK_OFF)) - 1]
    state = State.ASKED if order.iccid or carrier.capabilities.idempotent_ordering else State.IN_DOUBT
    if isinstance(error, NotAsked) and is_first:
        state = State.CREATED
    _still_ours(order).update(state=state, reason=str(error)[:200], lease_until=None, ask_again_at=again)
    if state == State.IN_DOUBT:
        logger.error("Profile order %s is in doubt: ask at the SM-DP+ what it allocated", order.public_id)


def _keep(order: ProfileOrder, *, ordered: OrderedProfile, now: datetime) -> OrderedProfile:
    """Commit the answer, with what the stock knows of the profile; return what holds."""
    card = SimCard.objects.filter(reserved_for=order.key).first()
    if card is not None:
        ordered = replace(ordered, msisdn=ordered.msisdn or card.msisdn, puk=ordered.puk or card.puk)
    order.answer = json.dumps(asdict(ordered))
    with transaction.atomic():
        kept = _still_ours(order).update(
            state=State.READY,
            step=Step.RELEASED,
            reason="",
            iccid=normalised_iccid(ordered.iccid),
            smdp_address=ordered.smdp_address,
            answer_ciphertext=order.answer_ciphertext,
            lease_until=None,
            ask_again_at=None,
            ended_at=now,
        )
        if kept and card is not None:
            stock.use(key=order.key, line=order.line, now=now)
    if not kept:
        raise OutcomeUnknown(f"{order.public_id} was taken over")
    return ordered


def _still_ours(order: ProfileOrder) -> ProfileOrderQuerySet:
    return ProfileOrder.objects.filter(pk=order.pk, state=State.ASKED, attempts=order.attempts)
