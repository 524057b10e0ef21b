"""What subscribers agreed to for good: the proof behind every charge that nobody clicked on."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from esim.models import Line
from plans.models import Plan
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def owned_by(self, user: "User") -> "AgreementQuerySet":
        return self.filter(owner=user)


class Agreement(models.Model):
    """One consent, word for word and to the cent; never changed: agreeing anew is a new row.

    A subscription and a top-up rule point to the one in force, an order to the one it was placed under.
    """

    class About(models.TextChoices):
        RENEWAL = "renewal", _("auto-renewal")
        DATA = "data", _("data when it runs low")
        BALANCE = "balance", _("money when the balance runs low")

    public_id = PublicIdField(prefix="agr")
    about = models.CharField(_("about"), max_length=8, choices=About.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="agreements", verbose_name=_("owner")
    )
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, null=True, blank=True, related_name="agreements", verbose_name=_("line")
    )
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="agreements", verbose_name=_("plan")
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("agreed price"))
    terms = models.JSONField(_("agreed terms"), default=dict, blank=True)
    limits = models.JSONField(_("limits set"), default=dict, blank=True)
    paid_with = models.CharField(_("paid from"), max_length=120, blank=True)
    text = models.TextField(_("text agreed to"))
    version = models.CharField(_("version of that text"), max_length=20)
    agreed_at = models.DateTimeField(_("agreed"))
    ip = models.GenericIPAddressField(_("agreed from"), null=True, blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        indexes = [models.Index(fields=["owner", "-agreed_at"], name="agreement_by_owner")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def price(self) -> Money:
        return Money(self.amount, self.currency)
