"""A hundred eSIMs paid for, and an SM-DP+ that fails at each in another way: after one sweep, the eSIM or the money."""

import random
from collections import Counter
from datetime import timedelta

from billing import ledger
from billing.models import Order
from billing.orders import fulfil
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import Line, ProfileOrder, SimProfile
from tests import make
from tests.billing.books import paid_order
from tests.fakes.smdp.profiles import RELEASED
from tests.faults.figures.operators import Operator, operator
from tests.faults.figures.scenery import PRICE, make_person
from tests.faults.figures.stage import Scene, Stage

FUNCTIONS = ("downloadOrder", "confirmOrder")
FAULTS = ("drop_before", "drop_after", "503", "503_after", "429", "garbage", "wrong_types", "expired", "busy", "slow")
REFUSALS = {
    "downloadOrder": (("8.2.5", "3.8"), ("8.2.1", "1.2"), ("8.2.1", "3.9")),
    "confirmOrder": (("8.2.1", "1.2"), ("8.2.1", "3.9"), ("8.9", "5.1")),
}
"""Codes that SGP.22 names for each (§5.3.1, §5.3.2)."""
DEATH = "death"
SWEEP_AFTER = timedelta(minutes=11)
"""Longer than the lease of whoever died."""

Failure = tuple[str, str | tuple[str, str]]


class Death(Exception):
    """The process goes, with whatever it knew."""


class Dying:
    """A carrier whose caller dies as soon as a profile is ordered."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def __getattr__(self, name):
        return getattr(self._carrier, name)

    def order_profile(self, ask):
        self._carrier.order_profile(ask)
        raise Death


class Credulous(Dying):
    """A carrier that takes silence for a no."""

    def order_profile(self, ask):
        try:
            return self._carrier.order_profile(ask)
        except OutcomeUnknown as error:
            raise CarrierRefused("no answer") from error


def measure(stage: Stage) -> None:
    count, report = stage.sized(100, quick=24), stage.report
    with operator() as there:
        with stage.scene("smdp") as scene:
            scene.carrier = there.carrier(read_timeout=1)
            orders, failures = live_through(stage, scene, there, count=count)
            report.figure("smdp_ways_to_fail", len(set(failures)), "ways")
            waiting = sum(order.state == Order.State.FULFILLING for order in refreshed(orders))
            report.figure("smdp_in_doubt_before_the_sweep", waiting, "orders")
            scene.wait(SWEEP_AFTER)
            scene.tick()
            ends = Counter(ending(order, there) for order in refreshed(orders))
            for order, failure in zip(refreshed(orders), failures, strict=True):
                if ending(order, there) not in {"eSIM", "money"}:
                    report.explain(f"{failure}: {ending(order, there)}, {order.note}")
            report.figure("smdp_delivered", ends["eSIM"], "orders")
            report.figure("smdp_money_back", ends["money"], "orders")
            report.gate("smdp_eSIM_or_money_back", ends["eSIM"] + ends["money"], "orders", exactly=count)
            behind = there.taken() - there.released()
            report.gate("smdp_left_allocated", len(behind), "profiles", exactly=0)
            report.gate("smdp_malformed_calls", len(there.smdp.es2plus.complaints), "calls", exactly=0)
        with stage.control() as scene:
            scene.carrier = Credulous(there.carrier(read_timeout=1))
            orders, _failures = live_through(stage, scene, there, count=24)
            scene.wait(SWEEP_AFTER)
            scene.tick()
            both = sum(ending(order, there) == "eSIM and money" for order in refreshed(orders))
            report.control("smdp_eSIM_and_money", both, "orders", more_than=0)


def live_through(stage: Stage, scene: Scene, there: Operator, *, count: int) -> tuple[list[Order], list[Failure]]:
    """Have every order paid, and delivered by an SM-DP+ that fails once in the way drawn for it."""
    there.stock(2 * count)
    failures = drawn(random.Random(stage.seed), count)  # noqa: S311 - repeatable, not secret
    plan, orders = make.make_plan(prices={"USD": PRICE}), []
    for failure in failures:
        owner = make_person()
        order = paid_order(Line(owner=owner), plan, kind=Order.Kind.NEW_LINE, line=None, now=scene.now)
        deliver_badly(order, failure, scene, there)
        orders.append(order)
    return orders, failures


def drawn(chance: random.Random, count: int) -> list[Failure]:
    """Return a way to fail for each: every way at least once where there are enough."""
    broken: list[Failure] = [(function, fault) for function in FUNCTIONS for fault in FAULTS]
    refused: list[Failure] = [(function, codes) for function in FUNCTIONS for codes in REFUSALS[function]]
    ways = [*broken, *refused, (DEATH, "")]
    quick = [way for way in ways if way[1] != "slow"]
    failures = [*ways, *chance.choices(quick, k=max(0, count - len(ways)))]
    chance.shuffle(failures)
    return failures[:count]


def deliver_badly(order: Order, failure: Failure, scene: Scene, there: Operator) -> None:
    function, fault = failure
    carrier = scene.carrier
    if function == DEATH:
        carrier = Dying(carrier)
    elif isinstance(fault, tuple):
        there.smdp.es2plus.refusing[function] = fault
    else:
        there.smdp.fail(function, fault)
    try:
        fulfil(order_id=order.pk, carrier=carrier, now=scene.now)
    except Death:
        pass
    finally:
        there.smdp.es2plus.refusing.clear()
        there.smdp.faults.clear()


def refreshed(orders: list[Order]) -> list[Order]:
    return list(Order.objects.filter(pk__in=[order.pk for order in orders]).select_related("owner").order_by("pk"))


def ending(order: Order, there: Operator) -> str:
    """Tell what the buyer has in the end, by the books, the lines and what the SM-DP+ has released."""
    released = released_for(order, there)
    if ledger.wallet_balance(order.owner, "USD").minor == PRICE:
        return "eSIM and money" if released else "money"
    on_line = SimProfile.objects.filter(line__opened_for=order.public_id, iccid=released).exists()
    return "eSIM" if released and on_line and order.state == Order.State.FULFILLED else f"neither ({order.state})"


def released_for(order: Order, there: Operator) -> str:
    """Return the profile that a device can install by this order's code; one that was given back may be another's."""
    asked = ProfileOrder.objects.filter(key=order.public_id).first()
    profile = there.smdp.smdp.profiles.get(asked.iccid) if asked else None
    is_ours = profile is not None and profile.state == RELEASED and profile.matching_id == asked.matching_id
    return profile.iccid if is_ours else ""
