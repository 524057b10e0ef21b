"""The operator profile that makes a line work on a device."""

from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line
from portal.lib.crypto import Sealed
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class DownloadState(models.TextChoices):
    """Where the profile is on its way to the device (SGP.22 §3.1.6); it only moves forward."""

    ORDERED = "ordered", _("ordered")
    RELEASED = "released", _("ready to install")
    DOWNLOADED = "downloaded", _("downloaded")
    INSTALLED = "installed", _("installed")
    ENABLED = "enabled", _("switched on")
    DISABLED = "disabled", _("switched off")
    ERROR = "error", _("failed")
    DELETED = "deleted", _("deleted")
    CANCELLED = "cancelled", _("cancelled")


class SimProfileQuerySet(models.QuerySet["SimProfile"]):
    def owned_by(self, user: "User") -> "SimProfileQuerySet":
        return self.filter(line__owner=user)

    def current(self) -> "SimProfileQuerySet":
        return self.filter(is_current=True)


class SimProfile(models.Model):
    """One operator profile of a line: ICCID and activation code; a line has one current and its past ones.

    The activation code is a bearer secret (SGP.22 §4.1.1: whoever presents it gets the line).
    """

    public_id = PublicIdField(prefix="prf")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="profiles", verbose_name=_("line"))
    iccid = models.CharField(_("ICCID"), max_length=20, unique=True, help_text=_("19 or 20 digits, without padding."))
    eid = models.CharField(_("EID"), max_length=32, blank=True)
    smdp_address = models.CharField(_("SM-DP+ address"), max_length=253, blank=True)
    activation_code_ciphertext = models.TextField(blank=True, editable=False)
    pin_ciphertext = models.TextField(blank=True, editable=False)
    puk_ciphertext = models.TextField(blank=True, editable=False)
    confirmation_code_ciphertext = models.TextField(blank=True, editable=False)
    profile_type = models.CharField(_("profile type"), max_length=64, blank=True)
    carrier_reference = models.CharField(_("carrier reference"), max_length=80, blank=True)
    download_state = models.CharField(
        _("download state"), max_length=10, choices=DownloadState.choices, default=DownloadState.ORDERED
    )
    problem = models.CharField(
        _("last problem"),
        max_length=40,
        blank=True,
        editable=False,
        help_text=_("Subject and reason code as the SM-DP+ told them (SGP.22 §5.3.5), such as 8.8.5/3.8."),
    )
    is_current = models.BooleanField(_("current"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    state_changed_at = models.DateTimeField(_("state changed"), null=True, blank=True)
    code_shown_at = models.DateTimeField(_("activation code first shown"), null=True, blank=True, editable=False)

    activation_code = Sealed("activation_code_ciphertext")
    confirmation_code = Sealed("confirmation_code_ciphertext")
    pin = Sealed("pin_ciphertext")
    puk = Sealed("puk_ciphertext")

    objects = SimProfileQuerySet.as_manager()

    class Meta:
        verbose_name = _("SIM profile")
        verbose_name_plural = _("SIM profiles")
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=models.Q(is_current=True), name="profile_one_current_a_line"
            )
        ]

    def __str__(self) -> str:
        return f"{self.iccid[:7]}…{self.iccid[-4:]}"
