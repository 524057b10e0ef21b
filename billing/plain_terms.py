"""What the plans of plain renewals cost and give now, in each form that is written down."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from billing.gateways import is_chargeable
from billing.plan_names import plan_names
from billing.sales import label_in
from billing.schedule import lead
from billing.verdicts import prices_at, promises
from plans.models import Plan
from plans.sold import keep_each
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.periods import Period

AT_HAND_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Sold:
    """What a plan costs and gives now, in each form that is written down; `kept_id` names what is kept of its terms."""

    plan: Plan
    price: Money
    terms: PlanTerms
    period: Period
    lead: timedelta
    kept_id: int
    terms_json: str
    promises_json: str
    names: Mapping[str, str]
    _labels: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, price: Money, *, terms: PlanTerms, kept_id: int) -> "Sold":
        text, promised = json.dumps(terms.to_json()), json.dumps(promises(terms))
        return cls(plan, price, terms, plan.period, lead(plan.period), kept_id, text, promised, plan_names(plan))

    def label(self, language: str) -> str:
        """Return the plan's name in a language."""
        if language not in self._labels:
            self._labels[language] = label_in(language, self.terms)
        return self._labels[language]


class OnSale:
    """What plans cost and give, at hand for a second, so that a sweep does not ask for each batch.

    Each sweep has its own, and so sees all that was committed before it began. Staff who change a plan meanwhile are up to
    a second late: who agreed to it as it was is charged the price they agreed to, under the terms they saw where those were
    kept; anybody else the search leaves out.
    """

    def __init__(self) -> None:
        self._since = 0.0
        self._at_hand: dict[int, list[Sold]] = {}

    def of(self, plan_ids: set[int], *, now: datetime) -> dict[tuple[int, str], Sold]:
        """Return, by plan and currency, what of these is on sale. Three queries a second, none in between."""
        if time.monotonic() - self._since > AT_HAND_SECONDS:
            self._at_hand.clear()
            self._since = time.monotonic()
        if missing := plan_ids - self._at_hand.keys():
            found: dict[int, list[Sold]] = {plan_id: [] for plan_id in missing}
            for one in _on_sale(missing, now=now):
                found[one.plan.pk].append(one)
            self._at_hand |= found
        return {(pk, one.price.currency): one for pk in plan_ids for one in self._at_hand[pk]}


def _on_sale(plan_ids: Iterable[int], *, now: datetime) -> Iterator[Sold]:
    plans = Plan.objects.in_bulk(plan_ids)
    prices = prices_at(now, plan_ids=plans)
    terms = {pk: PlanTerms.of(plan) for pk, plan in plans.items()}
    kept = keep_each(terms)
    for (plan_id, _currency), price in prices.items():
        if is_chargeable(price):
            yield Sold.of(plans[plan_id], price, terms=terms[plan_id], kept_id=kept[plan_id].pk)
