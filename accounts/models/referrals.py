"""Who brought whom along."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models.users import User


class ReferralCode(models.Model):
    """The code with which somebody invites others; it says nothing about them."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="referral_code", verbose_name=_("owner")
    )
    code = models.CharField(_("code"), max_length=12, unique=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("referral code")
        verbose_name_plural = _("referral codes")

    def __str__(self) -> str:
        return self.code


class KnownDevice(models.Model):
    """A browser on which somebody used the referral pages, by a keyed hash of the mark in its cookie."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False, related_name="+", verbose_name=_("owner")
    )
    device = models.CharField(_("device"), max_length=64, db_index=True)
    seen_at = models.DateTimeField(_("first seen"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("known device")
        verbose_name_plural = _("known devices")
        constraints = [models.UniqueConstraint(fields=["owner", "device"], name="known_device_once")]

    def __str__(self) -> str:
        return self.device[:8]


class ReferralQuerySet(models.QuerySet["Referral"]):
    def owned_by(self, user: "User") -> "ReferralQuerySet":
        return self.filter(referrer=user)


class Referral(models.Model):
    """Somebody registered with another one's code.

    `mailbox` is a keyed hash of where mail to the address ends up, so that two spellings of one mailbox are one;
    `device` of the browser they registered with. What it earns, and why not, is for billing to say.
    """

    public_id = PublicIdField(prefix="rfl")
    referrer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="referrals", verbose_name=_("invited by")
    )
    newcomer = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="referral", verbose_name=_("newcomer")
    )
    mailbox = models.CharField(_("mailbox"), max_length=64, db_index=True, editable=False)
    device = models.CharField(_("device"), max_length=64, blank=True, editable=False)
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints = [
            models.CheckConstraint(condition=~Q(referrer=F("newcomer")), name="referral_between_two_people"),
        ]

    def __str__(self) -> str:
        return self.public_id
