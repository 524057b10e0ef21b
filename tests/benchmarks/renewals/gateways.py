"""Gateways inside the process that measures: one answers at once, the other takes its time and allows only so much."""

import time
from collections.abc import Mapping

from billing.gateways.base import PaymentResult, PaymentState, SavedCharge
from portal.lib.pacing import Pace


class InstantGateway:
    """Takes every card and remembers nothing, for what it remembered would count as the worker's memory."""

    name = "sandbox"
    page_origin = ""
    in_process = True

    def prepare(self, charge: SavedCharge) -> str:
        return f"pay_{charge.key}"

    def charge_saved(self, charge: SavedCharge) -> PaymentResult:
        return PaymentResult(
            state=PaymentState.SUCCEEDED, payment_id=charge.payment_id, money=charge.money, paid_with="card"
        )

    def look_up(self, **_what: object) -> Mapping[str, object] | None:
        return None


class SlowGateway(InstantGateway):
    """Takes `seconds` for a charge, half of it to prepare; more of them at a time than its pace it makes wait."""

    in_process = False

    def __init__(self, *, seconds: float, pace: Pace, patience_seconds: float) -> None:
        self._half = seconds / 2
        self._pace = pace
        self._patience = patience_seconds

    def prepare(self, charge: SavedCharge) -> str:
        time.sleep(self._half)
        return super().prepare(charge)

    def charge_saved(self, charge: SavedCharge) -> PaymentResult:
        self._pace.wait("charges", patience_seconds=self._patience)
        time.sleep(self._half)
        return super().charge_saved(charge)
