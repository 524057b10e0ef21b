"""Forms by which staff edit coupons and promotions, in the units people think in."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from plans.deal_text import parse_amounts, parse_prices, parse_steps, plain_amounts, plain_prices, plain_steps
from plans.forms import GigabytesField
from plans.models import Coupon, Plan, Promotion
from plans.models.terms import Region
from plans.promoting import can_add_to_plans

CANNOT_ADD = _("The network of this portal sells by codes of its own: it cannot give more than a plan holds.")


def _plan_choices() -> list[tuple[str, str]]:
    return [(plan.code, f"{plan.label} ({plan.code})") for plan in Plan.objects.in_order()]


class TableField(forms.CharField):
    """Shows and takes text; its value is what `parse` makes of it."""

    def __init__(self, *, parse: Callable[[str], Any], plain: Callable[[Any], str], **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget())
        super().__init__(required=False, max_length=20_000, **kwargs)
        self.parse, self.plain = parse, plain

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else self.plain(value or {})

    def clean(self, value: Any) -> Any:
        return self.parse(super().clean(value))


class ManyField(forms.MultipleChoiceField):
    """Some of many; its value is a list."""

    def __init__(self, *, choices: Any, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminSelect2MultipleWidget())
        super().__init__(choices=choices, required=False, **kwargs)

    def clean(self, value: Any) -> list[str]:
        return sorted(super().clean(value))


COMMON = (
    "slug",
    "name",
    "name_zh_hans",
    "name_zh_hant",
    "plan_codes",
    "regions",
    "is_active",
    "active_from",
    "active_until",
)


class DealForm(forms.ModelForm[Any]):
    """What both kinds of offers ask."""

    adds: frozenset[str] = frozenset()

    plan_codes = ManyField(label=_("Plans"), choices=_plan_choices, help_text=_("None chosen: every plan."))
    regions = ManyField(label=_("Regions"), choices=Region.choices, help_text=_("None chosen: everywhere."))

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned is None or self.errors:
            return cleaned
        begins, ends = cleaned.get("active_from"), cleaned.get("active_until")
        if begins and ends and ends <= begins:
            self.add_error("active_until", _("It would end before it begins."))
        if cleaned.get("kind") in self.adds and not can_add_to_plans():
            self.add_error("kind", CANNOT_ADD)
        return cleaned


class CouponForm(DealForm):
    adds = frozenset({Coupon.Kind.DATA, Coupon.Kind.PERIOD})

    amounts = TableField(
        label=_("Amounts off"),
        parse=parse_amounts,
        plain=plain_amounts,
        help_text=_("Each currency once: USD 5.00, CNY 35.00. It does not count in currencies that are not named."),
    )
    minimums = TableField(
        label=_("Minimum spend"),
        parse=parse_amounts,
        plain=plain_amounts,
        help_text=_("Each currency once: USD 20.00, CNY 140.00. The price after a promotion has to reach it."),
    )
    bonus_bytes = GigabytesField(label=_("More data (GB)"), required=False)

    class Meta:
        model = Coupon
        fields = (
            *COMMON,
            "kind",
            "percent",
            "amounts",
            "bonus_bytes",
            "free_periods",
            "minimums",
            "first_purchase_only",
            "max_uses",
            "max_per_user",
        )


class PromotionForm(DealForm):
    adds = frozenset({Promotion.Kind.BUY_GET})

    prices = TableField(
        label=_("Special prices"),
        parse=parse_prices,
        plain=plain_prices,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text=_("A plan, a currency and a price on each line: europe-10gb USD 11.90"),
    )
    steps = TableField(
        label=_("Longer is cheaper"),
        parse=parse_steps,
        plain=plain_steps,
        help_text=_("From how many days how many percent: 90 5, 365 15. A month counts 30 days, a year 365."),
    )

    class Meta:
        model = Promotion
        fields = (*COMMON, "kind", "percent", "prices", "buy_count", "free_count", "period_unit", "steps")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned and (cleaned.get("free_count") or 0) > (cleaned.get("buy_count") or 0):
            self.add_error("free_count", _("No more can be free than are bought."))
        return cleaned

    def clean_prices(self) -> dict[str, dict[str, int]]:
        prices: dict[str, dict[str, int]] = self.cleaned_data["prices"]
        if unknown := set(prices) - set(Plan.objects.values_list("code", flat=True)):
            raise forms.ValidationError(_("No such plan: %(code)s.") % {"code": ", ".join(sorted(unknown))[:80]})
        return prices
