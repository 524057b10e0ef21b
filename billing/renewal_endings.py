"""Where each auto-renewal goes from what became of it, one by one: next period, ladder, pause, or still in flight."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction

from accounts.notifications import notify
from billing import dunning, expiry, orders, questions
from billing.announcing import announce
from billing.card_refusals import second_card_goes_on
from billing.declines import DECLINED
from billing.holding import hold
from billing.models import Charge, Order, Subscription
from billing.plan_names import plan_names
from billing.renewal_orders import Renewal
from billing.schedule import last_paid, realigned
from billing.term_changes import as_letter
from billing.verdicts import Action, Reason, Verdict
from esim.carriers.base import Carrier
from portal.lib.money import Money
from portal.lib.one_by_one import one_by_one

FIRST_LOOK, LONGEST_LOOK = timedelta(minutes=1), timedelta(minutes=30)
RENEWED = "renewed"
PAID_UNTIL = "paid_until:"
IN_DOUBT = "in_doubt"
BEING_DELIVERED = "being_delivered"
LINE_IN_HAND = "line_in_hand"
GATEWAY_GONE = "gateway_gone"
LOOK_AT_LINE = timedelta(minutes=5)

T = TypeVar("T")
R = TypeVar("R")


def set_aside(verdict: Verdict, *, now: datetime) -> None:
    """Move a subscription on that is not charged now."""
    match verdict.action:
        case Action.WAIT:
            _decide(
                verdict.subscription,
                reason=f"{PAID_UNTIL}{verdict.starts_at.isoformat()}",
                now=now,
                state=Subscription.State.ACTIVE,
                declines=0,
                lease_until=None,
                **asdict(verdict.schedule),
            )
        case Action.ASK:
            questions.ask(verdict, now=now)
        case Action.LAPSE:
            questions.lapse(verdict, now=now)
        case Action.REST:
            _rest(verdict, now=now)
        case Action.HOLD:
            hold(verdict, now=now)
        case Action.ANNOUNCE:
            announce(verdict, now=now)
        case Action.PAUSE:
            _pause(verdict.subscription, reason=verdict.reason, price=verdict.price, now=now)


def deliver_and_conclude(renewals: Iterable[Renewal], *, carrier: Carrier, now: datetime) -> None:
    """Have the network deliver what is paid, and move each subscription to where its order stands then.

    What fails to be delivered is found again by the tick that fulfils paid orders.
    """

    def one(renewal: Renewal) -> None:
        if renewal.order is not None:
            order = Order.objects.get(pk=renewal.order.pk)
            if order.state == Order.State.PAID:
                order = orders.fulfil(order_id=order.pk, carrier=carrier, now=now)
            renewal.order = order
        with transaction.atomic():
            _conclude(renewal, now=now)

    each(renewals, one)


def each(items: Iterable[T], step: Callable[[T], R]) -> list[R]:
    """Take a step for each; one that fails is logged, stays in flight and doesn't stop the others."""
    return one_by_one(items, step, what="A renewal", about=_named)


def _named(item: object) -> dict[str, object]:
    about = getattr(item, "about", item)
    subscription = about if isinstance(about, Subscription) else getattr(about, "subscription", None)
    line = subscription.line if subscription is not None else None
    return {"subscription": subscription, "line": line, "order": getattr(about, "order", None)}


def _conclude(renewal: Renewal, *, now: datetime) -> None:
    subscription, order = renewal.subscription, renewal.order
    if renewal.refusal:
        dunning.record_decline(subscription=subscription, code=renewal.refusal, order=None, now=now)
    elif order is None:
        _release(subscription)
    elif order.state == Order.State.FULFILLED:
        _begin_next_period(subscription, order=order, now=now)
    elif order.state == Order.State.UNDELIVERABLE:
        _pause(subscription, reason=Reason.UNDELIVERABLE, now=now)
    elif order.state in Order.State.IN_FLIGHT:
        _look_again(subscription, reason=BEING_DELIVERED, since=order.paid_at or now, now=now)
    else:
        _conclude_unpaid(subscription, order=order, now=now)


def _conclude_unpaid(subscription: Subscription, *, order: Order, now: datetime) -> None:
    last_charge = order.charges.order_by("pk").last()
    if last_charge is None or last_charge.state in {Charge.State.ABANDONED, Charge.State.SUCCEEDED}:
        # Paid too late for this order: the money is in the balance. Or it was turned off, and nobody was asked.
        if _release(subscription):
            expiry.call_off(order, now=now)
    elif last_charge.state == Charge.State.DECLINED and last_charge.created_at < subscription.charge_due_at:
        # That no is counted already; the attempt now due died before it was written down.
        _release(subscription)
    elif last_charge.state == Charge.State.DECLINED and _is_first_cards(last_charge, subscription):
        # So is that one, and the second card's attempt died before it was written down.
        _release(subscription)
    elif last_charge.state == Charge.State.DECLINED and _is_payers_own(last_charge, subscription):
        # Who tried to pay by hand has seen that no; the card that auto-renewal charges has not been asked.
        _release(subscription)
    elif last_charge.state == Charge.State.DECLINED:
        dunning.record_decline(subscription=subscription, code=last_charge.decline_code, order=order, now=now)
    elif last_charge.state == Charge.State.NEEDS_ACTION and is_another_cards(last_charge, subscription):
        # Its gateway did not say that it is closed; the card whose turn it is has not been asked.
        _release(subscription)
    elif last_charge.state == Charge.State.NEEDS_ACTION:
        # Nobody is there to confirm; the order's page offers it, and the charge stays open for that.
        dunning.record_decline(subscription=subscription, code="authentication_required", order=order, now=now)
    else:
        _look_again(subscription, reason=IN_DOUBT, since=last_charge.created_at, now=now)


