"""Whom invoices are made out to."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models import User


class BillingDetailsQuerySet(models.QuerySet["BillingDetails"]):
    def owned_by(self, user: "User") -> "BillingDetailsQuerySet":
        return self.filter(owner=user)


class BillingDetails(models.Model):
    """What a subscriber wants to read on their invoices; each invoice copies it."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="billing_details", verbose_name=_("owner")
    )
    name = models.CharField(_("name or company"), max_length=120, blank=True)
    address = models.TextField(_("address"), max_length=300, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    tax_id = models.CharField(_("tax number"), max_length=40, blank=True)
    attach_to_mails = models.BooleanField(_("attach to every payment mail"), default=False)

    objects = BillingDetailsQuerySet.as_manager()

    class Meta:
        verbose_name = _("billing details")
        verbose_name_plural = _("billing details")

    def __str__(self) -> str:
        return self.name or str(self.owner)
