"""What somebody may type in to pay less."""

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from plans.models.deals import Deal

SHORTEST = 4
MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0"})


def code_key(text: str) -> str:
    """Return what a typed code is found by: no case, spaces or dashes, and no letters that look like digits."""
    plain = unicodedata.normalize("NFKC", text).upper()
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum()).translate(MISREAD)


def _all_but_the_count(row: models.Model, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Have a save leave `used` alone: orders move it while somebody edits the row."""
    if row._state.adding or kwargs.get("update_fields") is not None:  # noqa: SLF001 - Django's documented way to ask
        return kwargs
    columns = (field for field in row._meta.concrete_fields if not field.primary_key)  # noqa: SLF001
    return {**kwargs, "update_fields": [field.name for field in columns if field.name != "used"]}


class Coupon(Deal):
    """What its codes take off one order, and on which conditions.

    `amounts` and `minimums` map a currency to minor units: without an amount, the coupon is not for that currency;
    where there is any minimum, it is not for currencies without one. `used` counts orders that wait for payment and
    paid ones, by conditional UPDATE.
    """

    class Kind(models.TextChoices):
        PERCENT = "percent", _("percent off")
        AMOUNT = "amount", _("amount off")
        DATA = "data", _("more data")
        PERIOD = "period", _("free periods")

    needs = {
        Kind.PERCENT: ("percent",),
        Kind.AMOUNT: ("amounts",),
        Kind.DATA: ("bonus_bytes",),
        Kind.PERIOD: ("free_periods",),
    }

    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.PERCENT)
    percent = models.PositiveSmallIntegerField(
        _("percent"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    amounts = models.JSONField(_("amounts"), default=dict, blank=True)
    bonus_bytes = models.BigIntegerField(
        _("more data (bytes)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    free_periods = models.PositiveSmallIntegerField(
        _("free periods"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
        help_text=_("How many times the period of the plan, with its data, comes on top."),
    )
    minimums = models.JSONField(_("minimum spend"), default=dict, blank=True)
    first_purchase_only = models.BooleanField(_("first purchase only"), default=False)
    max_uses = models.PositiveIntegerField(
        _("orders in all"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: no limit.")
    )
    max_per_user = models.PositiveSmallIntegerField(
        _("orders a person"),
        null=True,
        blank=True,
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit."),
    )
    used = models.PositiveIntegerField(_("used"), default=0, editable=False)

    history = HistoricalRecords(excluded_fields=["used"])

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints = [
            models.CheckConstraint(condition=Q(max_uses=None) | Q(used__lte=F("max_uses")), name="coupon_within_limit"),
            models.CheckConstraint(
                condition=(Q(kind="percent", percent__gte=1, percent__lte=100))
                | Q(kind="amount")
                | Q(kind="data", bonus_bytes__gte=1)
                | Q(kind="period", free_periods__gte=1),
                name="coupon_says_what_it_gives",
            ),
        ]

    def save(self, **kwargs: Any) -> None:
        super().save(**_all_but_the_count(self, kwargs))

    def clean(self) -> None:
        """What was used stays what it was: who typed the code is owed what it said."""
        super().clean()
        stored = Coupon.objects.filter(pk=self.pk, used__gt=0).first() if self.pk else None
        if stored is None:
            return
        if any(getattr(stored, name) != getattr(self, name) for name in EFFECT):
            raise ValidationError(_("This coupon has been used: what it gives stays. Make another one."))
        if self.max_uses is not None and self.max_uses < stored.used:
            raise ValidationError({"max_uses": _("It has been used more often than that.")})


EFFECT = ("kind", "percent", "amounts", "bonus_bytes", "free_periods")
"""The columns that say what a coupon gives."""


class CouponCode(models.Model):
    """One code of a coupon. `key` is what it is found by, `batch` tells which were made together."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="codes", verbose_name=_("coupon"))
    code = models.CharField(_("code"), max_length=40)
    key = models.CharField(max_length=40, unique=True, blank=True, editable=False)
    batch = models.CharField(_("batch"), max_length=60, blank=True, db_index=True)
    max_uses = models.PositiveIntegerField(
        _("orders in all"),
        null=True,
        blank=True,
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: no limit."),
    )
    used = models.PositiveIntegerField(_("used"), default=0, editable=False)
    is_active = models.BooleanField(_("switched on"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("coupon code")
        verbose_name_plural = _("coupon codes")
        constraints = [
            models.CheckConstraint(condition=Q(max_uses=None) | Q(used__lte=F("max_uses")), name="code_within_limit"),
            models.CheckConstraint(condition=~Q(key=""), name="code_not_empty"),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, **kwargs: Any) -> None:
        self.key = code_key(self.code)
        super().save(**_all_but_the_count(self, kwargs))

    def clean(self) -> None:
        super().clean()
        self.key = code_key(self.code)
        if len(self.key) < SHORTEST:
            raise ValidationError({"code": _("A code has four letters or digits at least.")})
        if CouponCode.objects.filter(key=self.key).exclude(pk=self.pk).exists():
            raise ValidationError({"code": _("There is such a code already, or one that reads like it.")})
        if self.max_uses is not None and CouponCode.objects.filter(pk=self.pk, used__gt=self.max_uses).exists():
            raise ValidationError({"max_uses": _("It has been used more often than that.")})
