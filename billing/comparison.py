"""Comparing our books with a gateway's, day by day and both ways."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from billing import reconciliation, refunds
from billing.charges import settle
from billing.gateways.base import Movement, OutcomeUnknown, PaymentGateway, PaymentState, RefundState
from billing.models import Charge, ComparedDay, Discrepancy
from billing.recorded_money import Recorded, booked_between, recorded_of
from portal.lib.dates import midnight
from portal.lib.money import Money

# After the end of a day: by the first look our own questions about open charges are answered, the second one catches
# what was late.
LOOKS = [timedelta(hours=2), timedelta(hours=26)]
LOOK_BACK_DAYS = 7
DAY = timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=10)
BATCH = 100
"""One page of most gateways' lists; PostgreSQL looks no further into a list than this to choose a partial index."""

MOST_QUESTIONS = 100
"""How many payments that a day's list does not hold are asked about one by one; the rest are reported unasked."""

logger = logging.getLogger(__name__)

Kind = Discrepancy.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Money that is told differently; `money` is the gateway's word or, where it says nothing, ours."""

    kind: Discrepancy.Kind
    movement_id: str
    money: Money
    is_refund: bool
    known: str


@dataclass(slots=True)
class Comparison:
    """What one day came to; of `undecided` money the gateway did not answer."""

    day: date
    movements: int = 0
    differences: list[Difference] = field(default_factory=list)
    undecided: set[str] = field(default_factory=set)


def days_due(*, gateway_name: str, now: datetime) -> list[date]:
    """Return the days to compare now, the oldest first: each twice, and after a standstill those of the last week."""
    today = now.astimezone(UTC).date()
    days = [today - DAY * back for back in range(LOOK_BACK_DAYS, 0, -1)]
    rows = ComparedDay.objects.filter(gateway=gateway_name, day__in=days)
    compared = dict(rows.values_list("day", "compared_at"))
    return [day for day in days if _is_due(day, compared_at=compared.get(day), now=now)]


def compare(
    *,
    gateway: PaymentGateway,
    day: date,
    now: datetime,
    look_only: bool = False,
    most_questions: int = MOST_QUESTIONS,
) -> Comparison:
    """Compare one day, in UTC; raises OutcomeUnknown where the gateway does not tell its movements.

    Money taken there that is not in our books is looked up and settled first, unless `look_only`.
    """
    begins = midnight(day, UTC)
    ends = begins + DAY
    comparison, confirmed = Comparison(day), set[str]()
    # From a day before, because what moved there at midnight is in our books a little later.
    movements = gateway.movements(since=begins - DAY, until=ends + CLOCKS_DIFFER)
    for batch in _batches(movements):
        recorded = recorded_of(batch, gateway_name=gateway.name)
        confirmed |= {one.key for one in recorded.values()}
        of_the_day = [movement for movement in batch if begins <= movement.at < ends]
        comparison.movements += len(of_the_day)
        for movement in of_the_day:
            ours = recorded.get(movement.id)
            if not look_only and (ours is None or not ours.is_booked):
                ours = _offer(movement, ours, gateway=gateway, now=now)
            comparison.differences += _there(movement, ours)
    booked = booked_between(gateway_name=gateway.name, since=begins, until=ends)
    unconfirmed = [one for one in booked if one.key not in confirmed]
    _here(unconfirmed, gateway=gateway, comparison=comparison, most_questions=most_questions)
    return comparison


def _there(movement: Movement, ours: Recorded | None) -> Iterator[Difference]:
    """Yield what is wrong about a movement at the gateway, if anything is."""
    if ours is not None and ours.is_booked and ours.money == movement.money:
        return
    if ours is None:
        known = f"It carries the key {movement.key}." if movement.key else ""
    else:
        known = f"We know it as {ours.key}: {ours.money}, {ours.state}."
    differs = ours is not None and ours.money != movement.money
    yield Difference(
        kind=Kind.AMOUNT_DIFFERS if differs else Kind.UNKNOWN_HERE,
        movement_id=movement.id,
        money=movement.money,
        is_refund=movement.is_refund,
        known=known,
    )


def _here(
    unconfirmed: Iterable[Recorded], *, gateway: PaymentGateway, comparison: Comparison, most_questions: int
) -> None:
    """Add what we booked and the gateway does not know; what it moved long before, it tells when asked."""
    for number, ours in enumerate(unconfirmed):
        try:
            if number < most_questions and _is_known_there(ours, gateway=gateway):
                continue
        except Exception:
            logger.exception("Gateway %s did not say whether it knows %s", gateway.name, ours.movement_id)
            comparison.undecided.add(ours.movement_id)
            continue
        comparison.differences.append(
            Difference(
                kind=Kind.UNKNOWN_THERE,
                movement_id=ours.movement_id,
                money=ours.money,
                is_refund=ours.is_refund,
                known=f"We booked it as {ours.key}.",
            )
        )


def _is_known_there(ours: Recorded, *, gateway: PaymentGateway) -> bool:
    if ours.is_refund:
        given_back = gateway.look_up_refund(refund_id=ours.movement_id, key=ours.key, transaction_id="")
        return given_back is not None and given_back.state != RefundState.FAILED
    charge = Charge.objects.select_related("order__owner").get(pk=ours.pk)
    result = reconciliation.look_up(charge=charge, gateway=gateway)
    return result is not None and result.state == PaymentState.SUCCEEDED


def _offer(movement: Movement, ours: Recorded | None, *, gateway: PaymentGateway, now: datetime) -> Recorded | None:
    """Settle money that is ours and not in our books, and return how it stands then."""
    try:
        if movement.is_refund:
            refunds.learn(refund_id=movement.id, key=movement.key, gateway=gateway, now=now)
        elif ours is not None:
            charge = Charge.objects.select_related("order__owner").get(pk=ours.pk)
            result = reconciliation.look_up(charge=charge, gateway=gateway)
            if result is not None:
                settle(charge_id=charge.pk, result=result, now=now)
    except OutcomeUnknown:
        logger.info("Gateway %s did not say how %s stands", gateway.name, movement.id)
    except Exception:
        logger.exception("%s at gateway %s could not be settled; it is reported", movement.id, gateway.name)
    return recorded_of([movement], gateway_name=gateway.name).get(movement.id)


def _is_due(day: date, *, compared_at: datetime | None, now: datetime) -> bool:
    ended = midnight(day, UTC) + DAY
    looks = [ended + after for after in LOOKS if ended + after <= now]
    return any(compared_at is None or compared_at < look for look in looks)


def _batches(movements: Iterator[Movement]) -> Iterator[list[Movement]]:
    while batch := list(islice(movements, BATCH)):
        yield batch
