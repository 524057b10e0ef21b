"""Coupons, their codes and promotions as sheets: one row each, found by its short name or code."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from import_export.fields import Field
from tablib import Dataset  # type: ignore[import-untyped]

from plans import catalogue
from plans.columns import (
    ChoiceColumn,
    FlagColumn,
    GigabytesColumn,
    MomentColumn,
    NumberColumn,
    TextColumn,
    WordsColumn,
)
from plans.deal_text import parse_amounts, parse_prices, parse_steps, plain_amounts, plain_prices, plain_steps
from plans.models import Coupon, CouponCode, Plan, Promotion
from plans.models.terms import Region
from portal.lib.periods import PeriodUnit
from portal.lib.sheets import SheetOptions, SheetResource


class TableColumn(TextColumn):
    """Text of which `parse` makes a table; line breaks are written as semicolons."""

    def __init__(self, *, parse: Callable[[str], Any], plain: Callable[[Any], str]) -> None:
        self.parse, self.plain = parse, plain

    def clean(self, value: object, **kwargs: Any) -> Any:
        return self.parse(super().clean(value, **kwargs))

    def render(self, value: Any, **_kwargs: Any) -> str:
        return self.plain(value).replace("\n", "; ") if value else ""


class CouponColumn(TextColumn):
    """A coupon by its short name."""

    def clean(self, value: object, **kwargs: Any) -> Any:
        slug = super().clean(value, **kwargs)
        found = Coupon.objects.filter(slug=slug).first()
        if found is None:
            raise ValidationError(gettext("There is no coupon “%(slug)s”.") % {"slug": slug[:60]})
        return found

    def render(self, value: Any, **_kwargs: Any) -> str:
        return str(value.slug) if value else ""


AMOUNTS = TableColumn(parse=parse_amounts, plain=plain_amounts)
PLANS = WordsColumn(lambda: Plan.objects.values_list("code", flat=True))
REGIONS = WordsColumn(lambda: Region.values)


class DealResource(SheetResource):
    slug = Field("slug", "slug", TextColumn())
    name = Field("name", "name", TextColumn())
    name_zh_hans = Field("name_zh_hans", "name_zh_hans", TextColumn())
    name_zh_hant = Field("name_zh_hant", "name_zh_hant", TextColumn())
    plan_codes = Field("plan_codes", "plans", PLANS)
    regions = Field("regions", "regions", REGIONS)
    is_active = Field("is_active", "is_active", FlagColumn())
    active_from = Field("active_from", "active_from", MomentColumn())
    active_until = Field("active_until", "active_until", MomentColumn())


class CouponResource(DealResource):
    kind = Field("kind", "kind", ChoiceColumn(Coupon.Kind.values))
    percent = Field("percent", "percent", NumberColumn(empty=None))
    amounts = Field("amounts", "amounts", AMOUNTS)
    bonus_bytes = Field("bonus_bytes", "more_data_gb", GigabytesColumn())
    free_periods = Field("free_periods", "free_periods", NumberColumn(empty=None))
    minimums = Field("minimums", "minimum_spend", AMOUNTS)
    first_purchase_only = Field("first_purchase_only", "first_purchase_only", FlagColumn())
    max_uses = Field("max_uses", "orders_in_all", NumberColumn(empty=None))
    max_per_user = Field("max_per_user", "orders_a_person", NumberColumn(empty=None))

    class Meta(SheetOptions):
        model = Coupon
        exclude = ("id", "used", "redemptions", "codes")
        import_id_fields = ("slug",)


class PromotionResource(DealResource):
    kind = Field("kind", "kind", ChoiceColumn(Promotion.Kind.values))
    percent = Field("percent", "percent", NumberColumn(empty=None))
    prices = Field("prices", "special_prices", TableColumn(parse=parse_prices, plain=plain_prices))
    buy_count = Field("buy_count", "buy", NumberColumn(empty=None))
    free_count = Field("free_count", "get_free", NumberColumn(empty=None))
    period_unit = Field("period_unit", "counted_in", ChoiceColumn([*PeriodUnit.values, ""]))
    steps = Field("steps", "longer_is_cheaper", TableColumn(parse=parse_steps, plain=plain_steps))
    position = Field("position", "position", NumberColumn(empty=0))

    class Meta(SheetOptions):
        model = Promotion
        exclude = ("id", "redemptions")
        import_id_fields = ("slug",)

    def after_import(self, _dataset: Dataset, _result: Any, **_kwargs: Any) -> None:
        catalogue.forget()


class CodeResource(SheetResource):
    """Codes that others made, on cards or in letters; what was made here is taken out by an action that is recorded."""

    code = Field("code", "code", TextColumn())
    coupon = Field("coupon", "coupon", CouponColumn())
    batch = Field("batch", "batch", TextColumn())
    max_uses = Field("max_uses", "orders_in_all", NumberColumn(empty=1))
    is_active = Field("is_active", "is_active", FlagColumn())

    class Meta(SheetOptions):
        model = CouponCode
        exclude = ("id", "key", "used", "created_at", "redemptions")
        import_id_fields = ("code",)
