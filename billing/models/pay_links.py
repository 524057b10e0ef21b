"""Links with which somebody without an account pays an order."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class PayLinkQuerySet(models.QuerySet["PayLink"]):
    def owned_by(self, user: "User") -> "PayLinkQuerySet":
        return self.filter(order__owner=user)

    def standing(self) -> "PayLinkQuerySet":
        return self.filter(withdrawn_at=None)

    def open(self, now: datetime) -> "PayLinkQuerySet":
        """Those with which an order can still be paid."""
        return self.standing().filter(order__state=Order.State.PENDING, order__expires_at__gt=now)


class PayLink(models.Model):
    """Lets whoever has its address pay one order and see nothing else; it lasts as long as the order waits.

    The address itself is not kept, only its hash: it is shown once. `shown_as` is what the payer reads of for whom.
    """

    public_id = PublicIdField(prefix="plk")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="pay_links", verbose_name=_("order"))
    token_hash = models.CharField(_("hash of the token"), max_length=64, unique=True, editable=False)
    shown_as = models.CharField(_("for whom, as the payer reads it"), max_length=120, blank=True)
    receipt_email = models.EmailField(_("receipt to"), blank=True)
    receipt_language = models.CharField(
        _("language of the receipt"), max_length=10, choices=settings.LANGUAGES, default="en"
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)

    objects = PayLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link to pay")
        verbose_name_plural = _("links to pay")
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(withdrawn_at__isnull=True), name="pay_link_one_an_order"
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    def is_open(self, now: datetime) -> bool:
        return self.withdrawn_at is None and self.order.state == Order.State.PENDING and now < self.order.expires_at
