"""The plan sheet: one row a plan, found by its code, with a column for the price in each currency.

A sheet is imported whole or not at all. Exported and imported again it changes nothing.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from import_export.fields import Field
from tablib import Dataset  # type: ignore[import-untyped]

from plans import catalogue
from plans.columns import (
    ChoiceColumn,
    CountriesColumn,
    FlagColumn,
    GigabytesColumn,
    MomentColumn,
    NumberColumn,
    PriceColumn,
    TextColumn,
)
from plans.models import Plan
from plans.models.terms import Region
from portal.lib.periods import PeriodUnit
from portal.lib.sheets import SheetOptions, SheetResource


class PlanResource(SheetResource):
    """Reads and writes plans with the prices that count at `now`."""

    code = Field("code", "code", TextColumn())
    kind = Field("kind", "kind", ChoiceColumn(Plan.Kind.values))
    name = Field("name", "name", TextColumn())
    name_zh_hans = Field("name_zh_hans", "name_zh_hans", TextColumn())
    name_zh_hant = Field("name_zh_hant", "name_zh_hant", TextColumn())
    region = Field("region", "region", ChoiceColumn(Region.values))
    countries = Field("countries", "countries", CountriesColumn())
    data_bytes = Field("data_bytes", "data_gb", GigabytesColumn())
    daily_cap_bytes = Field("daily_cap_bytes", "daily_cap_gb", GigabytesColumn())
    throttled_kbps = Field("throttled_kbps", "throttled_kbps", NumberColumn(empty=None))
    voice_minutes = Field("voice_minutes", "voice_minutes", NumberColumn(empty=0))
    sms_count = Field("sms_count", "sms_count", NumberColumn(empty=0))
    period_unit = Field("period_unit", "period_unit", ChoiceColumn(PeriodUnit.values))
    period_count = Field("period_count", "period_count", NumberColumn(empty=None))
    fair_use = Field("fair_use", "fair_use", TextColumn())
    fair_use_zh_hans = Field("fair_use_zh_hans", "fair_use_zh_hans", TextColumn())
    fair_use_zh_hant = Field("fair_use_zh_hant", "fair_use_zh_hant", TextColumn())
    is_active = Field("is_active", "is_active", FlagColumn())
    active_from = Field("active_from", "active_from", MomentColumn())
    active_until = Field("active_until", "active_until", MomentColumn())
    position = Field("position", "position", NumberColumn(empty=0))

    class Meta(SheetOptions):
        model = Plan
        # Every column is written out above; nothing of the model comes in by itself.
        exclude = ("id", "public_id", "prices")
        import_id_fields = ("code",)

    def __init__(self, *, now: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.now = now or timezone.now()
        self.price_columns = [PriceColumn(code, now=self.now) for code in settings.PORTAL_CURRENCIES]
        self.fields.update({column.column_name: column for column in self.price_columns})

    def get_queryset(self) -> QuerySet[Plan]:
        return Plan.objects.prefetch_related("prices")

    def after_save_instance(self, instance: Plan, _row: Any, **_kwargs: Any) -> None:
        """Begin each price that differs from the one in force; the old one stays as history."""
        in_force = instance.prices_at(self.now)
        for column in self.price_columns:
            wanted = column.wanted(instance)
            if wanted is not None and in_force.get(wanted.currency) != wanted.minor:
                instance.prices.create(currency=wanted.currency, amount=wanted.minor, valid_from=self.now)

    def after_import(self, _dataset: Dataset, _result: Any, **_kwargs: Any) -> None:
        catalogue.forget()