def _is_first_cards(charge: Charge, subscription: Subscription) -> bool:
    return subscription.uses_backup and charge.method_id == subscription.method_id


def _is_payers_own(charge: Charge, subscription: Subscription) -> bool:
    return not charge.off_session and is_another_cards(charge, subscription)


def is_another_cards(charge: Charge, subscription: Subscription) -> bool:
    """Tell whether an attempt is not with the card whose turn it is, or the turn is the balance's."""
    card = subscription.paying_method
    return card is None or charge.method_id != card.pk


def _begin_next_period(subscription: Subscription, *, order: Order, now: datetime) -> None:
    paid = last_paid([subscription.line_id], now=now).get(subscription.line_id)
    bought = subscription.period_index
    # Without paid time left (bought, and over again while the scheduler was off) the next one is due at once.
    schedule = (
        asdict(realigned(subscription, paid=paid, next_index=bought + 1)) if paid else {"period_index": bought + 1}
    )
    _decide(
        subscription,
        reason=RENEWED,
        now=now,
        state=Subscription.State.ACTIVE,
        declines=0,
        lease_until=None,
        uses_backup=second_card_goes_on(subscription, order=order),
        **schedule,
    )


def look_again_at(*, since: datetime, now: datetime) -> datetime:
    """Return when to look again at what is outstanding since then: the longer it lasts, the more seldom.

    With a gateway down for hours, thousands that can't move on would otherwise be looked at before all that is due.
    """
    return now + min(max((now - since) / 4, FIRST_LOOK), LONGEST_LOOK)


def _look_again(subscription: Subscription, *, reason: str, since: datetime, now: datetime) -> None:
    _decide(subscription, reason=reason, now=now, lease_until=look_again_at(since=since, now=now))


def put_off(
    subscription: Subscription, *, reason: str = LINE_IN_HAND, look_in: timedelta = LOOK_AT_LINE, now: datetime
) -> None:
    """Look again in a while, when what it waits for may be over; the moment of the charge stays."""
    is_refused = subscription.reason.startswith(DECLINED)
    state = Subscription.State.PAST_DUE if is_refused else Subscription.State.ACTIVE
    why = {} if is_refused else {"reason": reason, "decided_at": now}
    subscription.held().update(state=state, lease_until=now + look_in, **why)


def _release(subscription: Subscription) -> bool:
    """Give a claimed row back as it was: nothing was asked of the bank. False where the claim is lost."""
    state = Subscription.State.PAST_DUE if subscription.declines else Subscription.State.ACTIVE
    return subscription.held().update(state=state, lease_until=None) == 1


def _rest(verdict: Verdict, *, now: datetime) -> None:
    """Look again later, and leave a declined one what it is, with the ladder where it stands."""
    subscription = verdict.subscription
    is_refused = subscription.declines > 0
    _decide(
        subscription,
        reason=subscription.reason if is_refused else verdict.reason,
        now=now,
        state=Subscription.State.PAST_DUE if is_refused else Subscription.State.ACTIVE,
        lease_until=None,
        charge_due_at=verdict.schedule.charge_due_at,
    )


def _pause(subscription: Subscription, *, reason: str, now: datetime, price: Money | None = None) -> None:
    context = {
        "line": str(subscription.line),
        "plan": plan_names(subscription.plan),
        "line_id": subscription.line.public_id,
        "reason": reason,
        **as_letter(subscription, price=price),
    }
    with transaction.atomic():
        paused = _decide(subscription, reason=reason, now=now, state=Subscription.State.PAUSED, lease_until=None)
        # Who ended the line was told of that, and wants no news of its renewal.
        if paused and reason != Reason.LINE_CLOSED:
            notify(
                user=subscription.line.owner,
                kind="renewal_paused",
                key=f"renewal-paused:{subscription.public_id}:{subscription.fence}",
                context=context,
                now=now,
            )


def _decide(subscription: Subscription, *, reason: str, now: datetime, **columns: object) -> bool:
    """Move a claimed row and write down why; False where the claim is lost, and then nothing is written."""
    return subscription.held().update(reason=reason, decided_at=now, **columns) == 1
