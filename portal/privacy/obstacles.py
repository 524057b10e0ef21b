"""What has to be settled before an account can be closed: nobody's money or line is left hanging."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from billing import arrears
from billing.models import Charge, Dispute, LedgerAccount, Order, PayLink, Payout, QueuedPlan, Refund
from esim.models import Line, LineMove, Replacement, ServiceChange, SimApplication
from portal.lib.money import Money


class Obstacle(StrEnum):
    STAFF = "staff"
    LOCKED = "locked"
    ORDERS = "orders"
    QUEUE = "queue"
    REFUNDS = "refunds"
    DISPUTES = "disputes"
    ARREARS = "arrears"
    MOVES = "moves"
    APPLICATION = "application"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """`obstacles` in the order in which to settle them; `balances` are what is given up where that is wished."""

    obstacles: list[Obstacle]
    balances: list[Money]
    lines: int


def standing_of(user: User, *, given_up: Mapping[str, int], now: datetime) -> Standing:
    """Return how an account stands on the way to its end; `given_up` are minor units by currency."""
    balances = [wallet.money for wallet in LedgerAccount.objects.owned_by(user).filter(balance__gt=0)]
    found = list(_found(user, now=now))
    if any(balance.minor > given_up.get(balance.currency, 0) for balance in balances):
        found.append(Obstacle.BALANCE)
    return Standing(obstacles=found, balances=balances, lines=Line.objects.owned_by(user).in_use().count())


def _found(user: User, *, now: datetime) -> Iterator[Obstacle]:
    if user.is_staff:
        yield Obstacle.STAFF
    if user.locked_at:
        yield Obstacle.LOCKED
    if _orders_under_way(user):
        yield Obstacle.ORDERS
    if QueuedPlan.objects.filter(line__owner=user, state=QueuedPlan.State.WAITING).exists():
        yield Obstacle.QUEUE
    refunds = Refund.objects.filter(order__owner=user, state__in=Refund.State.OPEN)
    if refunds.exists() or Payout.objects.owned_by(user).open().exists():
        yield Obstacle.REFUNDS
    if Dispute.objects.owned_by(user).open().exists():
        yield Obstacle.DISPUTES
    if arrears.owes(user, now=now):
        yield Obstacle.ARREARS
    if _lines_under_way(user):
        yield Obstacle.MOVES
    if SimApplication.objects.filter(owner=user, card__isnull=False).exclude(state__in=ENDED).exists():
        yield Obstacle.APPLICATION


ENDED = (
    SimApplication.State.ACTIVATED,
    SimApplication.State.CANCELLED,
    SimApplication.State.REFUSED,
)


def _orders_under_way(user: User) -> bool:
    """Tell whether something is paid and not delivered, or being paid; on their lines also by somebody else.

    What an unpaid order keeps of the balance comes back when it ends, and who has a link may pay it until then.
    """
    theirs = Q(owner=user) | Q(line__owner=user)
    waiting = QueuedPlan.objects.filter(order=OuterRef("pk"), state=QueuedPlan.State.WAITING)
    paid = Q(state__in=[*Order.State.IN_FLIGHT, Order.State.TAKING_BACK]) & ~Exists(waiting)
    begun = Exists(Charge.objects.open().filter(order=OuterRef("pk"))) | Q(wallet_amount__gt=0)
    by_link = Exists(PayLink.objects.standing().filter(order=OuterRef("pk")))
    being_paid = Q(state=Order.State.PENDING) & (begun | by_link)
    return Order.objects.filter(theirs).filter(paid | being_paid).exists()


def _lines_under_way(user: User) -> bool:
    lines = Line.objects.owned_by(user)
    return (
        lines.exclude(service_change__in=["", ServiceChange.TERMINATING]).exists()
        or Replacement.objects.under_way().filter(line__in=lines).exists()
        or LineMove.objects.owned_by(user).under_way().exists()
    )
