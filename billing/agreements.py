"""Turning auto-renewal on and off, and keeping it in step with what is bought by hand."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.declines import DeclineKind, explain
from billing.models import Order, PaymentMethod, Subscription
from billing.schedule import Schedule, last_paid, lead, realigned
from billing.verdicts import Reason
from esim.models import Allowance, Line
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.periods import Period

DECLINED = "declined:"


class NothingToContinue(Exception):
    """The line has no running plan, so there is no end at which to renew."""

    sentence = _("This line has no running plan. Renew it first; auto-renewal then takes over.")


class BeingCharged(Exception):
    """A renewal is being paid at this moment; what it was agreed on can't change under it."""

    sentence = _("A renewal of this line is being paid right now. Nothing was changed. Try again in a minute.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the subscriber agreed to, word for word and to the cent."""

    plan: Plan
    price: Money
    pay_from: Subscription.PayFrom
    method: PaymentMethod | None
    text: str
    version: str
    ip: str | None


def next_charge_at(paid: Allowance, period: Period) -> datetime:
    """Return when the period after the paid one would be charged."""
    return paid.ends_at - lead(period)


def turn_on(*, line: Line, consent: Consent, actor: User, now: datetime) -> Subscription:
    """Renew the line from the end of its paid time on, at exactly the price agreed to.

    Agreeing again replaces the old consent and clears a pause or a declined payment. Raises NothingToContinue
    and BeingCharged.
    """
    paid = last_paid([line.pk], now=now).get(line.pk)
    if paid is None:
        raise NothingToContinue
    with transaction.atomic():
        # Before the first agreement there is no row of its own to hold: agreeing in two tabs waits for the line.
        Line.objects.select_for_update().get(pk=line.pk)
        standing = Subscription.objects.select_for_update().filter(line=line).first()
        if standing is not None and standing.state == Subscription.State.IN_FLIGHT:
            raise BeingCharged
        agreed = standing or Subscription(line=line, anchor_at=paid.starts_at)
        _write_consent(agreed, consent, now=now)
        _set(agreed, _first_schedule(agreed, paid=paid))
        agreed.save()
        audit.record(
            actor=actor,
            subject=line.owner,
            action="auto_renewal.turned_on",
            target=line.public_id,
            detail={"plan": consent.plan.code, "price": str(consent.price), "pay_from": consent.pay_from.value},
            ip=consent.ip,
            now=now,
        )
    return agreed


def turn_off(*, subscription: Subscription, actor: User | None, ip: str | None, now: datetime) -> None:
    """Charge nothing more; a charge that is under way is finished, and paid time stays paid."""
    with transaction.atomic():
        on = Subscription.objects.filter(pk=subscription.pk, mode=Subscription.Mode.AUTOMATIC)
        if on.update(mode=Subscription.Mode.OFF):
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
    Subscription.objects.filter(pk=subscription.pk, mode=Subscription.Mode.AUTOMATIC).update(
        state=Subscription.State.PAUSED, reason=Reason.SKIPPED, declines=0, period_index=subscription.period_index + 1
    )


def follow_purchase(*, line: Line, now: datetime) -> None:
    """Move the next charge behind what was just bought by hand; a purchase also ends dunning."""
    standing = Subscription.objects.filter(line=line, mode=Subscription.Mode.AUTOMATIC).select_related("plan", "line")
    subscription = standing.exclude(state=Subscription.State.IN_FLIGHT).first()
    paid = last_paid([line.pk], now=now).get(line.pk)
    if subscription is None or paid is None or not _may_go_on(subscription):
        return
    schedule = realigned(subscription, paid=paid, next_index=subscription.period_index)
    # Whoever claimed it meanwhile has counted its fence up, and looks at the paid time by itself.
    Subscription.objects.filter(pk=subscription.pk, state=subscription.state, fence=subscription.fence).update(
        state=Subscription.State.ACTIVE, declines=0, reason="", **asdict(schedule)
    )


def _may_go_on(subscription: Subscription) -> bool:
    """Tell whether a purchase by hand ends the pause: after a refusal of this one payment, but not of the card."""
    if subscription.state != Subscription.State.PAUSED or subscription.reason == Reason.SKIPPED:
        return True
    code = subscription.reason.removeprefix(DECLINED)
    return code != subscription.reason and explain(code).kind != DeclineKind.HARD


def _write_consent(agreed: Subscription, consent: Consent, *, now: datetime) -> None:
    agreed.plan = consent.plan
    agreed.pay_from = consent.pay_from
    agreed.method = consent.method
    agreed.currency = consent.price.currency
    agreed.consent_amount = consent.price.minor
    agreed.consent_terms = PlanTerms.of(consent.plan).to_json()
    agreed.consent_text = consent.text
    agreed.consent_version = consent.version
    agreed.consented_at = now
    agreed.consent_ip = consent.ip
    agreed.mode = Subscription.Mode.AUTOMATIC
    agreed.state = Subscription.State.ACTIVE
    agreed.declines = 0
    agreed.reason = ""
    agreed.lease_until = None


def _first_schedule(agreed: Subscription, *, paid: Allowance) -> Schedule:
    """Count from the running plan, on a period number nothing was ordered under: an old order keeps its old price."""
    taken = Order.objects.filter(subscription_id=agreed.pk, period_index=agreed.period_index).exists()
    return realigned(agreed, paid=paid, next_index=max(1, agreed.period_index + taken))


def _set(subscription: Subscription, schedule: Schedule) -> None:
    for name, value in asdict(schedule).items():
        setattr(subscription, name, value)
