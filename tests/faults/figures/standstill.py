"""A scheduler that stood still for three days, and a clock that jumps while it works: each period once, and none left out."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from unittest import mock

from django.db.models import F, Q

from billing import reconciliation, renewals
from billing.gateways.base import PaymentGateway, PaymentResult, SavedCharge
from billing.models import Order
from esim import allowances
from esim.models import Line
from plans.terms import PlanTerms
from portal.lib.periods import boundary
from tests.faults.figures.scenery import DAY, due_renewals
from tests.faults.figures.stage import Scene, Stage
from tests.faults.figures.unguarded_workers import ForgetfulGateway

OFF = timedelta(hours=72)
LONGEST_RUN = timedelta(hours=1)
BACK, FORWARD = timedelta(hours=-2), timedelta(days=3)


def measure(stage: Stage) -> None:
    count, report = stage.sized(1000, quick=20), stage.report
    with stage.scene("standstill") as scene:
        stand_still(stage, scene, count=count)
        report.gate("standstill_charges_at_gateway", len(stage.stripe.money_taken()), "charges", exactly=count)
        report.gate("standstill_right_dates", with_right_dates(scene), "orders", exactly=count)
    with stage.control() as scene, mock.patch.object(allowances, "next_period", from_the_old_end):
        stand_still(stage, scene, count=min(count, 50))
        report.control("standstill_right_dates", with_right_dates(scene), "orders", fewer_than=min(count, 50))
    with stage.scene("jumping") as scene:
        jump_in_mid_sweep(stage, scene, count=count)
        report.gate("jumping_charges_at_gateway", len(stage.stripe.money_taken()), "charges", exactly=count)
        report.gate("jumping_missed", count - Order.objects.filter(state="fulfilled").count(), "renewals", exactly=0)
    with stage.control() as scene:
        scene.gateway = ForgetfulGateway(stage.stripe.client())
        jump_in_mid_sweep(stage, scene, count=count)
        report.control("jumping_charges_at_gateway", len(stage.stripe.money_taken()), "charges", more_than=count)


def stand_still(stage: Stage, scene: Scene, *, count: int) -> None:
    """Let nothing run until three days after the charge, two after the end of the paid time, and then catch up."""
    due_renewals(stage.stripe, count, now=scene.now)
    scene.wait(OFF)
    for _ in range(3):
        scene.tick()


def from_the_old_end(*, line: Line, terms: PlanTerms, now: datetime) -> tuple[datetime, datetime]:
    """Sell time that is over already, as a scheduler does that only counts on from the last period."""
    ends_at = line.allowances.latest("ends_at").ends_at
    return ends_at, boundary(ends_at, terms.period, 1, line.zone)


def with_right_dates(scene: Scene) -> int:
    """Count the orders for a period that begins when it was paid for, two days after the one before had ended.

    A run of a thousand takes its time, and its clock goes on meanwhile.
    """
    paid_now = Q(starts_at__range=(scene.now, scene.now + LONGEST_RUN))
    begins = Order.objects.filter(paid_now, state="fulfilled", ends_at=F("starts_at") + 30 * DAY)
    follows = begins.filter(subscription__charge_due_at=F("ends_at") - DAY, subscription__period_index=2)
    return follows.count()


def jump_in_mid_sweep(stage: Stage, scene: Scene, *, count: int) -> None:
    """Let a worker with another clock come in between, twice: leases that just began are over for it."""
    due_renewals(stage.stripe, count, now=scene.now)
    others = {count // 4: scene.now + BACK, count // 2: scene.now + FORWARD}

    def come_in_between(number: int) -> None:
        if number in others:
            sweep(scene, scene.gateway, others[number])

    sweep(scene, Interrupted(scene.gateway, come_in_between), scene.now)
    for _ in range(2):
        scene.wait(FORWARD + timedelta(minutes=15))
        scene.tick()


def sweep(scene: Scene, gateway: PaymentGateway, now: datetime) -> None:
    reconciliation.reconcile_charges(gateway=gateway, now=now)
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=scene.carrier, now=now)


class Interrupted:
    """A gateway before whose charges something else happens; `before` hears the number of the charge."""

    def __init__(self, gateway: PaymentGateway, before: Callable[[int], None]) -> None:
        self._gateway, self._before = gateway, before
        self._numbers = itertools.count(1)

    def __getattr__(self, name: str) -> object:
        return getattr(self._gateway, name)

    def charge_saved(self, charge: SavedCharge) -> PaymentResult:
        self._before(next(self._numbers))
        return self._gateway.charge_saved(charge)
