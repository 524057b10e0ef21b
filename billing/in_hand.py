"""What a due renewal waits for: what is being bought for its line, or taken back, and a line that is being ended."""

from collections.abc import Collection

from django.db.models import Exists, F, OuterRef, Q

from billing.models import Charge, Order, QueuedPlan, Subscription
from esim.models import Line, ServiceChange

PLANS = (Order.Kind.RENEWAL, Order.Kind.NEW_LINE)


def lines_in_hand(subscriptions: Collection[Subscription]) -> set[int]:
    """Return the lines of which it is not known yet until when they will be paid; a charge now could be one too many.

    Not for the refused order of the very period: that is what is gone on with. Two queries.
    """
    if not subscriptions:
        return set()
    lines = [one.line_id for one in subscriptions]
    own = Q(subscription=F("line__subscription"), period_index=F("line__subscription__period_index"))
    being_paid = Exists(Charge.objects.open().filter(order=OuterRef("pk")))
    waiting = Exists(QueuedPlan.objects.waiting().filter(order=OuterRef("pk")))
    in_hand = (
        Q(state=Order.State.TAKING_BACK)
        | (Q(state__in=Order.State.IN_FLIGHT) & ~waiting & ~own)
        | (Q(state=Order.State.PENDING) & being_paid & ~own)
    )
    bought_for = Order.objects.filter(in_hand, line__in=lines, kind__in=PLANS)
    ending = Line.objects.filter(pk__in=lines, service_change=ServiceChange.TERMINATING)
    return {*bought_for.values_list("line", flat=True), *ending.values_list("pk", flat=True)}
