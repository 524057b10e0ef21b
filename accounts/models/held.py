"""What has to be remembered for minutes, also while the cache is gone."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HeldValue(models.Model):
    """One value of `accounts.held_values`; `name` is a keyed hash of what it is called there."""

    name = models.CharField(max_length=64, unique=True)
    value = models.JSONField()
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("value held while the cache is away")
        verbose_name_plural = _("values held while the cache is away")

    def __str__(self) -> str:
        return self.name
