"""Outlets of the demo, in two countries; the numbers are among those kept free for stories."""

from typing import Any

from esim.models import Outlet

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
SHOP = {day: ["10:00-19:00"] for day in (*WEEKDAYS, "sat")}
OFFICE = {day: ["09:00-12:30", "13:30-18:00"] for day in WEEKDAYS}
MALL = {day: ["10:00-22:00"] for day in (*WEEKDAYS, "sat", "sun")}
HOLIDAYS = {"2026-12-24": ["10:00-14:00"], "2026-12-25": [], "2027-01-01": []}
BERLIN: dict[str, Any] = {"country": "DE", "city": "Berlin", "city_zh_hans": "柏林", "city_zh_hant": "柏林"}
SHANGHAI: dict[str, Any] = {"country": "CN", "city": "Shanghai", "city_zh_hans": "上海", "city_zh_hant": "上海"}

OUTLETS: tuple[dict[str, Any], ...] = (
    {
        **BERLIN,
        "code": "berlin-alexanderplatz",
        "name": "Alexanderplatz",
        "name_zh_hans": "亚历山大广场店",
        "name_zh_hant": "亞歷山大廣場門市",
        "address": "Alexanderstraße 7\n10178 Berlin",
        "latitude": "52.521918",
        "longitude": "13.413215",
        "phone": "+49 30 23125 011",
        "weekly_hours": SHOP,
        "exceptions": HOLIDAYS,
        "checks_identity": True,
        "takes_payment": True,
    },
    {
        **BERLIN,
        "code": "berlin-charlottenburg",
        "name": "Charlottenburg",
        "name_zh_hans": "夏洛滕堡店",
        "name_zh_hant": "夏洛滕堡門市",
        "address": "Kantstraße 104\n10627 Berlin",
        "latitude": "52.506280",
        "longitude": "13.308760",
        "phone": "+49 30 23125 012",
        "weekly_hours": OFFICE,
        "exceptions": HOLIDAYS,
    },
    {
        "country": "DE",
        "city": "Munich",
        "city_zh_hans": "慕尼黑",
        "city_zh_hant": "慕尼黑",
        "code": "munich-central-station",
        "name": "Central Station",
        "name_zh_hans": "中央火车站店",
        "name_zh_hant": "中央車站門市",
        "address": "Bayerstraße 10a\n80335 München",
        "latitude": "48.140229",
        "longitude": "11.560080",
        "phone": "+49 89 99998 013",
        "weekly_hours": MALL,
        "exceptions": HOLIDAYS,
        "takes_payment": True,
    },
    {
        **SHANGHAI,
        "code": "shanghai-jingan",
        "name": "Jing'an Temple",
        "name_zh_hans": "静安寺店",
        "name_zh_hant": "靜安寺門市",
        "address": "1686 Nanjing Road (West), Jing'an",
        "address_zh_hans": "静安区南京西路1686号",
        "address_zh_hant": "靜安區南京西路1686號",
        "latitude": "31.223500",
        "longitude": "121.446600",
        "weekly_hours": MALL,
        "checks_identity": True,
        "takes_payment": True,
    },
    {
        **SHANGHAI,
        "code": "shanghai-hongqiao",
        "name": "Hongqiao Station",
        "name_zh_hans": "虹桥站店",
        "name_zh_hant": "虹橋站門市",
        "address": "Hongqiao Railway Station, arrival hall, Minhang",
        "address_zh_hans": "闵行区虹桥火车站到达层",
        "address_zh_hant": "閔行區虹橋火車站到達層",
        "latitude": "31.196900",
        "longitude": "121.320500",
        "weekly_hours": {**SHOP, "sun": ["11:00-17:00"]},
        "takes_payment": True,
    },
)
ZONES = {"DE": "Europe/Berlin", "CN": "Asia/Shanghai"}


def open_outlets() -> None:
    """Open the outlets that are not there yet."""
    there = set(Outlet.objects.values_list("code", flat=True))
    for outlet in OUTLETS:
        if outlet["code"] not in there:
            Outlet.objects.create(time_zone=ZONES[outlet["country"]], **outlet)
