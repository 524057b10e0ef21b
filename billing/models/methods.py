"""A saved way to pay."""

from calendar import monthrange
from datetime import date
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

    def chargeable(self, on: date) -> "PaymentMethodQuerySet":
        """Those that have not expired; a card is good to the last day of its month."""
        later = Q(expires_year=on.year, expires_month__gte=on.month) | Q(expires_year__gt=on.year)
        return self.usable().filter(later)


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
    consent = models.JSONField(
        _("agreed to"), default=dict, blank=True, help_text=_("Text, version, time and address of the agreement.")
    )
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

    @property
    def last_day(self) -> date:
        """The last day on which the card can be charged."""
        return date(self.expires_year, self.expires_month, monthrange(self.expires_year, self.expires_month)[1])


class CardPage(models.Model):
    """A page of a gateway on which somebody keeps a card: who opened it, and what they agreed to."""

    public_id = PublicIdField(prefix="cpg")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="card_pages", verbose_name=_("owner")
    )
    gateway = models.CharField(_("gateway"), max_length=20)
    page_id = models.CharField(_("page at the gateway"), max_length=80, null=True, blank=True)
    consent = models.JSONField(_("agreed to"), default=dict)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("page for keeping a card")
        verbose_name_plural = _("pages for keeping a card")
        constraints = [models.UniqueConstraint(fields=["gateway", "page_id"], name="card_page_once")]

    def __str__(self) -> str:
        return self.public_id


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
