"""What is owed, and settling it: each line by itself, so that one line's debt never blocks another's.

Everything here is prepaid, so that two things only can be owed: what was paid with money that a bank took back for
good, and was delivered, or became balance and was spent; and a renewal that was declined, for whose sake the line is
kept in service, or its number if it is suspended. The second ends also when auto-renewal is turned off: then nothing
is owed.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing import checkout
from billing.checkout import FormReused, Purchase
from billing.models import Dispute, DisputeQuerySet, Order, Subscription, SubscriptionQuerySet
from esim.models import Allowance, Line
from portal.lib.money import Money


class Why(StrEnum):
    TAKEN_BACK = auto()
    DECLINED = auto()


class NothingOwed(Exception):
    """What was to be settled is settled, or is another amount by now; nothing was charged."""

    sentence = _("This has changed meanwhile, and nothing was charged. Look at what is owed now.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrear:
    """What is owed for a line, or for the balance where `line` is None.

    `order` is what it was bought with, or the renewal that was declined; `paying` is an order that waits to be paid
    for it. `dispute` names what the bank took back, `subscription` the renewal that was declined.
    """

    why: Why
    line: Line | None
    money: Money
    since: datetime
    order: Order | None
    paying: Order | None = None
    dispute: Dispute | None = None
    subscription: Subscription | None = None

    @property
    def plan_label(self) -> str:
        """What it was for, in the active language; empty for money that was added to the balance."""
        if self.order is not None:
            return self.order.sold_label
        return self.subscription.plan.label if self.subscription else ""


def owed(user: User, *, now: datetime) -> list[Arrear]:
    """Return everything this person owes, line by line, the oldest first. Three queries."""
    found = [*_taken_back(Dispute.objects.owned_by(user)), *_declined(user, now=now)]
    return sorted(found, key=lambda one: (one.line.pk if one.line else 0, one.since))


def owes(user: User, *, now: datetime) -> bool:
    """Tell whether anything is owed. One query."""
    disputes = Dispute.objects.owned_by(user).owed().values("pk")
    return disputes.union(_unpaid(user, now=now).values("pk")).exists()


def owed_with(dispute: Dispute) -> list[Dispute]:
    """Return all that is owed for the same line in the same currency: it is settled in one go."""
    return list(_alike(dispute.charge.order.owner_id, dispute.charge.order.line_id, dispute.currency))


def sum_of(debts: list[Dispute]) -> Money:
    return sum((debt.owed for debt in debts[1:]), debts[0].owed)


def place_order(*, purchase: Purchase, now: datetime) -> Order:
    """Commit the order that settles what is owed for a line; raises NothingOwed, FormReused, InsufficientBalance.

    Whoever settles the same debt at the same time waits here, and is led to the same order.
    """
    with transaction.atomic():
        line_id = purchase.line.pk if purchase.line else None
        debts = _locked(purchase.owner.pk, line_id, purchase.price.currency)
        sent = Order.objects.filter(owner=purchase.owner, form_key=purchase.form_key).first()
        if sent is not None:
            if sent.kind != Order.Kind.ARREARS or sent.line_id != line_id:
                raise FormReused
            return sent
        if under_way := next((one.settled_by for one in debts if _is_being_paid(one)), None):
            return under_way
        if not debts or sum_of(debts) != purchase.price:
            raise NothingOwed
        order = checkout.place_order(purchase=purchase, now=now)
        Dispute.objects.filter(pk__in=[debt.pk for debt in debts]).update(settled_by=order)
    return order


def _alike(owner_id: int, line_id: int | None, currency: str) -> DisputeQuerySet:
    of_line = Dispute.objects.owed().filter(charge__order__owner=owner_id, charge__order__line=line_id)
    return of_line.filter(currency=currency).select_related("charge__order__line", "settled_by").order_by("pk")


def _locked(owner_id: int, line_id: int | None, currency: str) -> list[Dispute]:
    """Hold the rows first, then read them: what the lock waited for is seen only by a query that begins after it."""
    alike = _alike(owner_id, line_id, currency)
    rows = Dispute.objects.filter(pk__in=list(alike.values_list("pk", flat=True)))
    list(rows.select_for_update().order_by("pk"))
    return list(alike.all())


def _is_being_paid(debt: Dispute) -> bool:
    return debt.settled_by is not None and debt.settled_by.state == Order.State.PENDING


def _taken_back(disputes: DisputeQuerySet) -> list[Arrear]:
    lost = disputes.owed().select_related("charge__order__line", "settled_by").order_by("closed_at")
    return [
        Arrear(
            why=Why.TAKEN_BACK,
            line=debt.charge.order.line,
            money=debt.owed,
            since=debt.closed_at or debt.created_at,
            order=debt.charge.order,
            paying=debt.settled_by if _is_being_paid(debt) else None,
            dispute=debt,
        )
        for debt in lost
    ]


def _declined(user: User, *, now: datetime) -> list[Arrear]:
    subscriptions = list(_unpaid(user, now=now).select_related("line", "plan"))
    wanted = Q(subscription__in=subscriptions, state=Order.State.PENDING)
    waiting = {order.subscription_id: order for order in Order.objects.owned_by(user).filter(wanted)}
    return [
        Arrear(
            why=Why.DECLINED,
            line=one.line,
            money=one.agreed_price,
            since=one.decided_at or now,
            order=waiting.get(one.pk),
            paying=waiting.get(one.pk),
            subscription=one,
        )
        for one in subscriptions
    ]


def _unpaid(user: User, *, now: datetime) -> SubscriptionQuerySet:
    paid = Allowance.objects.not_ended(now).filter(line=OuterRef("line"), is_data_pack=False)
    return Subscription.objects.owned_by(user).unpaid().filter(~Exists(paid))
