"""Models that take an eSIM, as far as we know: an open list, which proves nothing by what it leaves out.

`esim/data/devices.csv` is our own compilation of what makers publish. `caveats` names entries of CAVEATS.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LIST = Path(__file__).parent / "data" / "devices.csv"

CAVEATS = {
    "cellular": _("Only the version for mobile networks, not the one for Wi-Fi alone."),
    "china": _("Not the version sold in mainland China."),
    "china_hk": _("Not the versions sold in mainland China, and not all of those sold in Hong Kong, Macao and Taiwan."),
    "china_hk_macao": _("Not the versions sold in mainland China, and not all of those sold in Hong Kong and Macao."),
    "china_operators": _("The version sold in mainland China takes eSIMs of operators there only."),
    "google_fi": _("Only with Google Fi."),
    "versions": _("Not every version of this model has one: look for the EID."),
}
"""What may still be wrong with a model of the list."""

OTHER_NAMES = {
    "Apple": "苹果 蘋果",
    "Google": "谷歌",
    "HONOR": "荣耀 榮耀",
    "HUAWEI": "华为 華為",
    "Motorola": "摩托罗拉 摩托羅拉",
    "Nokia": "诺基亚 諾基亞 HMD",
    "OnePlus": "一加",
    "Samsung": "三星",
    "SHARP": "夏普",
    "Sony": "索尼",
    "Xiaomi": "小米",
}
"""What else people call a brand."""


@dataclass(frozen=True, slots=True)
class Device:
    name: str
    kind: str
    caveats: tuple[str, ...]
    words: tuple[str, ...]
    """What the name is found by."""
    reviewed_date: date

    @property
    def sentences(self) -> list["_StrPromise"]:
        return [CAVEATS[caveat] for caveat in self.caveats]


@cache
def known_devices() -> tuple[Device, ...]:
    with LIST.open(encoding="utf-8", newline="") as file:
        return tuple(_device(row) for row in csv.DictReader(file))


def devices_matching(text: str) -> list[Device]:
    """Return the models whose names have a word that begins with each word of the text; none for an empty text."""
    wanted = list(_words(text))
    if not wanted:
        return []
    return [one for one in known_devices() if all(any(word.startswith(part) for word in one.words) for part in wanted)]


def last_reviewed() -> date:
    return max(device.reviewed_date for device in known_devices())


def _device(row: dict[str, str]) -> Device:
    name = f"{row['brand']} {row['model']}"
    # "S23+" is also asked for as "S23 plus", "iPhone15" written in one.
    also = name.replace("+", " plus") if "+" in name else ""
    joined = row["model"].replace(" ", "")
    return Device(
        name=name,
        kind=row["kind"],
        caveats=tuple(row["caveats"].split()),
        words=tuple(_words(f"{name} {also} {joined} {OTHER_NAMES.get(row['brand'], '')}")),
        reviewed_date=date.fromisoformat(row["reviewed"]),
    )


def _words(text: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return (match.group() for match in re.finditer(r"[\w+]+", folded))
