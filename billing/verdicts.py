"""Whether a due renewal may be charged now; the scheduler acts on it, and `--dry-run` prints it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, auto

from accounts import quiet_hours
from billing import limits
from billing.models import Dispute, Order, Subscription
from billing.notice_keys import last_notice
from billing.schedule import Schedule, is_stale, last_paid_at, lead, realigned
from billing.turns import Turn
from esim.models import Allowance, Line, ServiceChange, ServiceState, SuspendedFor
from plans.models import Plan, PlanPrice
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.one_by_one import in_set

LOOK_AT_REST = timedelta(hours=1)
"""How soon after a line is back in service its renewal goes on."""


class Action(StrEnum):
    CHARGE = auto()
    WAIT = auto()
    PAUSE = auto()
    ASK = auto()  # put the question, or remind of it
    LAPSE = auto()  # the paid time ended without a yes, or before we asked for one
    REST = auto()  # the line's owner suspended it: goes on when it is back in service
    HOLD = auto()  # a limit is reached: goes on when the month is over
    ANNOUNCE = auto()  # far later than it was announced for: told anew, and charged after that notice


class Reason(StrEnum):
    """Why auto-renewal is paused; after a refused payment it is "declined:" and the bank's code instead."""

    PRICE_CHANGED = auto()
    TERMS_CHANGED = auto()
    NOT_ON_SALE = auto()
    METHOD_REMOVED = auto()
    LINE_CLOSED = auto()
    UNDELIVERABLE = auto()
    SKIPPED = auto()
    UNANSWERED = auto()
    NOT_ASKED = auto()
    DISPUTED = auto()
    LIMIT_REACHED = auto()
    SUSPENDED = auto()
    STALE = auto()


Due = tuple[Subscription, datetime]
"""An auto-renewal, and the moment as of which it is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be done with an auto-renewal at `at`; `price` is what its plan costs then, None when it isn't sold."""

    subscription: Subscription
    at: datetime
    action: Action
    schedule: Schedule
    reason: str = ""
    price: Money | None = None
    starts_at: datetime

    def moved(self) -> Subscription:
        """Return the row as the scheduler leaves it that only looks again later; not to be saved."""
        row = copy(self.subscription)
        for name, value in asdict(self.schedule).items():
            setattr(row, name, value)
        if self.action == Action.ASK:
            row.asked_index = self.schedule.period_index
        return row


def judge(subscriptions: Collection[Subscription], *, now: datetime) -> list[Verdict]:
    """Look at what may have changed since the consent: paid time, price, terms, card, line, what was charged since.

    Four queries, and one more where limits are set.
    """
    return judge_at([(subscription, now) for subscription in subscriptions])


def judge_at(dues: Sequence[Due], *, turns: Mapping[int, Sequence[Turn]] | None = None) -> list[Verdict]:
    """Look at each as of its own moment, in as many queries as for one moment; in one less where `turns` are known."""
    moments = {subscription.line_id: at for subscription, at in dues}
    paid = last_paid_at(moments, turns=turns)
    prices = _prices(dues)
    open_disputes = Dispute.objects.open().of_line_owners().filter(charge__order__line__in=list(moments))
    disputed = set(open_disputes.values_list("charge__order__line", flat=True))
    held_until = limits.reached(dues)
    return [
        _judge(
            subscription,
            paid=paid.get(subscription.line_id),
            price=prices.get(subscription.pk),
            is_disputed=subscription.line_id in disputed,
            held_until=held_until.get(subscription.pk),
            now=at,
        )
        for subscription, at in dues
    ]


def judge_each(subscriptions: Sequence[Subscription], *, now: datetime) -> list[Verdict]:
    """Judge many people's; one that can't be judged is logged, left out, and doesn't stop the others."""
    return judge_each_at([(subscription, now) for subscription in subscriptions])


def judge_each_at(dues: Sequence[Due], *, turns: Mapping[int, Sequence[Turn]] | None = None) -> list[Verdict]:
    """Do the same as of a moment for each."""
    return in_set(dues, lambda some: judge_at(some, turns=turns))


