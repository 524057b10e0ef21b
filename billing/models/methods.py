"""A saved way to pay."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class PaymentMethodQuerySet(models.QuerySet["PaymentMethod"]):
    def owned_by(self, user: "User") -> "PaymentMethodQuerySet":
        return self.filter(owner=user)

    def usable(self) -> "PaymentMethodQuerySet":
        return self.filter(removed_at__isnull=True)


class PaymentMethod(models.Model):
    """A card kept at the gateway: brand, last four, expiry, never the number."""

    public_id = PublicIdField(prefix="pmt")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="payment_methods", verbose_name=_("owner")
    )
    gateway = models.CharField(_("gateway"), max_length=20)
    reference = models.CharField(_("reference at the gateway"), max_length=80)
    brand = models.CharField(_("brand"), max_length=20)
    last_four = models.CharField(_("last four digits"), max_length=4)
    expires_month = models.PositiveSmallIntegerField(_("expiry month"))
    expires_year = models.PositiveSmallIntegerField(_("expiry year"))
    is_default = models.BooleanField(_("default"), default=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    objects = PaymentMethodQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment method")
        verbose_name_plural = _("payment methods")
        constraints = [
            models.UniqueConstraint(fields=["gateway", "reference"], name="method_reference_unique"),
            models.UniqueConstraint(
                fields=["owner"],
                condition=Q(is_default=True, removed_at__isnull=True),
                name="method_one_default_an_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand} {self.last_four}"


class GatewayCustomer(models.Model):
    """What a gateway calls one of our subscribers; cards are kept under it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gateway_customers", verbose_name=_("owner")
    )
    gateway = models.CharField(_("gateway"), max_length=20)
    reference = models.CharField(_("reference at the gateway"), max_length=80)

    class Meta:
        verbose_name = _("customer at a gateway")
        verbose_name_plural = _("customers at gateways")
        constraints = [
            models.UniqueConstraint(fields=["owner", "gateway"], name="customer_one_an_owner"),
            models.UniqueConstraint(fields=["gateway", "reference"], name="customer_reference_unique"),
        ]

    def __str__(self) -> str:
        return self.reference
