"""What exactly was sold: the terms of a plan, frozen into plain values that an order can keep."""

from dataclasses import dataclass
from typing import Any

from django.utils import translation

from plans.models import Plan, SoldTerms
from portal.lib.periods import Period, PeriodUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """Terms of a plan at the moment of sale; `to_json` and `from_json` round-trip."""

    code: str
    kind: str
    name: str
    name_zh_hans: str
    name_zh_hant: str
    region: str
    countries: list[str]
    data_bytes: int | None
    daily_cap_bytes: int | None
    throttled_kbps: int | None
    voice_minutes: int
    sms_count: int
    period_unit: str
    period_count: int

    @classmethod
    def of(cls, plan: Plan | SoldTerms) -> "PlanTerms":
        return cls(**{name: getattr(plan, name) for name in cls.__dataclass_fields__})

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PlanTerms":
        """Read terms back; names we no longer know are ignored, missing ones raise TypeError."""
        return cls(**{name: value for name, value in values.items() if name in cls.__dataclass_fields__})

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @property
    def label(self) -> str:
        """The name in the active language; English where no translation was entered."""
        language = translation.get_language() or ""
        return {"zh-hans": self.name_zh_hans, "zh-hant": self.name_zh_hant}.get(language) or self.name

    @property
    def period(self) -> Period:
        return Period(unit=PeriodUnit(self.period_unit), count=self.period_count)

    @property
    def is_data_pack(self) -> bool:
        return self.kind == Plan.Kind.DATA_PACK
