"""What our books hold of the money that a gateway says it moved."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from billing.gateways.base import Movement
from billing.models import Charge, ChargeQuerySet, Refund, RefundQuerySet
from portal.lib.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One charge or refund of ours, as far as it is compared.

    `movement_id` is the gateway's id of the money, empty where we know of none. `is_booked`: it stands in the books.
    """

    pk: int
    key: str
    movement_id: str
    money: Money
    state: str
    is_booked: bool
    is_refund: bool
    names: frozenset[str]

    def is_about(self, movement: Movement) -> bool:
        """Tell whether a movement is this money: by its id or, where we know of no id, by our key in it.

        Under one key money may have moved a second time: that is not what we recorded.
        """
        if movement.id in self.names:
            return True
        return not self.movement_id and movement.key == self.key


def recorded_of(movements: Collection[Movement], *, gateway_name: str) -> dict[str, Recorded]:
    """Return what we recorded of each movement, by the movement's id. At most two queries."""
    paid = [movement for movement in movements if not movement.is_refund]
    given_back = [movement for movement in movements if movement.is_refund]
    charges = Charge.objects.filter(
        Q(gateway_transaction_id__in=_ids(paid))
        | Q(kept_payment_id__in=_ids(paid))
        | Q(phase="open", gateway_payment_id__in=_ids(paid))
        | Q(public_id__in=_keys(paid)),
        gateway=gateway_name,
    )
    refunds = Refund.objects.filter(
        Q(gateway_refund_id__in=_ids(given_back)) | Q(public_id__in=_keys(given_back)), charge__gateway=gateway_name
    )
    return {
        **_matched(paid, _of_charges(charges) if paid else []),
        **_matched(given_back, _of_refunds(refunds) if given_back else []),
    }


def booked_between(*, gateway_name: str, since: datetime, until: datetime) -> Iterator[Recorded]:
    """Yield what we booked in that time, its end excluded."""
    when = Q(settled_at__gte=since, settled_at__lt=until)
    yield from _of_charges(Charge.objects.filter(when, gateway=gateway_name, state=Charge.State.SUCCEEDED))
    at_the_gateway = Refund.objects.filter(when, charge__gateway=gateway_name, goes_to=Refund.Destination.PAYER)
    yield from _of_refunds(at_the_gateway.filter(state=Refund.State.SUCCEEDED))


def _of_charges(charges: ChargeQuerySet) -> Iterator[Recorded]:
    for charge in charges.order_by("pk").iterator():
        is_booked = charge.state == Charge.State.SUCCEEDED
        payment_id, transaction_id = charge.gateway_payment_id or "", charge.gateway_transaction_id
        yield Recorded(
            pk=charge.pk,
            key=charge.public_id,
            # Where page and money have one name, it says that money moved only when it has.
            movement_id=transaction_id or (payment_id if is_booked else ""),
            money=charge.money,
            state=charge.state,
            is_booked=is_booked,
            is_refund=False,
            names=frozenset({payment_id, transaction_id} - {""}),
        )


def _of_refunds(refunds: RefundQuerySet) -> Iterator[Recorded]:
    booked = {*Refund.State.ON_ITS_WAY, Refund.State.SUCCEEDED}
    for refund in refunds.order_by("pk").iterator():
        refund_id = refund.gateway_refund_id or ""
        yield Recorded(
            pk=refund.pk,
            key=refund.public_id,
            movement_id=refund_id,
            money=refund.money,
            state=refund.state,
            is_booked=refund.state in booked,
            is_refund=True,
            names=frozenset({refund_id} - {""}),
        )


def _matched(movements: Iterable[Movement], recorded: Iterable[Recorded]) -> dict[str, Recorded]:
    by_name: dict[str, Recorded] = {}
    for one in recorded:
        by_name |= dict.fromkeys([*one.names, one.key], one)
    found = ((movement, by_name.get(movement.id) or by_name.get(movement.key)) for movement in movements)
    return {movement.id: ours for movement, ours in found if ours is not None and ours.is_about(movement)}


def _ids(movements: Iterable[Movement]) -> list[str]:
    return [movement.id for movement in movements]


def _keys(movements: Iterable[Movement]) -> list[str]:
    return [movement.key for movement in movements if movement.key]
