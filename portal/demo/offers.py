"""What the demo sells: a few plans in every region, packs on top, from one day to one year."""

from dataclasses import dataclass

from plans.models.terms import Region
from portal.lib.periods import PeriodUnit

DAY, MONTH, YEAR = PeriodUnit.DAY, PeriodUnit.MONTH, PeriodUnit.YEAR


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plan works, and what it is called in the three languages."""

    code: str
    region: Region
    names: tuple[str, str, str]
    countries: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One row of the price list. `gb` None is unlimited: then `cap_gb` a day is fast, the rest at `kbps`."""

    place: Place
    gb: int | None
    period: tuple[PeriodUnit, int]
    usd_cents: int
    minutes: int = 0
    sms: int = 0
    cap_gb: int | None = None
    kbps: int | None = None


EUROPE = Place(
    "europe",
    Region.EUROPE,
    ("Europe", "欧洲", "歐洲"),
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LT LU LV MT NL NO PL PT RO SE SI SK",
)
JAPAN = Place("japan", Region.EAST_ASIA, ("Japan", "日本", "日本"), "JP")
GREATER_CHINA = Place(
    "greater-china",
    Region.EAST_ASIA,
    ("China, Hong Kong, Macao, Taiwan", "中国内地及港澳台", "中港澳台"),
    "CN HK MO TW",
)
EAST_ASIA = Place("east-asia", Region.EAST_ASIA, ("East Asia", "东亚", "東亞"), "CN HK JP KR MO TW")
SOUTH_EAST_ASIA = Place(
    "south-east-asia", Region.SOUTH_EAST_ASIA, ("South-East Asia", "东南亚", "東南亞"), "ID KH LA MY PH SG TH VN"
)
THAILAND = Place("thailand", Region.SOUTH_EAST_ASIA, ("Thailand", "泰国", "泰國"), "TH")
NORTH_AMERICA = Place("north-america", Region.NORTH_AMERICA, ("North America", "北美", "北美"), "CA MX US")
USA = Place("usa", Region.NORTH_AMERICA, ("United States", "美国", "美國"), "US")
LATIN_AMERICA = Place(
    "latin-america", Region.LATIN_AMERICA, ("Latin America", "拉丁美洲", "拉丁美洲"), "AR BR CL CO CR EC MX PA PE UY"
)
MIDDLE_EAST_AFRICA = Place(
    "middle-east-africa",
    Region.MIDDLE_EAST_AFRICA,
    ("Middle East and Africa", "中东与非洲", "中東與非洲"),
    "AE BH EG IL JO KE KW MA OM QA SA TN TR TZ ZA",
)
OCEANIA = Place("oceania", Region.OCEANIA, ("Australia and New Zealand", "澳大利亚和新西兰", "澳洲和紐西蘭"), "AU NZ")
WORLD = Place(
    "world",
    Region.GLOBAL,
    ("World", "全球", "全球"),
    "AE AR AT AU BE BR CA CH CL CN CO CZ DE DK EG ES FI FR GB GR HK HU ID IE IL IN IS IT JP KR MA MX MY NL NO NZ"
    " PE PH PL PT QA RO SA SE SG TH TR TW US VN ZA",
)

PLANS = (
    Offer(EUROPE, 1, (DAY, 7), 450),
    Offer(EUROPE, 10, (DAY, 30), 1490, minutes=60, sms=50),
    Offer(EUROPE, 20, (DAY, 30), 1990, minutes=500, sms=100),
    Offer(EUROPE, 60, (DAY, 90), 4790, minutes=1500, sms=300),
    Offer(EUROPE, None, (DAY, 15), 2990, cap_gb=3, kbps=1024),
    Offer(EUROPE, 120, (YEAR, 1), 13900, minutes=720, sms=600),
    Offer(JAPAN, 1, (DAY, 1), 250),
    Offer(JAPAN, 10, (DAY, 15), 1290),
    Offer(JAPAN, None, (DAY, 7), 2190, cap_gb=5, kbps=1024),
    Offer(GREATER_CHINA, 15, (MONTH, 1), 1690, minutes=100, sms=100),
    Offer(GREATER_CHINA, 180, (YEAR, 1), 16900, minutes=1200, sms=1200),
    Offer(EAST_ASIA, 20, (DAY, 30), 2390),
    Offer(SOUTH_EAST_ASIA, 6, (DAY, 15), 990),
    Offer(SOUTH_EAST_ASIA, 30, (DAY, 30), 2690, sms=50),
    Offer(THAILAND, None, (DAY, 10), 1590, cap_gb=3, kbps=512),
    Offer(NORTH_AMERICA, 15, (DAY, 30), 2290, minutes=600, sms=100),
    Offer(NORTH_AMERICA, 100, (DAY, 90), 8990, minutes=300, sms=300),
    Offer(USA, None, (MONTH, 1), 3990, minutes=1000, sms=1000, cap_gb=5, kbps=1024),
    Offer(LATIN_AMERICA, 5, (DAY, 30), 1890),
    Offer(MIDDLE_EAST_AFRICA, 5, (DAY, 30), 2490),
    Offer(OCEANIA, 12, (DAY, 30), 1990),
    Offer(OCEANIA, None, (DAY, 15), 2990, cap_gb=2, kbps=1024),
    Offer(WORLD, 3, (DAY, 30), 1790),
    Offer(WORLD, 20, (DAY, 180), 5990),
    Offer(WORLD, 36, (YEAR, 1), 15900),
)
PACKS = (
    Offer(EUROPE, 1, (DAY, 30), 190),
    Offer(EUROPE, 5, (DAY, 30), 690),
    Offer(GREATER_CHINA, 5, (DAY, 30), 590),
    Offer(NORTH_AMERICA, 5, (DAY, 30), 890),
    Offer(WORLD, 1, (DAY, 30), 490),
)
