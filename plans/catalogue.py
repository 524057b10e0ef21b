"""What is on sale now, as plain rows kept in the cache all processes share.

Rows belong to a version. Whoever changes a plan or a price calls `forget` once the change is committed; a row
built before that belongs to the old version and is never read again. Where the cache lost the call, rows and
pages are at most FRESH old; other processes may show the page, and offer the promotions, of before for a second.
"""

import secrets
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from zlib import crc32

from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.db import transaction
from django.utils import translation

from plans.models import Plan, PlanPrice, Promotion
from plans.promoting import PromotionRow
from plans.terms import PlanTerms
from portal.lib.money import Money

FRESH = timedelta(seconds=60)
VERSION_KEY = "catalogue:version"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """A plan as the catalogue shows it: its terms, the small print and the price in each currency."""

    public_id: str
    terms: PlanTerms
    fair_use: dict[str, str]
    prices: dict[str, int]

    @classmethod
    def of(cls, plan: Plan, prices: dict[str, int]) -> "PlanRow":
        fair_use = {"en": plan.fair_use, "zh-hans": plan.fair_use_zh_hans, "zh-hant": plan.fair_use_zh_hant}
        return cls(public_id=plan.public_id, terms=PlanTerms.of(plan), fair_use=fair_use, prices=prices)

    @property
    def fair_use_text(self) -> str:
        return self.fair_use.get(translation.get_language() or "") or self.fair_use["en"]

    def price_in(self, currency: str) -> Money | None:
        minor = self.prices.get(currency)
        return None if minor is None else Money(minor, currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The rows on sale, the promotions that run, and until when that is certain to hold."""

    rows: list[PlanRow]
    promotions: list[PromotionRow]
    holds_until: datetime


at_hand = LocMemCache("pages of the catalogue", {"TIMEOUT": 1, "OPTIONS": {"MAX_ENTRIES": 100}})
"""Pages and promotions that this process goes by for a second without asking the others whether something changed."""
PROMOTIONS_AT_HAND = "promotions"

# A release that changes the shape of a row must not read the rows of the one before.
SHAPE = crc32(
    repr([field.name for kind in (PlanRow, Snapshot, PlanTerms, PromotionRow) for field in fields(kind)]).encode()
)


def version() -> str:
    """Return the current version of the catalogue; without a cache a new one each time."""
    return str(cache.get(VERSION_KEY) or _first_version())


def version_and_page(key: str) -> tuple[str, bytes | None]:
    """Return the current version and the page kept of it, in one trip to the cache."""
    kept = cache.get_many([VERSION_KEY, key])
    current = str(kept.get(VERSION_KEY) or _first_version())
    belongs_to, page = kept.get(key, ("", None))
    return current, page if belongs_to == current else None


def keep_page(key: str, page: bytes, *, version: str, seconds: float) -> None:
    cache.set(key, (version, page), timeout=seconds)


def _first_version() -> str:
    cache.add(VERSION_KEY, secrets.token_hex(8), timeout=None)
    return str(cache.get(VERSION_KEY) or secrets.token_hex(8))


def forget() -> None:
    """Start a new version as soon as the running transaction has committed."""
    transaction.on_commit(_start_new_version)


def _start_new_version() -> None:
    cache.set(VERSION_KEY, secrets.token_hex(8), timeout=None)
    at_hand.clear()


def running_promotions(*, now: datetime) -> list[PromotionRow]:
    """Return the promotions that count at `now`, in the order staff arranged them: no query where they are cached."""
    rows: list[PromotionRow] | None = at_hand.get(PROMOTIONS_AT_HAND)
    if rows is None:
        rows = _promotions(version=version(), now=now)
        at_hand.set(PROMOTIONS_AT_HAND, rows)
    return [row for row in rows if row.runs(now)]


def promotions_at(moment: datetime, *, now: datetime) -> list[PromotionRow]:
    """Return the promotions that will count at a moment to come, as they are planned `now`."""
    return [row for row in _promotions(version=version(), now=now) if row.runs(moment)]


def as_of(moment: datetime, *, promotions: list[PromotionRow]) -> Snapshot:
    """Return what will be on sale at a moment, with these promotions; never kept. Two queries."""
    return _build(moment, promotions=promotions)


def _promotions(*, version: str, now: datetime) -> list[PromotionRow]:
    """Return those that run or are to come, so that each begins and ends to the second."""
    key = f"catalogue:promotions:{SHAPE}:{version}"
    kept: list[PromotionRow] | None = cache.get(key)
    if kept is None:
        kept = [PromotionRow.of(one) for one in Promotion.objects.running_or_to_come(now).in_order()]
        cache.set(key, kept, timeout=FRESH.total_seconds())
    return kept


def snapshot(*, version: str, now: datetime) -> Snapshot:
    """Return what is on sale, from the cache or by three queries."""
    key = f"catalogue:rows:{SHAPE}:{version}"
    kept = cache.get(key)
    if isinstance(kept, Snapshot) and kept.holds_until > now:
        return kept
    built = _build(now, promotions=_promotions(version=version, now=now))
    cache.set(key, built, timeout=(built.holds_until - now).total_seconds())
    return built


def _build(now: datetime, *, promotions: list[PromotionRow]) -> Snapshot:
    """Read plans and prices, those to come included: they say when this snapshot stops holding."""
    plans = list(Plan.objects.on_sale_or_to_come(now).in_order())
    prices = list(PlanPrice.objects.filter(plan__in=Plan.objects.on_sale_or_to_come(now)).order_by("valid_from", "id"))
    moments = [plan.active_from for plan in plans] + [price.valid_from for price in prices]
    moments += [plan.active_until for plan in plans if plan.active_until]
    moments += [moment for row in promotions for moment in (row.active_from, row.active_until) if moment]
    current: dict[int, dict[str, int]] = {}
    for price in prices:
        if price.valid_from <= now:
            current.setdefault(price.plan_id, {})[price.currency] = price.amount
    return Snapshot(
        rows=[PlanRow.of(plan, current.get(plan.pk, {})) for plan in plans if plan.active_from <= now],
        promotions=[row for row in promotions if row.runs(now)],
        holds_until=min([now + FRESH, *(moment for moment in moments if moment > now)]),
    )
