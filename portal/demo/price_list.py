"""Writes the demo's offers down as plans with prices."""

from datetime import datetime

from simple_history.utils import bulk_create_with_history

from plans.models import Plan, PlanPrice
from portal.demo.offers import PACKS, PLANS, Offer
from portal.lib.data_size import GB, format_speed

# What a dollar costs, and the step a price is rounded to, in minor units: prices people would print.
CURRENCIES = {"USD": (1.0, 10), "EUR": (0.92, 10), "CNY": (7.1, 100), "TWD": (32.0, 1000), "JPY": (1.5, 10)}

UNLIMITED = ("{place} unlimited", "{place}不限流量", "{place}數據不限量")
PACK = ("{gb} GB more · {place}", "{place}加购 {gb} GB", "{place}加購 {gb} GB")
FAIR_USE = (
    "{cap} GB a day at full speed, from midnight where the line is at home; then {speed}. Sharing is included.",
    "每日 {cap} GB 高速流量，按号卡所在时区零点起算；用完后限速 {speed}，次日零点恢复。可开热点共享。",
    "每日 {cap} GB 高速數據，依門號所在時區零時起算；用完後降速至 {speed}，隔日零時恢復。可開啟熱點分享。",
)


def make_price_list(*, since: datetime) -> None:
    """Make every plan of the demo, on sale since then; plans that are there stay as they are."""
    offers = [*((Plan.Kind.PLAN, offer) for offer in PLANS), *((Plan.Kind.DATA_PACK, offer) for offer in PACKS)]
    there = set(Plan.objects.values_list("code", flat=True))
    plans = [
        (offer, plan)
        for position, (kind, offer) in enumerate(offers, start=1)
        if (plan := _plan(kind, offer, position=position, since=since)).code not in there
    ]
    bulk_create_with_history([plan for _, plan in plans], Plan, default_date=since)
    prices = [
        PlanPrice(plan=plan, currency=currency, amount=_price(offer.usd_cents, rate, step), valid_from=since)
        for offer, plan in plans
        for currency, (rate, step) in CURRENCIES.items()
    ]
    bulk_create_with_history(prices, PlanPrice, default_date=since)


def _plan(kind: Plan.Kind, offer: Offer, *, position: int, since: datetime) -> Plan:
    unit, count = offer.period
    english, hans, hant = (_name(kind, offer, index) for index in range(3))
    speed = format_speed(offer.kbps, "en") if offer.kbps else ""
    fair_use = ["" if offer.cap_gb is None else text.format(cap=offer.cap_gb, speed=speed) for text in FAIR_USE]
    return Plan(
        code=_code(kind, offer),
        kind=kind,
        name=english,
        name_zh_hans=hans,
        name_zh_hant=hant,
        region=offer.place.region,
        countries=offer.place.countries.split(),
        data_bytes=None if offer.gb is None else offer.gb * GB,
        daily_cap_bytes=None if offer.cap_gb is None else offer.cap_gb * GB,
        throttled_kbps=offer.kbps,
        voice_minutes=offer.minutes,
        sms_count=offer.sms,
        period_unit=unit,
        period_count=count,
        fair_use=fair_use[0],
        fair_use_zh_hans=fair_use[1],
        fair_use_zh_hant=fair_use[2],
        active_from=since,
        position=position,
    )


def _code(kind: Plan.Kind, offer: Offer) -> str:
    unit, count = offer.period
    data = "unlimited" if offer.gb is None else f"{offer.gb}gb"
    tail = "more" if kind == Plan.Kind.DATA_PACK else f"{count}{unit}"
    return f"{offer.place.code}-{data}-{tail}"


def _name(kind: Plan.Kind, offer: Offer, language: int) -> str:
    place = offer.place.names[language]
    if kind == Plan.Kind.DATA_PACK:
        return PACK[language].format(place=place, gb=offer.gb)
    if offer.gb is None:
        return UNLIMITED[language].format(place=place)
    return f"{place} {offer.gb} GB"


def _price(usd_cents: int, rate: float, step: int) -> int:
    return max(step, round(usd_cents * rate / step) * step)
