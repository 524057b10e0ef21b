"""Which claimed auto-renewals are plain: a card alone pays, nothing was declined, limited, disputed or changed.

PostgreSQL answers for a whole batch in one statement. Whatever it leaves out is judged one by one (verdicts), so a
condition too many costs time, never money; one too few would charge what nobody agreed to.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from billing.plain_terms import OnSale, Sold
from billing.renewal_claims import Claimed
from portal.lib.dates import zone_or_utc
from portal.lib.periods import boundaries
from portal.lib.set_sql import array, run

SEARCH = """
SELECT s.id, s.fence, s.period_index, s.anchor_at, s.anchor_index, paid.ends_at,
    s.plan_id, s.currency, s.method_id, l.id, l.public_id, COALESCE(NULLIF(l.nickname, ''), NULLIF(l.msisdn, ''), l.public_id),
    l.time_zone, u.id, u.public_id, u.language, u.time_zone, u.notify_by_email, u.notify_by_sms, u.phone_verified,
    u.quiet_from, u.quiet_until, m.gateway, m.reference, m.brand || ' ' || m.last_four, COALESCE(known.reference, ''),
    p.iccid
FROM billing_subscription s
JOIN unnest(
    %(plans)s::bigint[], %(currencies)s::text[], %(amounts)s::bigint[], %(leads)s::interval[], %(promises)s::jsonb[]
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
    AND (s.consent_terms = '{}' OR s.consent_terms - '{name,name_zh_hans,name_zh_hant}'::text[] = agreed.promises)
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
    method_id: int
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
class Due:
    """A plain renewal: what was found, what is sold, and the period that is bought."""

    row: Found
    sold: Sold
    starts_at: datetime
    ends_at: datetime


def find_plain(claimed: Sequence[Claimed], *, on_sale: OnSale, now: datetime) -> list[Due]:
    """Return those of these claimed subscriptions that are plain. On PostgreSQL only."""
    sold = on_sale.of({one.plan_id for one in claimed}, now=now)
    return list(_on_schedule(_search(claimed, sold, now=now), sold)) if sold else []


def _search(claimed: Sequence[Claimed], sold: Mapping[tuple[int, str], Sold], *, now: datetime) -> list[Found]:
    values = {
        "ids": array(one.pk for one in claimed),
        "now": now,
        "plans": [one.plan.pk for one in sold.values()],
        "currencies": [one.price.currency for one in sold.values()],
        "leads": [one.lead for one in sold.values()],
        "amounts": [one.price.minor for one in sold.values()],
        "promises": [one.promises_json for one in sold.values()],
    }
    return [Found._make(row) for row in run(SEARCH, values)]


def _on_schedule(rows: Iterable[Found], sold: Mapping[tuple[int, str], Sold]) -> Iterator[Due]:
    """Leave out whose next period does not begin where the paid time ends; that is what `realigned` is for."""
    for row in rows:
        plan = sold[row.plan_id, row.currency]
        zone, steps = zone_or_utc(row.line_zone), row.period_index - row.anchor_index
        starts_at, ends_at = boundaries(row.anchor_at, plan.period, steps, zone)
        if starts_at == row.paid_until:
            yield Due(row, plan, starts_at, ends_at)
