"""What is left of data, minutes and messages, as the card of a line shows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from esim.models import Allowance

LOW_PERCENT_USED = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Something that is used up: what is left of how much."""

    left: int
    total: int

    @property
    def percent_used(self) -> int:
        return min(100, (self.total - self.left) * 100 // self.total) if self.total else 100

    @property
    def is_low(self) -> bool:
        return self.percent_used >= LOW_PERCENT_USED

    @property
    def kind(self) -> str:
        """The colour of the ring: red when nothing is left."""
        if not self.left:
            return "error"
        return "warning" if self.is_low else "brand"


def data_left(running: Sequence[Allowance]) -> Meter | None:
    if not running:
        return None
    left = sum(one.remaining_bytes or 0 for one in running)
    return Meter(left=left, total=sum(one.data_bytes or 0 for one in running))


def full_speed_left(unlimited: Allowance, used_today: int) -> Meter:
    cap = unlimited.daily_cap_bytes or 0
    return Meter(left=max(0, cap - used_today), total=cap)


def meter_of(pairs: Iterable[tuple[int, int]]) -> Meter | None:
    amounts = list(pairs)
    total = sum(granted for granted, _used in amounts)
    left = sum(max(0, granted - used) for granted, used in amounts)
    return Meter(left=left, total=total) if total else None
