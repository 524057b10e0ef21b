"""The stock of SIM cards and eSIM profiles that staff import, and the tries to bind one by its PIN."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line
from portal.lib.crypto import Sealed
from portal.lib.public_ids import PublicIdField


class SimCardQuerySet(models.QuerySet["SimCard"]):
    def for_sale(self, *, carrier: str, profile_type: str) -> "SimCardQuerySet":
        """What a purchase here may take, oldest first; walks the index card_for_sale."""
        free = self.filter(state=SimCard.State.AVAILABLE, pin_sealed="", form=Line.Form.ESIM)
        return free.filter(carrier=carrier, profile_type=profile_type).order_by("id")


class SimCard(models.Model):
    """One card or profile of the operator's stock.

    With a PIN it was sold elsewhere, and whoever knows ICCID and PIN binds it to an account; without one it is sold
    here. `reserved_for` is the key of the purchase that holds it: reserving twice for one purchase is one card.

    `pin_hash` is sealed although it is a slow hash: of four digits every hash can be guessed by whoever has the table.
    """

    class State(models.TextChoices):
        AVAILABLE = "available", _("available")
        RESERVED = "reserved", _("reserved")
        USED = "used", _("used")
        WITHDRAWN = "withdrawn", _("withdrawn")

    public_id = PublicIdField(prefix="sim")
    iccid = models.CharField(_("ICCID"), max_length=20, unique=True, help_text=_("19 or 20 digits, without padding."))
    carrier = models.CharField(_("carrier"), max_length=20)
    form = models.CharField(_("form"), max_length=8, choices=Line.Form.choices, default=Line.Form.ESIM)
    profile_type = models.CharField(_("profile type"), max_length=64, blank=True)
    msisdn = models.CharField(_("number (MSISDN)"), max_length=16, blank=True)
    pin_sealed = models.CharField(max_length=255, blank=True, editable=False)
    pin_issued_at = models.DateTimeField(_("PIN issued"), null=True, blank=True, editable=False)
    pin_used_at = models.DateTimeField(_("PIN used"), null=True, blank=True, editable=False)
    puk_ciphertext = models.TextField(blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.AVAILABLE)
    reserved_for = models.CharField(_("reserved for"), max_length=80, blank=True, editable=False)
    reserved_at = models.DateTimeField(_("reserved"), null=True, blank=True, editable=False)
    used_at = models.DateTimeField(_("used"), null=True, blank=True, editable=False)
    line = models.ForeignKey(
        Line, on_delete=models.PROTECT, null=True, blank=True, related_name="cards", verbose_name=_("line")
    )
    batch = models.CharField(_("batch"), max_length=80, blank=True)
    imported_at = models.DateTimeField(_("imported"), default=timezone.now, editable=False)

    pin_hash = Sealed("pin_sealed")
    puk = Sealed("puk_ciphertext")

    objects = SimCardQuerySet.as_manager()

    class Meta:
        verbose_name = _("SIM card")
        verbose_name_plural = _("SIM cards")
        constraints = [
            models.UniqueConstraint(
                fields=["reserved_for"], condition=~Q(reserved_for=""), name="card_reserved_once_a_purchase"
            ),
            models.CheckConstraint(
                condition=Q(state="reserved") | Q(state="used") | Q(reserved_for=""), name="card_reserved_is_not_free"
            ),
        ]
        indexes = [
            models.Index(
                fields=["carrier", "profile_type", "id"],
                condition=Q(state="available", pin_sealed=""),
                name="card_for_sale",
            )
        ]

    def __str__(self) -> str:
        return f"{self.iccid[:7]}…{self.iccid[-4:]}"


class BindingAttempt(models.Model):
    """One try to bind a card; `card` is a keyed hash of what was typed, so that wrong numbers count as well."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+", verbose_name=_("user")
    )
    card = models.CharField(max_length=64)
    succeeded = models.BooleanField(_("succeeded"), default=False)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("try to bind a card")
        verbose_name_plural = _("tries to bind a card")
        indexes = [
            models.Index(fields=["card", "at"], name="binding_by_card"),
            models.Index(fields=["user", "at"], name="binding_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.at:%Y-%m-%d %H:%M}"
