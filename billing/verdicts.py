"""Whether a due renewal may be charged now; the scheduler acts on it, and `--dry-run` prints it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto

from billing.models import Dispute, Subscription
from billing.schedule import Schedule, last_paid, realigned
from esim.models import Allowance, ServiceState
from plans.models import Plan, PlanPrice
from plans.terms import PlanTerms
from portal.lib.money import Money


class Action(StrEnum):
    CHARGE = auto()
    WAIT = auto()
    PAUSE = auto()


class Reason(StrEnum):
    """Why auto-renewal is paused; after a refused payment it is "declined:" and the bank's code instead."""

    PRICE_CHANGED = auto()
    TERMS_CHANGED = auto()
    NOT_ON_SALE = auto()
    METHOD_REMOVED = auto()
    LINE_CLOSED = auto()
    UNDELIVERABLE = auto()
    SKIPPED = auto()
    DISPUTED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    subscription: Subscription
    action: Action
    schedule: Schedule
    reason: str = ""
    price: Money | None = None
    starts_at: datetime


def judge(subscriptions: Collection[Subscription], *, now: datetime) -> list[Verdict]:
    """Look at what may have changed since the consent: paid time, price, terms, card, line. Three queries."""
    line_ids = [subscription.line_id for subscription in subscriptions]
    paid = last_paid(line_ids, now=now)
    prices = _prices(subscriptions, now=now)
    open_disputes = Dispute.objects.open().filter(charge__order__line__in=line_ids)
    disputed = set(open_disputes.values_list("charge__order__line", flat=True))
    return [
        _judge(
            subscription,
            paid=paid.get(subscription.line_id),
            price=prices.get((subscription.plan_id, subscription.currency)),
            is_disputed=subscription.line_id in disputed,
            now=now,
        )
        for subscription in subscriptions
    ]


def _judge(
    subscription: Subscription, *, paid: Allowance | None, price: Money | None, is_disputed: bool, now: datetime
) -> Verdict:
    schedule = (
        realigned(subscription, paid=paid, next_index=subscription.period_index) if paid else Schedule.of(subscription)
    )
    reason = Reason.DISPUTED if is_disputed else _objection(subscription, price=price)
    if paid is not None and schedule.charge_due_at > now:
        # Already paid beyond the due date, by hand: charging now would sell the same time twice.
        action = Action.WAIT
    else:
        action = Action.PAUSE if reason else Action.CHARGE
    return Verdict(
        subscription=subscription,
        action=action,
        schedule=schedule,
        reason=reason or "",
        price=price,
        starts_at=paid.ends_at if paid else now,
    )


def _objection(subscription: Subscription, *, price: Money | None) -> Reason | None:
    """Return what forbids charging what was agreed; another amount than that is never charged."""
    agreed = subscription.consent_terms
    method = subscription.method
    if subscription.line.service_state == ServiceState.TERMINATED:
        return Reason.LINE_CLOSED
    if price is None:
        return Reason.NOT_ON_SALE
    if price != subscription.agreed_price:
        return Reason.PRICE_CHANGED
    if agreed and _promises(PlanTerms.from_json(agreed)) != _promises(PlanTerms.of(subscription.plan)):
        return Reason.TERMS_CHANGED
    if subscription.pay_from != Subscription.PayFrom.WALLET and (method is None or method.removed_at is not None):
        return Reason.METHOD_REMOVED
    return None


def _promises(terms: PlanTerms) -> dict[str, object]:
    """Return what the subscriber gets; another name for the same is no change of terms."""
    return {name: value for name, value in terms.to_json().items() if not name.startswith("name")}


def _prices(subscriptions: Collection[Subscription], *, now: datetime) -> dict[tuple[int, str], Money]:
    prices = PlanPrice.objects.valid_at(now).filter(
        plan__in=Plan.objects.on_sale(now).filter(pk__in={subscription.plan_id for subscription in subscriptions})
    )
    return {(price.plan_id, price.currency): price.money for price in prices}
