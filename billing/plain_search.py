"""Which claimed auto-renewals are plain: a card alone pays, nothing was declined, limited, disputed or changed.

PostgreSQL answers for a whole batch in one statement. Whatever it leaves out is judged one by one (verdicts), so a
condition too many costs time, never money; one too few would charge what nobody agreed to.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing.gateways import is_chargeable
from billing.plan_names import plan_names
from billing.sales import label_in
from billing.schedule import lead
from billing.verdicts import prices_at, promises
from plans.models import Plan
from plans.sold import keep_each
from plans.terms import PlanTerms
from portal.lib.dates import zone_or_utc
from portal.lib.money import Money
from portal.lib.periods import Period, boundary
from portal.lib.set_sql import array, run

PLANS = "SELECT DISTINCT plan_id FROM billing_subscription WHERE id = ANY(%(ids)s::bigint[])"
SEARCH = """
SELECT s.id, s.fence, s.period_index, s.anchor_at, s.anchor_index, paid.ends_at,
    s.plan_id, s.currency, l.id, l.public_id, COALESCE(NULLIF(l.nickname, ''), NULLIF(l.msisdn, ''), l.public_id),
    l.time_zone, u.id, u.public_id, u.language, u.time_zone, u.notify_by_email, u.notify_by_sms, u.phone_verified,
    u.quiet_from, u.quiet_until, m.gateway, m.reference, m.brand || ' ' || m.last_four, COALESCE(known.reference, ''),
    p.iccid
FROM billing_subscription s
JOIN unnest(
    %(plans)s::bigint[], %(currencies)s::text[], %(amounts)s::bigint[], %(leads)s::interval[], %(promises)s::text[]
) AS agreed(plan_id, currency, amount, lead, promises)
    ON agreed.plan_id = s.plan_id AND agreed.currency = s.currency AND agreed.amount = s.consent_amount
JOIN esim_line l ON l.id = s.line_id
JOIN accounts_user u ON u.id = l.owner_id
JOIN billing_paymentmethod m ON m.id = s.method_id
LEFT JOIN billing_gatewaycustomer known ON known.owner_id = u.id AND known.gateway = m.gateway
JOIN esim_simprofile p ON p.line_id = l.id AND p.is_current
CROSS JOIN LATERAL (
    SELECT a.ends_at FROM esim_allowance a
    WHERE a.line_id = l.id AND NOT a.is_data_pack AND a.taken_back_at IS NULL AND a.ends_at > %(now)s
    ORDER BY a.ends_at DESC LIMIT 1
) AS paid
WHERE s.id = ANY(%(ids)s::bigint[]) AND s.state = 'in_flight' AND s.mode = 'automatic' AND s.pay_from = 'method'
    AND s.declines = 0 AND NOT s.uses_backup AND s.suspend_due_at IS NULL
    AND s.max_times IS NULL AND s.max_amount IS NULL
    AND (s.consent_terms = '{}' OR s.consent_terms - '{name,name_zh_hans,name_zh_hant}'::text[] = agreed.promises::jsonb)
    AND s.charge_due_at = paid.ends_at - agreed.lead
    AND m.removed_at IS NULL AND l.service_state = 'active' AND l.service_change = ''
    AND NOT EXISTS (
        SELECT FROM billing_order o
        WHERE o.owner_id = u.id AND o.form_key = 'renewal:' || s.public_id || ':' || s.period_index || ':0'
    )
    AND NOT EXISTS (
        SELECT FROM billing_order o
        WHERE o.line_id = l.id AND o.kind <> 'top_up' AND o.state IN ('pending', 'paid', 'fulfilling', 'taking_back')
    )
    AND NOT EXISTS (
        SELECT FROM billing_dispute d JOIN billing_charge c ON c.id = d.charge_id JOIN billing_order o ON o.id = c.order_id
        WHERE d.state = 'open' AND o.line_id = l.id
    )
    AND NOT EXISTS (
        SELECT FROM esim_replacement r WHERE r.line_id = l.id AND r.state IN ('ending', 'moving', 'online', 'ordering', 'to_install', 'undoing')
    )
"""


class Found(NamedTuple):
    """A row of the search, in the order of its columns."""

    subscription_id: int
    fence: int
    period_index: int
    anchor_at: datetime
    anchor_index: int
    paid_until: datetime
    plan_id: int
    currency: str
    line_id: int
    line_public_id: str
    line_name: str
    line_zone: str
    owner_id: int
    owner_public_id: str
    language: str
    owner_zone: str
    notify_by_email: bool
    notify_by_sms: bool
    phone_verified: bool
    quiet_from: time | None
    quiet_until: time | None
    gateway: str
    card_reference: str
    card: str
    customer_reference: str
    iccid: str

    @property
    def zone(self) -> ZoneInfo:
        """Where the owner's clock hangs: a row can be told what `accounts.notifications` asks of a reader."""
        return zone_or_utc(self.owner_zone)


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
    names: Mapping[str, str]
    _labels: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: Plan, price: Money, *, kept_id: int) -> "Sold":
        terms = PlanTerms.of(plan)
        text = json.dumps(terms.to_json())
        return cls(plan, price, terms, plan.period, lead(plan.period), kept_id, text, plan_names(plan))

    def label(self, language: str) -> str:
        """Return the plan's name in a language."""
        if language not in self._labels:
            self._labels[language] = label_in(language, self.terms)
        return self._labels[language]


@dataclass(frozen=True, slots=True)
class Due:
    """A plain renewal: what was found, what is sold, and the period that is bought."""

    row: Found
    sold: Sold
    starts_at: datetime
    ends_at: datetime


def find_plain(ids: Sequence[int], *, now: datetime) -> list[Due]:
    """Return those of these claimed subscriptions that are plain. On PostgreSQL only, in five queries."""
    plans = _plans(ids)
    prices = prices_at(now, plan_ids=plans)
    kept = keep_each({pk: PlanTerms.of(plan) for pk, plan in plans.items()})
    sold = {
        (plan_id, currency): Sold.of(plans[plan_id], price, kept_id=kept[plan_id].pk)
        for (plan_id, currency), price in prices.items()
        if is_chargeable(price)
    }
    return list(_on_schedule(_search(ids, sold, now=now), sold)) if sold else []


def _plans(ids: Sequence[int]) -> dict[int, Plan]:
    return Plan.objects.in_bulk([plan_id for (plan_id,) in run(PLANS, {"ids": array(ids)})])


def _search(ids: Sequence[int], sold: Mapping[tuple[int, str], Sold], *, now: datetime) -> list[Found]:
    values = {
        "ids": array(ids),
        "now": now,
        "plans": [one.plan.pk for one in sold.values()],
        "currencies": [one.price.currency for one in sold.values()],
        "leads": [one.lead for one in sold.values()],
        "amounts": [one.price.minor for one in sold.values()],
        "promises": [json.dumps(promises(one.terms)) for one in sold.values()],
    }
    return [Found._make(row) for row in run(SEARCH, values)]


def _on_schedule(rows: Iterable[Found], sold: Mapping[tuple[int, str], Sold]) -> Iterator[Due]:
    """Leave out whose next period does not begin where the paid time ends; that is what `realigned` is for."""
    for row in rows:
        plan = sold[row.plan_id, row.currency]
        zone, steps = zone_or_utc(row.line_zone), row.period_index - row.anchor_index
        starts_at = boundary(row.anchor_at, plan.period, steps, zone)
        if starts_at == row.paid_until:
            yield Due(row, plan, starts_at, boundary(row.anchor_at, plan.period, steps + 1, zone))
