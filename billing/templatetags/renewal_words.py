"""Sentences about renewals that did not go on, chosen by the code a notice or a row keeps."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import template
from django.utils import timezone

from billing.card_consent import sentence
from billing.declines import explain
from billing.models import PaymentMethod, Subscription
from billing.renewal_problems import sentence_of
from billing.term_changes import Change, changes
from plans.terms import PlanTerms
from portal.lib.dates import distance

register = template.Library()


@register.filter
def decline_sentence(code: str) -> str:
    return str(explain(code).sentence)


@register.filter
def problem_sentence(reason: str) -> str:
    return str(sentence_of(reason))


@register.simple_tag(takes_context=True)
def term_changes(context: Mapping[str, Any]) -> list[Change]:
    """Return what differs between the terms that a notice keeps; none for one that keeps none."""
    then, now, agreed = context.get("agreed_terms"), context.get("terms"), context.get("agreed")
    if not then or not now or agreed is None:
        return []
    terms = PlanTerms.from_json(then), PlanTerms.from_json(now)
    return changes(then=terms[0], now=terms[1], agreed=agreed, price=context.get("price"))


@register.filter
def days_away(days: int) -> str:
    """Say a number of days as a distance: "today", "in 3 days"."""
    first = date.min
    return str(distance(first, first + timedelta(days=days)))


@register.simple_tag
def card_consent() -> str:
    """Return what is agreed to by keeping a card."""
    return sentence()


@register.filter
def has_expired(method: PaymentMethod) -> bool:
    """Tell whether the last day of the card is over, where the reader is."""
    return method.last_day < timezone.localdate()


@register.filter
def paid_with(renewing: Mapping[int, list[Subscription]], method: PaymentMethod) -> list[Subscription]:
    """Return the auto-renewals that this card pays for."""
    return renewing.get(method.pk, [])
