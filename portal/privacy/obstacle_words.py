"""What stands in the way of closing an account, in words, and where to settle it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.privacy.obstacles import Obstacle

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class WayOut:
    text: "_StrPromise"
    action: "_StrPromise"
    href: str


WORDS: "dict[Obstacle, tuple[_StrPromise, _StrPromise, str]]" = {
    Obstacle.STAFF: (_("Accounts of staff are closed by an administrator."), _("Ask for help"), "new_ticket"),
    Obstacle.LOCKED: (_("Your account is locked."), _("To the lock"), "accounts:lock"),
    Obstacle.ORDERS: (
        _("An order is being paid or delivered. That takes minutes."),
        _("Your orders"),
        "billing:orders",
    ),
    Obstacle.QUEUE: (
        _("A plan that is paid waits for its turn. Cancel it and get the money back, or use it first."),
        _("Go to your lines"),
        "home",
    ),
    Obstacle.REFUNDS: (_("Money is on its way back to you."), _("Your payments"), "billing:charges"),
    Obstacle.DISPUTES: (_("Your bank has not decided about a payment yet."), _("Your payments"), "billing:charges"),
    Obstacle.ARREARS: (_("Something is still owed."), _("See what is owed"), "billing:arrears"),
    Obstacle.MOVES: (
        _("A line is being moved, suspended or ended."),
        _("Go to your lines"),
        "home",
    ),
    Obstacle.APPLICATION: (
        _("A SIM card is being prepared for you."),
        _("Ask for help"),
        "new_ticket",
    ),
    Obstacle.BALANCE: (
        _("There is money in your balance. Use it, ask support to pay it out, or give it up below."),
        _("Ask for help"),
        "new_ticket",
    ),
}


def ways_out(obstacles: Sequence[Obstacle]) -> list[WayOut]:
    return [WayOut(WORDS[one][0], WORDS[one][1], reverse(WORDS[one][2])) for one in obstacles]
