"""Turning top-up rules on and off with an explicit consent, and stopping them for a subscriber."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.consent import source_words
from billing.models import Agreement, Order, OrderQuerySet, PaymentMethod, Subscription, TopUpRule, TopUpRuleQuerySet
from billing.top_up_following import let_go
from esim.models import Line
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.money import Money

Kind = TopUpRule.Kind
State = TopUpRule.State


class BeingBought(Exception):
    """A purchase of the rule is being paid at this moment; what it was agreed on can't change under it."""

    sentence = _("A purchase by this rule is being paid right now. Nothing was changed. Try again in a minute.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpConsent:
    """What the subscriber agreed to, word for word and to the cent.

    Of `low_percent` and `low_mark`, one says when: for a line's data, or for a balance.
    """

    owner: User
    price: Money
    pay_from: Subscription.PayFrom
    method: PaymentMethod | None
    max_times: int
    max_amount: Money
    text: str
    version: str
    ip: str | None
    line: Line | None = None
    plan: Plan | None = None
    low_percent: int | None = None
    low_mark: Money | None = None

    @property
    def kind(self) -> TopUpRule.Kind:
        return Kind.BALANCE if self.line is None else Kind.DATA

    @property
    def limits(self) -> dict[str, int | None]:
        low_amount = self.low_mark.minor if self.low_mark else None
        set_by_owner = {"low_percent": self.low_percent, "low_amount": low_amount}
        return {**set_by_owner, "max_times": self.max_times, "max_amount": self.max_amount.minor}


def turn_on(*, consent: TopUpConsent, actor: User, now: datetime) -> TopUpRule:
    """Buy by itself from now on, at exactly the price agreed to.

    Agreeing again replaces the old consent and clears a pause, a declined payment and a wait. Raises BeingBought.
    """
    with transaction.atomic():
        _hold_what_it_is_about(consent)
        standing = _replaced(consent).select_for_update().first()
        if standing is not None and standing.state == State.IN_FLIGHT:
            raise BeingBought
        rule = standing or TopUpRule(kind=consent.kind, line=consent.line)
        if standing is not None:
            rule.next_index = _unused_index(standing)
            let_go(standing, now=now)
        _write_consent(rule, consent, now=now)
        rule.save()
        detail = {"price": str(consent.price), "pay_from": consent.pay_from.value, **consent.limits}
        _record("top_up_rule.turned_on", rule, actor=actor, ip=consent.ip, now=now, **detail)
    return rule


def turn_off(*, rule: TopUpRule, actor: User | None, ip: str | None, now: datetime) -> None:
    """Buy nothing more; a charge that is under way is finished, and one that was refused is not tried again."""
    with transaction.atomic():
        if TopUpRule.objects.filter(pk=rule.pk, is_on=True).update(is_on=False):
            let_go(rule, now=now)
            _record("top_up_rule.turned_off", rule, actor=actor, ip=ip, now=now)


def pause(*, rule: TopUpRule, reason: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Buy nothing until it is resumed; return False where it is off, paused, or being charged right now."""
    with transaction.atomic():
        standing = TopUpRule.objects.filter(pk=rule.pk, is_on=True, state=State.ACTIVE)
        if not standing.update(state=State.PAUSED, reason=reason, decided_at=now):
            return False
        _record("top_up_rule.paused_by_staff", rule, actor=actor, ip=ip, now=now, reason=reason)
    return True


def resume(*, rule: TopUpRule, reason: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Watch again, at the price agreed to; return False where it was not paused."""
    with transaction.atomic():
        paused = TopUpRule.objects.filter(pk=rule.pk, is_on=True, state=State.PAUSED, fence=rule.fence)
        if not paused.update(state=State.ACTIVE, declines=0, reason="", wait_until=None, decided_at=now):
            return False
        _record("top_up_rule.resumed_by_staff", rule, actor=actor, ip=ip, now=now, reason=reason)
    return True


def _hold_what_it_is_about(consent: TopUpConsent) -> None:
    """Before the first agreement there is no row of its own to hold: agreeing in two tabs waits for this one."""
    if consent.line is not None:
        Line.objects.select_for_update().get(pk=consent.line.pk)
    else:
        User.objects.select_for_update().get(pk=consent.owner.pk)


def orders_before(consent: TopUpConsent) -> OrderQuerySet:
    """Return what was ordered by the rule that a consent replaces."""
    return Order.objects.filter(top_up_rule__in=_replaced(consent))


def _replaced(consent: TopUpConsent) -> TopUpRuleQuerySet:
    rules = TopUpRule.objects.of_kind(consent.kind)
    if consent.line is not None:
        return rules.filter(line=consent.line)
    return rules.filter(owner=consent.owner, currency=consent.price.currency)


def _unused_index(rule: TopUpRule) -> int:
    """Return a number nothing was ordered under: an order under the old consent keeps its old price."""
    return rule.next_index + rule.orders.filter(top_up_index=rule.next_index).exists()


def _write_consent(rule: TopUpRule, consent: TopUpConsent, *, now: datetime) -> None:
    terms = PlanTerms.of(consent.plan).to_json() if consent.plan else {}
    values: dict[str, Any] = {
        "owner": consent.owner,
        "plan": consent.plan,
        "low_percent": consent.low_percent,
        "low_amount": consent.low_mark.minor if consent.low_mark else None,
        "pay_from": consent.pay_from,
        "method": consent.method,
        "currency": consent.price.currency,
        "consent_amount": consent.price.minor,
        "consent_terms": terms,
        "max_times": consent.max_times,
        "max_amount": consent.max_amount.minor,
        "agreement": _agreement(consent, terms=terms, now=now),
        "is_on": True,
        "state": State.ACTIVE,
        "declines": 0,
        "reason": "",
        "wait_until": None,
        "lease_until": None,
    }
    for name, value in values.items():
        setattr(rule, name, value)


def _agreement(consent: TopUpConsent, *, terms: dict[str, Any], now: datetime) -> Agreement:
    return Agreement.objects.create(
        about=Agreement.About(consent.kind),
        owner=consent.owner,
        line=consent.line,
        plan=consent.plan,
        currency=consent.price.currency,
        amount=consent.price.minor,
        terms=terms,
        limits=consent.limits,
        paid_with=source_words(consent.pay_from, consent.method),
        text=consent.text,
        version=consent.version,
        agreed_at=now,
        ip=consent.ip,
    )


def _record(
    action: str, rule: TopUpRule, *, actor: User | None, ip: str | None, now: datetime, **detail: str | int | None
) -> None:
    audit.record(
        actor=actor,
        subject=rule.owner,
        action=action,
        target=rule.line.public_id if rule.line else rule.public_id,
        detail={"about": rule.kind, **detail},
        ip=ip,
        now=now,
    )
