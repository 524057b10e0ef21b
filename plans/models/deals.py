"""What coupons and promotions have in common: a name, a window, and the plans they are for."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _


def not_over(now: datetime) -> models.Q:
    """Deals that run or are to come."""
    return models.Q(is_active=True) & (models.Q(active_until=None) | models.Q(active_until__gt=now))


def running(now: datetime) -> models.Q:
    return not_over(now) & models.Q(active_from__lte=now)


class Deal(models.Model):
    """An offer with a window; empty `plan_codes` and `regions` mean all of them.

    Plans are named by their codes, which imports and sold terms know as well. `needs` names the columns that a kind is
    nothing without.
    """

    kind: str
    needs: ClassVar[Mapping[str, Sequence[str]]] = {}

    slug = models.SlugField(
        _("short name"), max_length=60, unique=True, help_text=_("Stable name for imports and reports.")
    )
    name = models.CharField(_("name (English)"), max_length=80, help_text=_("Buyers read it."))
    name_zh_hans = models.CharField(_("name (Simplified Chinese)"), max_length=80, blank=True)
    name_zh_hant = models.CharField(_("name (Traditional Chinese)"), max_length=80, blank=True)
    is_active = models.BooleanField(_("switched on"), default=True)
    active_from = models.DateTimeField(_("from"), default=timezone.now)
    active_until = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: without end."))
    plan_codes = models.JSONField(_("plans"), default=list, blank=True, help_text=_("None chosen: every plan."))
    regions = models.JSONField(_("regions"), default=list, blank=True, help_text=_("None chosen: everywhere."))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Refuse what gives nothing: to the database, a condition on an empty column holds."""
        super().clean_fields(exclude=exclude)
        asked = set(self.needs.get(self.kind, ())) - set(exclude or ())
        if lacking := sorted(name for name in asked if not getattr(self, name)):
            raise ValidationError(dict.fromkeys(lacking, _("This kind of offer needs it.")))

    @property
    def label(self) -> str:
        """The name in the active language; English where no translation was entered."""
        suffix = {"zh-hans": "_zh_hans", "zh-hant": "_zh_hant"}.get(translation.get_language() or "", "")
        return str(getattr(self, f"name{suffix}") or self.name)

    @property
    def names(self) -> dict[str, str]:
        return {field: getattr(self, field) for field in ("name", "name_zh_hans", "name_zh_hant")}

    def has_begun(self, now: datetime) -> bool:
        return self.active_from <= now

    def has_ended(self, now: datetime) -> bool:
        return self.active_until is not None and self.active_until <= now