def _judge(
    subscription: Subscription,
    *,
    paid: Allowance | None,
    price: Money | None,
    is_disputed: bool,
    held_until: datetime | None,
    now: datetime,
) -> Verdict:
    schedule = (
        realigned(subscription, paid=paid, next_index=subscription.period_index) if paid else Schedule.of(subscription)
    )
    reason = Reason.DISPUTED if is_disputed else _objection(subscription, price=price)
    is_agreed = not subscription.asks_first or subscription.approved_index == schedule.period_index
    if paid is not None and schedule.charge_due_at > now:
        # Already paid beyond the due date, by hand: charging now would sell the same time twice.
        action = Action.WAIT
    elif reason:
        action = Action.PAUSE
    elif _is_at_rest(subscription.line):
        action, reason = Action.REST, Reason.SUSPENDED
        schedule = replace(schedule, charge_due_at=now + LOOK_AT_REST)
    elif held_until is not None and is_agreed:
        action, reason = Action.HOLD, Reason.LIMIT_REACHED
        schedule = replace(schedule, charge_due_at=held_until)
    elif is_agreed:
        action = Action.CHARGE
        # Before the paid time ends it cannot be late by so much.
        if paid is None and is_stale(schedule.charge_due_at, period=subscription.plan.period, now=now):
            action, reason = Action.ANNOUNCE, Reason.STALE
            schedule = replace(schedule, charge_due_at=_announced_for(subscription, now=now))
    elif paid is None:
        was_asked = subscription.asked_index == schedule.period_index
        action, reason = Action.LAPSE, Reason.UNANSWERED if was_asked else Reason.NOT_ASKED
    else:
        action = Action.ASK
        schedule = replace(schedule, charge_due_at=_next_look(subscription, paid=paid, now=now))
    return Verdict(
        subscription=subscription,
        at=now,
        action=action,
        schedule=schedule,
        reason=reason or "",
        price=price,
        starts_at=paid.ends_at if paid else now,
    )


def _is_at_rest(line: Line) -> bool:
    """Tell whether its owner suspended the line, or is about to; what others suspended is renewed as agreed."""
    if line.suspended_for != SuspendedFor.OWNER:
        return False
    return line.is_suspended or line.service_change == ServiceChange.SUSPENDING


def _announced_for(subscription: Subscription, *, now: datetime) -> datetime:
    """Return when to charge what is announced now: as long after its notice may be read as after the last of others."""
    quiet = quiet_hours.quiet_at(now, reader=subscription.line.owner)
    return (quiet.ends_at if quiet else now) + last_notice(subscription.plan.period)


def _next_look(subscription: Subscription, *, paid: Allowance, now: datetime) -> datetime:
    """Return when a question that was put now is looked at again: to remind of it, and then at the end."""
    remind_at = paid.ends_at - lead(subscription.plan.period)
    return remind_at if now < remind_at else paid.ends_at


def trigger_of(subscription: Subscription) -> Order.Trigger:
    """Return what sets a charge of this renewal off."""
    return Order.Trigger.ANSWER if subscription.asks_first else Order.Trigger.EXPIRY


def _objection(subscription: Subscription, *, price: Money | None) -> Reason | None:
    """Return what forbids charging what was agreed; another amount than that is never charged."""
    agreed = subscription.consent_terms
    if subscription.line.service_state == ServiceState.TERMINATED:
        return Reason.LINE_CLOSED
    if price is None:
        return Reason.NOT_ON_SALE
    if price != subscription.agreed_price:
        return Reason.PRICE_CHANGED
    if agreed and promises(PlanTerms.from_json(agreed)) != promises(PlanTerms.of(subscription.plan)):
        return Reason.TERMS_CHANGED
    if subscription.pay_from != Subscription.PayFrom.WALLET and _is_without_card(subscription):
        return Reason.METHOD_REMOVED
    return None


def _is_without_card(subscription: Subscription) -> bool:
    method = subscription.method
    # The first card isn't asked in the second one's turn: it has said no.
    second_is_gone = subscription.uses_backup and subscription.second_card is None
    return second_is_gone or method is None or method.removed_at is not None


def promises(terms: PlanTerms) -> dict[str, object]:
    """Return what the subscriber gets; another name for the same is no change of terms."""
    return {name: value for name, value in terms.to_json().items() if not name.startswith("name")}


def _prices(dues: Sequence[Due]) -> dict[int, Money]:
    """Return, by id, what the plan of each costs at its moment, where it is on sale then. One query."""
    if not dues:
        return {}
    first, last = min(at for _one, at in dues), max(at for _one, at in dues)
    plans = Plan.objects.on_sale_or_to_come(first).filter(pk__in={one.plan_id for one, _at in dues})
    begun = PlanPrice.objects.filter(plan__in=plans, valid_from__lte=last).order_by("valid_from", "pk")
    lists: defaultdict[tuple[int, str], list[tuple[datetime, int]]] = defaultdict(list)
    for plan_id, currency, valid_from, amount in begun.values_list("plan_id", "currency", "valid_from", "amount"):
        lists[plan_id, currency].append((valid_from, amount))
    found = {}
    for one, at in dues:
        amounts = [amount for valid_from, amount in lists[one.plan_id, one.currency] if valid_from <= at]
        if amounts and one.plan.is_on_sale(at):
            found[one.pk] = Money(amounts[-1], one.currency)
    return found


def prices_at(now: datetime, *, plan_ids: Collection[int]) -> dict[tuple[int, str], Money]:
    """Return, by plan and currency, the price of each of these plans that is on sale. One query."""
    on_sale = Plan.objects.on_sale(now).filter(pk__in=plan_ids)
    prices = PlanPrice.objects.valid_at(now).filter(plan__in=on_sale)
    return {(price.plan_id, price.currency): price.money for price in prices}
