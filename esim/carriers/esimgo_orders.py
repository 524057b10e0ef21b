"""Ordering at eSIM Go, which knows no idempotency key: the portal keeps the books that make a repeat harmless.

1. `begin` writes down what is asked for, and gives one caller the right to ask.
2. `ask` posts the order; no database.
3. `settle` writes down what they call it, or that nothing was done.

Where an answer got lost, `begin` looks through their list first. Two lost orders for the same bundle are alike, so it
doesn't matter which of ours gets which of theirs, as long as each is claimed once.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from django.db import IntegrityError, transaction

from esim.carriers.base import CarrierRefused, NotAsked, OutcomeUnknown
from esim.carriers.esimgo_answers import TheirOrder, read_esim, read_order, read_orders
from esim.carriers.esimgo_client import EsimGoClient, segment
from esim.carriers.esimgo_settings import ESIMGO
from esim.identifiers import masked
from esim.models import CarrierOrder

logger = logging.getLogger(__name__)

SETTLED_AFTER = timedelta(minutes=3)
"""When an order that they don't list was certainly not placed; a request of ours waits half a minute at most."""

CLOCKS_APART = timedelta(minutes=2)
PAGE = 100
MOST_PAGES = 20
AT_ONCE = 8

Outcome = TheirOrder | CarrierRefused | OutcomeUnknown
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A bundle for an eSIM; for a new one where `iccid` is empty."""

    key: str
    product: str
    iccid: str = ""


class EsimGoOrders:
    def __init__(self, client: EsimGoClient, *, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._clock = clock

    def place(self, wish: Wish) -> CarrierOrder:
        """Have it ordered once, however often this is called with the same key; returns the order as we know it.

        Raises CarrierRefused, NotAsked or OutcomeUnknown.
        """
        order = self.begin(wish)
        return order if order.reference else self.settle(order, self.ask(order))

    def place_many(self, wishes: Sequence[Wish]) -> list[Exception | None]:
        """Place each, side by side; return for each what `place` would have raised, None for a yes."""
        begun = [_caught(self.begin, wish) for wish in wishes]
        to_ask = [order for order in begun if isinstance(order, CarrierOrder) and not order.reference]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="esimgo") as pool:
            outcomes = dict(zip([order.pk for order in to_ask], pool.map(self.ask, to_ask), strict=True))
        return [self._ended(one, outcomes) for one in begun]

    def _ended(self, begun: CarrierOrder | Exception, outcomes: Mapping[int, Outcome]) -> Exception | None:
        if isinstance(begun, CarrierOrder) and begun.pk in outcomes:
            begun = _caught(partial(self.settle, outcome=outcomes[begun.pk]), begun)
        return begun if isinstance(begun, Exception) else None

    def begin(self, wish: Wish) -> CarrierOrder:
        """Return the order of this key, placed already or now ours to place.

        Raises OutcomeUnknown while it may have been placed and cannot be found.
        """
        order, _created = CarrierOrder.objects.get_or_create(
            carrier=ESIMGO,
            key=wish.key,
            defaults={"product": wish.product, "iccid": wish.iccid, "created_at": self._clock()},
        )
        if order.reference:
            return order
        if order.unanswered_since is not None:
            for theirs in self._candidates(order):
                if self._claim(order, theirs):
                    logger.warning("The lost order %s was found at eSIM Go as %s", order.key, order.reference)
                    return order
            if self._clock() < order.unanswered_since + SETTLED_AFTER:
                raise OutcomeUnknown("order_not_found_yet")
        self._take_turn(order)
        return order

    def ask(self, order: CarrierOrder) -> Outcome:
        """Post the order and return what came of it. No database: threads call this."""
        item: dict[str, object] = {"type": "bundle", "quantity": 1, "item": order.product, "allowReassign": False}
        if order.iccid:
            item["iccids"] = [order.iccid]
        try:
            return read_order(self._client.post("/orders", {"type": "transaction", "assign": True, "order": [item]}))
        except (CarrierRefused, OutcomeUnknown) as error:
            return error

    def settle(self, order: CarrierOrder, outcome: Outcome) -> CarrierOrder:
        """Write the outcome down and return the order; raises what the outcome is where it is no yes."""
        if isinstance(outcome, TheirOrder) and outcome.failed:
            outcome = CarrierRefused("order_failed")
        if isinstance(outcome, CarrierRefused | NotAsked):
            CarrierOrder.objects.filter(pk=order.pk, reference="").update(unanswered_since=None)
        if not isinstance(outcome, TheirOrder):
            raise outcome
        if not self._claim(order, outcome):
            # Somebody whose own answer got lost took it for theirs; what is theirs will be found as ours.
            raise OutcomeUnknown("order_claimed_by_another")
        return order

    def _take_turn(self, order: CarrierOrder) -> None:
        """Become the one who asks; raises OutcomeUnknown where somebody else is asking."""
        now = self._clock()
        mine = CarrierOrder.objects.filter(pk=order.pk, reference="", unanswered_since=order.unanswered_since)
        if not mine.update(unanswered_since=now):
            raise OutcomeUnknown("asked_by_another")
        order.unanswered_since = now

    def _claim(self, order: CarrierOrder, theirs: TheirOrder) -> bool:
        iccid = order.iccid or next(iter(theirs.iccids_of(order.product)), "")
        try:
            with transaction.atomic():
                kept = CarrierOrder.objects.filter(pk=order.pk, reference="").update(
                    reference=theirs.reference, iccid=iccid, unanswered_since=None
                )
        except IntegrityError:
            return False
        order.refresh_from_db()
        return bool(kept) or order.reference == theirs.reference

    def _candidates(self, order: CarrierOrder) -> Iterator[TheirOrder]:
        """Yield orders of theirs that may be this one: unclaimed, of this bundle, for this eSIM or for a new one."""
        for theirs in self._since(order.unanswered_since):
            known = CarrierOrder.objects.filter(carrier=ESIMGO, reference=theirs.reference)
            if theirs.failed or not theirs.has(order.product) or known.exists():
                continue
            if order.iccid in theirs.iccids_of(order.product) if order.iccid else self._is_for_a_new_esim(theirs):
                yield theirs

    def _since(self, moment: datetime | None) -> Iterator[TheirOrder]:
        since = ((moment or self._clock()) - CLOCKS_APART).astimezone(UTC)
        window = ("createdAt", f"gte:{since:%Y-%m-%dT%H:%M:%S.000Z}")
        for page in range(1, MOST_PAGES + 1):
            query = [("includeIccids", "true"), ("page", str(page)), ("limit", str(PAGE)), window]
            listed = read_orders(self._client.get("/orders", query))
            yield from listed
            if len(listed) < PAGE:
                return
        raise OutcomeUnknown("too_many_orders_to_look_through")

    def _is_for_a_new_esim(self, theirs: TheirOrder) -> bool:
        """Tell whether it made an eSIM that is nobody's yet: not in our books, and without a customer reference."""
        iccids = {iccid for _bundle, iccids in theirs.items for iccid in iccids}
        if len(iccids) != 1:
            return False
        iccid = iccids.pop()
        if CarrierOrder.objects.filter(carrier=ESIMGO, iccid=iccid).exists():
            return False
        esim = read_esim(self._client.get(f"/esims/{segment(iccid)}"))
        if esim.customer_ref:
            logger.info("The eSIM %s is somebody else's", masked(iccid))
        return not esim.customer_ref


def _caught(call: Callable[[T], CarrierOrder], argument: T) -> CarrierOrder | Exception:
    try:
        return call(argument)
    except (CarrierRefused, OutcomeUnknown) as error:
        return error
