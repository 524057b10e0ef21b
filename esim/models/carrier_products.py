"""What a plan is called by a carrier that sells by codes of its own, and what was ordered there."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from plans.models import Plan


class CarrierProduct(models.Model):
    """The product of a carrier that stands for a plan of ours; staff enter it."""

    carrier = models.CharField(_("carrier"), max_length=20)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="carrier_products", verbose_name=_("plan"))
    code = models.CharField(_("code at the carrier"), max_length=100, help_text=_("Capital letters count."))

    class Meta:
        verbose_name = _("product of a carrier")
        verbose_name_plural = _("products of carriers")
        constraints = [models.UniqueConstraint(fields=["carrier", "plan"], name="carrier_product_once_a_plan")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.code}"


class CarrierOrder(models.Model):
    """One order at a carrier that knows no idempotency key; `key` names what it is for.

    `unanswered_since` is set before the carrier is asked and goes with a final answer. While it is set the order may
    exist there: it is looked for among theirs, and never placed again before that found nothing. `reference` is what
    they call it; an order of theirs belongs to one of ours at most.
    """

    carrier = models.CharField(_("carrier"), max_length=20)
    key = models.CharField(_("key"), max_length=80)
    product = models.CharField(_("product"), max_length=100)
    iccid = models.CharField(_("ICCID"), max_length=20, blank=True)
    reference = models.CharField(_("order at the carrier"), max_length=80, blank=True)
    unanswered_since = models.DateTimeField(_("unanswered since"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("order at a carrier")
        verbose_name_plural = _("orders at carriers")
        constraints = [
            models.UniqueConstraint(fields=["carrier", "key"], name="carrier_order_once_a_key"),
            models.UniqueConstraint(
                fields=["carrier", "reference"], condition=~models.Q(reference=""), name="carrier_order_claimed_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.carrier} {self.key}"
