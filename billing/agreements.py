"""Turning auto-renewal on and off, and keeping it in step with what is bought by hand."""

from dataclasses import asdict, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing import refused_orders
from billing.card_refusals import second_card_goes_on
from billing.consenting import Consent, write_into
from billing.declines import DECLINED, DeclineKind, explain
from billing.models import Order, RenewalQuestion, Subscription, SubscriptionQuerySet
from billing.schedule import SHORT_LEAD, Schedule, ask_lead, last_paid, lead, realigned
from billing.verdicts import Reason
from esim.models import Allowance, Line
from portal.lib.periods import Period

GOES_ON_AFTER = (Reason.SKIPPED, Reason.UNANSWERED, Reason.NOT_ASKED)
"""What auto-renewal waits with until the line is renewed by hand."""


class NothingToContinue(Exception):
    """The line has no running plan, so there is no end at which to renew."""

    sentence = _("This line has no running plan. Renew it first; auto-renewal then takes over.")


class BeingCharged(Exception):
    """A renewal is being paid at this moment; what it was agreed on can't change under it."""

    sentence = _("A renewal of this line is being paid right now. Nothing was changed. Try again in a minute.")


def first_due_at(paid: Allowance | None, *, period: Period, asks_first: bool, now: datetime) -> datetime:
    """Return when the period after the paid one would be charged, or asked about; at once where that is past."""
    ahead = ask_lead(period) if asks_first else lead(period)
    return max(now, paid.ends_at - ahead) if paid else now


def turn_on(*, line: Line, consent: Consent, actor: User, now: datetime) -> Subscription:
    """Renew the line from the end of its paid time on, at exactly the price agreed to.

    Agreeing again replaces the old consent and clears a pause or a declined payment: that one is tried again at
    once. Raises NothingToContinue and BeingCharged.
    """
    paid = last_paid([line.pk], now=now).get(line.pk)
    with transaction.atomic():
        # Before the first agreement there is no row of its own to hold: agreeing in two tabs waits for the line.
        Line.objects.select_for_update().get(pk=line.pk)
        standing = Subscription.objects.select_for_update().filter(line=line).first()
        if standing is not None and standing.state == Subscription.State.IN_FLIGHT:
            raise BeingCharged
        refused = standing is not None and was_declined(standing)
        if paid is None and not goes_on(standing, mode=consent.mode):
            raise NothingToContinue
        agreed = standing or Subscription(line=line, anchor_at=paid.starts_at if paid else now)
        paid_from = agreed.pay_from
        write_into(agreed, consent, line=line, now=now)
        _set(agreed, _first_schedule(agreed, paid_from=paid_from, paid=paid, now=now))
        if refused and agreed.asks_first:
            # Said yes to before it was refused: what is agreed to now is to try that again.
            agreed.approved_index = agreed.period_index
        agreed.save()
        audit.record(
            actor=actor,
            subject=line.owner,
            action="auto_renewal.turned_on",
            target=line.public_id,
            detail={
                "plan": consent.plan.code,
                "price": str(consent.price),
                "pay_from": consent.pay_from.value,
                "mode": consent.mode.value,
            },
            ip=consent.ip,
            now=now,
        )
    return agreed


def was_declined(subscription: Subscription) -> bool:
    """Tell whether its last payment was refused, and neither paid nor given up since."""
    return (
        subscription.mode in Subscription.Mode.ON
        and subscription.state in {Subscription.State.PAST_DUE, Subscription.State.PAUSED}
        and subscription.reason.startswith(DECLINED)
    )


def goes_on(standing: Subscription | None, *, mode: str) -> bool:
    """Tell whether there is a charge yet to be made, which can be agreed to anew, although no plan is running.

    That is so where it was refused, and where it is kept waiting: by its limit, by a stop, or because the line's owner
    suspended it. Of that one nobody would be asked any more: only who lets it be charged by itself agrees to it.
    """
    if standing is None or was_declined(standing):
        return standing is not None
    waits = standing.state in {Subscription.State.ACTIVE, Subscription.State.PAST_DUE}
    return waits and {standing.mode, mode} == {Subscription.Mode.AUTOMATIC}


def turn_off(*, subscription: Subscription, actor: User | None, ip: str | None, now: datetime) -> None:
    """Charge nothing more; a charge that is under way is finished, and paid time stays paid."""
    with transaction.atomic():
        on = Subscription.objects.on().filter(pk=subscription.pk)
        if on.update(mode=Subscription.Mode.OFF):
            refused_orders.let_go(subscription, now=now)
            audit.record(
                actor=actor,
                subject=subscription.line.owner,
                action="auto_renewal.turned_off",
                target=subscription.line.public_id,
                ip=ip,
                now=now,
            )


