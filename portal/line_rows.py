"""The rows that the front page and the page of a line are drawn from: two queries, however many lines there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from accounts.models import User
from billing.models import Dispute, LedgerAccount, PlanNudge, QueuedPlan
from esim.models import Allowance, Line, LineMember, LineMove, SimProfile
from portal.lib.kept_sql import KeptQuery, Slot

ANNOTATIONS = (
    "download_state",
    "paid_until",
    "granted",
    "owes",
    "role",
    "shared_by",
    "next_in_queue",
    "queued",
    "better",
)
"""What `_described` adds to the columns of a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontRows:
    """What the front page is kept by: it changes whenever one of these rows does."""

    lines: Sequence[Any]
    wallets: Sequence[LedgerAccount]


def _described(lines: QuerySet[Line]) -> QuerySet[Any]:
    """Lines with auto-renewal, how far the SIM is, until when time is paid, how often something was granted, and
    whether something is owed, and a plan advised.
    """
    sims = SimProfile.objects.filter(line=OuterRef("pk"), is_current=True)
    ahead = QueuedPlan.objects.ahead().filter(line=OuterRef("pk"))
    granted = Allowance.objects.filter(line=OuterRef("pk")).order_by().values("line")
    paid = Allowance.objects.standing().filter(line=OuterRef("pk"), is_data_pack=False).order_by("-ends_at")
    better = PlanNudge.objects.with_something_to_say().filter(line=OuterRef("pk"))
    memberships = LineMember.objects.filter(line=OuterRef("pk"), user=Slot("reader"))
    return lines.select_related("subscription__method").annotate(
        role=Subquery(memberships.values("role")[:1]),
        shared_by=F("owner__full_name"),
        download_state=Subquery(sims.values("download_state")[:1]),
        next_in_queue=Subquery(ahead.values("pk")[:1]),
        queued=Subquery(ahead.order_by().values("line").annotate(times=Count("pk")).values("times")),
        paid_until=Subquery(paid.values("ends_at")[:1]),
        # Counted up by each grant, and by each taking back.
        granted=Subquery(granted.annotate(times=Count("pk") + Count("taken_back_at")).values("times")),
        better=Subquery(better.values("pk")[:1]),
        # Of its owner: what somebody else paid for it, and took back, is theirs to settle.
        owes=Exists(
            Dispute.objects.owed().filter(charge__order__line=OuterRef("pk"), charge__order__owner=OuterRef("owner"))
        ),
    )


LINES_IN_USE = KeptQuery(lambda: _described(Line.objects.visible_to(Slot("reader")).in_use()))


def _with_move(lines: Any) -> Any:
    agreed = LineMove.objects.filter(line=OuterRef("pk"), state=LineMove.State.AGREED)
    return lines.annotate(
        move_id=Subquery(agreed.values("public_id")[:1]), moves_at=Subquery(agreed.values("moves_at")[:1])
    )


LINE = KeptQuery(
    lambda: _with_move(_described(Line.objects.visible_to(Slot("reader"))).filter(public_id=Slot("public_id")))
)
WALLETS = KeptQuery(
    lambda: (
        LedgerAccount.objects.owned_by(Slot("owner"))
        .filter(Q(balance__gt=0) | Q(currency=Slot("currency")))
        .order_by("currency")
    )
)


def front_rows(user: User) -> FrontRows:
    """Load the lines and the balances: two queries, however many lines there are."""
    return FrontRows(lines=LINES_IN_USE.all(reader=user.pk), wallets=WALLETS.all(owner=user.pk, currency=user.currency))
