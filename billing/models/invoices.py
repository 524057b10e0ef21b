"""Invoices, receipts and credit notes, and the series that number them."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order
from portal.lib.money import Money
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class InvoiceSeries(models.Model):
    """The last number given out in a series; the row is the queue in which everybody waits for theirs.

    A database sequence would not do: what rolls back leaves a gap in it, and tax offices ask about gaps.
    """

    name = models.CharField(_("name"), max_length=8, unique=True)
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("series of invoices")
        verbose_name_plural = _("series of invoices")

    def __str__(self) -> str:
        return f"{self.name}: {self.last}"


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def owned_by(self, user: "User") -> "InvoiceQuerySet":
        return self.filter(owner=user)

    def latest_first(self) -> "InvoiceQuerySet":
        return self.order_by("-issued_at", "-pk")

    def of_sales(self) -> "InvoiceQuerySet":
        """Leave out what takes a sale back."""
        return self.exclude(kind=Invoice.Kind.CREDIT_NOTE)


class Invoice(models.Model):
    """One numbered document about a purchase, or about money given back for one.

    Append-only, enforced by database triggers: what is wrong is taken back by a credit note. `details` is a copy of
    everything the PDF shows (see `billing.invoice_facts`), so nothing edited later changes what was issued.
    Amounts are never negative; a credit note says by its kind that the money went back.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("Invoice")
        RECEIPT = "receipt", _("Receipt")
        CREDIT_NOTE = "credit_note", _("Credit note")

    public_id = PublicIdField(prefix="inv")
    kind = models.CharField(_("kind"), max_length=11, choices=Kind.choices)
    number = models.CharField(_("number"), max_length=20, unique=True)
    series = models.CharField(_("series"), max_length=8)
    position = models.PositiveIntegerField(_("position in its series"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invoices", verbose_name=_("owner")
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="invoices", verbose_name=_("order"))
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="credit_notes", verbose_name=_("corrects")
    )
    refund_key = models.CharField(_("refund"), max_length=32, null=True, blank=True, unique=True)
    language = models.CharField(_("language"), max_length=10)
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("total"))
    tax_country = models.CharField(_("tax country"), max_length=2)
    tax_basis_points = models.PositiveIntegerField(_("tax rate in basis points"))
    tax_amount = models.BigIntegerField(_("tax"))
    details = models.JSONField(_("what it says"))
    issued_at = models.DateTimeField(_("issued"), default=timezone.now, editable=False)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = [
            models.UniqueConstraint(fields=["series", "position"], name="invoice_one_a_number"),
            models.UniqueConstraint(fields=["order"], condition=~Q(kind="credit_note"), name="invoice_one_an_order"),
            models.CheckConstraint(
                condition=Q(tax_amount__gte=0) & Q(tax_amount__lte=F("amount")), name="invoice_tax_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(kind="credit_note", corrects__isnull=False, refund_key__isnull=False)
                | (~Q(kind="credit_note") & Q(corrects__isnull=True, refund_key__isnull=True)),
                name="invoice_credit_note_corrects",
            ),
        ]
        indexes = [models.Index(fields=["owner", "-issued_at"], name="invoice_by_owner")]

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_amount, self.currency)

    @property
    def net(self) -> Money:
        return self.total - self.tax
