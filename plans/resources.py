"""The plan sheet: one row a plan, found by its code, with a column for the price in each currency.

A sheet is imported whole or not at all. Exported and imported again it changes nothing.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from import_export import resources
from import_export.fields import Field
from import_export.instance_loaders import CachedInstanceLoader
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
    cell_text,
)
from plans.models import Plan
from plans.models.plans import Region
from portal.lib.periods import PeriodUnit

HEADER_LINES = 1


class CellDiff(resources.Diff):  # type: ignore[misc]
    """Before and after of each cell; the library's own has colours that nobody can read in the dark."""

    def as_html(self) -> list[str]:
        return [
            format_html("<del>{}</del> <ins>{}</ins>", "" if self.new else before, after) if before != after else ""
            for before, after in zip(self.left, self.right, strict=True)
        ]


class PlanResource(resources.ModelResource):  # type: ignore[misc]
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

    class Meta:
        model = Plan
        # Every column is written out above; nothing of the model comes in by itself.
        exclude = ("id", "public_id", "prices")
        import_id_fields = ("code",)
        instance_loader_class = CachedInstanceLoader
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    def __init__(self, *, now: datetime | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.now = now or timezone.now()
        self.lines: dict[str, list[int]] = {}
        self.price_columns = [PriceColumn(code, now=self.now) for code in settings.PORTAL_CURRENCIES]
        self.fields.update({column.column_name: column for column in self.price_columns})

    def get_queryset(self) -> QuerySet[Plan]:
        return Plan.objects.prefetch_related("prices")

    def get_diff_class(self) -> type[CellDiff]:
        return CellDiff

    def get_import_order(self) -> list[str]:
        return list(self.fields)

    def get_export_order(self) -> list[str]:
        return list(self.fields)

    def before_import(self, dataset: Dataset, **_kwargs: Any) -> None:
        """Refuse a sheet with columns we do not know: a misspelt price column would sell at the old price."""
        headers = [cell_text(header) for header in dataset.headers or []]
        dataset.headers = headers
        known = {field.column_name for field in self.fields.values()}
        if "code" not in headers:
            raise ValidationError(gettext("The sheet has no column “code”, by which plans are found."))
        if unknown := [header for header in headers if header and header not in known]:
            raise ValidationError(gettext("Unknown columns: %(names)s.") % {"names": ", ".join(unknown)[:200]})
        self._drop_blank_end(dataset)
        self.lines = defaultdict(list)
        for line, code in enumerate(dataset["code"], start=1 + HEADER_LINES):
            self.lines[cell_text(code)].append(line)

    def before_import_row(self, row: Any, **_kwargs: Any) -> None:
        code = cell_text(row["code"])
        if not code:
            raise ValidationError({"code": gettext("A plan needs a code.")})
        if len(self.lines[code]) > 1:
            lines = ", ".join(str(line) for line in self.lines[code])
            raise ValidationError(
                {"code": gettext("“%(code)s” stands on lines %(lines)s.") % {"code": code, "lines": lines}}
            )

    def import_field(self, field: Field, instance: Plan, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:  # noqa: FBT001, FBT002
        """Turn what a cell complains about into what the library collects, so that a row tells all its faults."""
        try:
            super().import_field(field, instance, row, is_m2m, **kwargs)
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from error

    def after_save_instance(self, instance: Plan, _row: Any, **_kwargs: Any) -> None:
        """Begin each price that differs from the one in force; the old one stays as history."""
        in_force = instance.prices_at(self.now)
        for column in self.price_columns:
            wanted = column.wanted(instance)
            if wanted and in_force.get(wanted.currency) != wanted.minor:
                instance.prices.create(currency=wanted.currency, amount=wanted.minor, valid_from=self.now)

    def after_import(self, _dataset: Dataset, _result: Any, **_kwargs: Any) -> None:
        catalogue.forget()

    @staticmethod
    def _drop_blank_end(dataset: Dataset) -> None:
        """Spreadsheets keep rows that were emptied."""
        while len(dataset) and not any(cell_text(value) for value in dataset[-1]):
            dataset.pop()