def locked_for(order: Order) -> Subscription | None:
    """Return the auto-renewal that placed an order, and keep others from moving it until the transaction ends.

    To be called before the order is locked, in the sequence of whoever renews: else the two wait for each other.
    """
    if order.subscription_id is None:
        return None
    return Subscription.objects.select_for_update().get(pk=order.subscription_id)


def skip_period(subscription: Subscription, *, order: Order) -> None:
    """Try no more by itself to buy the period of an order that was called off.

    There is nothing to continue from until the line is renewed by hand, so auto-renewal waits for that.
    """
    if subscription.state == Subscription.State.PAUSED and not subscription.reason.startswith(DECLINED):
        return
    if subscription.period_index != order.period_index:
        return
    skip(subscription)


def skip(subscription: Subscription) -> None:
    """Pass over the next period of a subscription whose row is locked; its number is used up."""
    Subscription.objects.on().filter(pk=subscription.pk).update(
        state=Subscription.State.PAUSED, reason=Reason.SKIPPED, declines=0, period_index=subscription.period_index + 1
    )


def follow_purchase(*, line: Line, now: datetime) -> None:
    """Move the next charge behind the plan that was just bought by hand; a purchase also ends dunning, and a wait.

    Where that makes it another charge than was told of, there is time left to tell of it.
    """
    _realign(Subscription.objects.exclude(state=Subscription.State.IN_FLIGHT), line=line, now=now)


def follow_return(*, line: Line, now: datetime) -> None:
    """Move the next charge back, as what was bought by hand is given back; what waits, or is refused, stays so."""
    _realign(Subscription.objects.filter(state=Subscription.State.ACTIVE), line=line, now=now)


def _realign(rows: SubscriptionQuerySet, *, line: Line, now: datetime) -> None:
    subscription = rows.on().filter(line=line).select_related("plan", "line").first()
    paid = last_paid([line.pk], now=now).get(line.pk)
    if subscription is None or paid is None or not _may_go_on(subscription):
        return
    schedule = realigned(subscription, paid=paid, next_index=subscription.period_index)
    if schedule.charge_due_at != subscription.charge_due_at:
        schedule = with_time_to_tell(schedule, of=subscription, paid=paid, now=now)
    # Whoever claimed it meanwhile has counted its fence up, and looks at the paid time by itself.
    moved = Subscription.objects.filter(pk=subscription.pk, state=subscription.state, fence=subscription.fence).update(
        state=Subscription.State.ACTIVE,
        declines=0,
        uses_backup=_stays_with_second_card(subscription),
        reason="",
        **asdict(schedule),
    )
    if moved:
        refused_orders.let_go(subscription, now=now)


def _stays_with_second_card(subscription: Subscription) -> bool:
    if not subscription.uses_backup:
        return False
    refused = subscription.placed().filter(period_index=subscription.period_index).order_by("pk").last()
    return second_card_goes_on(subscription, order=refused)


def with_time_to_tell(schedule: Schedule, *, of: Subscription, paid: Allowance, now: datetime) -> Schedule:
    """Put a charge off that nobody was told of yet: by a day at most, and not so near to the end that none can follow."""
    told_by = min(now + lead(of.plan.period), paid.ends_at - SHORT_LEAD)
    if of.asks_first or told_by <= now:
        return schedule
    return replace(schedule, charge_due_at=max(schedule.charge_due_at, told_by))


def _may_go_on(subscription: Subscription) -> bool:
    """Tell whether a purchase by hand ends the pause: after a refusal of this one payment, but not of the card."""
    if subscription.state != Subscription.State.PAUSED or subscription.reason in GOES_ON_AFTER:
        return True
    code = subscription.reason.removeprefix(DECLINED)
    return code != subscription.reason and explain(code).kind != DeclineKind.HARD


def _first_schedule(agreed: Subscription, *, paid_from: str, paid: Allowance | None, now: datetime) -> Schedule:
    """Count from the running plan, on a period number nothing else was ordered or answered under.

    Due at once where that is past, and not at a moment of before: what was refused since would count as this attempt.
    """
    index = agreed.period_index
    if not refused_orders.goes_on(agreed, paid_from=paid_from, now=now):
        ordered = Order.objects.filter(subscription_id=agreed.pk, period_index=index)
        answered = RenewalQuestion.objects.filter(subscription_id=agreed.pk, period_index=index).exclude(answer="")
        index += ordered.exists() or answered.exists()
    if paid is None:
        return replace(Schedule.of(agreed), period_index=index, charge_due_at=now)
    schedule = realigned(agreed, paid=paid, next_index=max(1, index))
    return replace(schedule, charge_due_at=max(now, schedule.charge_due_at))


def _set(subscription: Subscription, schedule: Schedule) -> None:
    for name, value in asdict(schedule).items():
        setattr(subscription, name, value)
