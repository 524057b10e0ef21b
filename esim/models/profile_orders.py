"""What was asked of an SM-DP+ before it answered."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line
from portal.lib.crypto import Sealed
from portal.lib.public_ids import PublicIdField


class ProfileOrderQuerySet(models.QuerySet["ProfileOrder"]):
    def in_flight(self) -> "ProfileOrderQuerySet":
        return self.filter(state__in=sorted(ProfileOrder.IN_FLIGHT))

    def in_doubt(self) -> "ProfileOrderQuerySet":
        """Orders of which nobody knows whether the SM-DP+ allocated a profile."""
        return self.filter(state=ProfileOrder.State.IN_DOUBT, iccid="")

    def to_reconcile(self, now: datetime) -> "ProfileOrderQuerySet":
        """Orders whose answer got lost, to be looked at again; walks the index profile_order_to_reconcile."""
        return self.in_flight().filter(ask_again_at__lte=now).order_by("ask_again_at", "id")


class ProfileOrder(models.Model):
    """The intent to have one profile, committed before the carrier is asked; `key` names what it is for.

    `iccid` is set before the call where the operator has a stock of profiles, so that the same order can be repeated
    (SGP.22 §5.3.1: a profile ordered twice answers 8.2.1/3.3). Without it an answer that got lost leaves the order in
    doubt: the SM-DP+ may have allocated a profile that nobody names, and asking again would take a second one.
    `lease_until` keeps out a second asker; `answer` is what the carrier said, as JSON, so that nobody asks again.
    """

    class State(models.TextChoices):
        CREATED = "created", _("not asked yet")
        ASKED = "asked", _("asked")
        IN_DOUBT = "in_doubt", _("in doubt")
        READY = "ready", _("ready")
        REFUSED = "refused", _("refused")
        CANCELLED = "cancelled", _("cancelled")

    class Step(models.TextChoices):
        NONE = "", _("nothing yet")
        ORDERED = "ordered", _("ordered")
        CONFIRMED = "confirmed", _("confirmed")
        RELEASED = "released", _("released")

    IN_FLIGHT = frozenset({"created", "asked", "in_doubt"})

    public_id = PublicIdField(prefix="por")
    key = models.CharField(_("key"), max_length=80, unique=True)
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="profile_orders", verbose_name=_("line"))
    carrier = models.CharField(_("carrier"), max_length=20)
    profile_type = models.CharField(_("profile type"), max_length=64, blank=True)
    plan_code = models.CharField(_("plan"), max_length=60, blank=True, help_text=_("Code of the plan it comes with."))
    iccid = models.CharField(_("ICCID"), max_length=20, blank=True)
    eid = models.CharField(_("EID"), max_length=32, blank=True)
    smdp_address = models.CharField(_("SM-DP+ address"), max_length=253, blank=True)
    matching_id_ciphertext = models.TextField(blank=True, editable=False)
    confirmation_code_ciphertext = models.TextField(blank=True, editable=False)
    answer_ciphertext = models.TextField(blank=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.CREATED)
    step = models.CharField(_("step"), max_length=10, choices=Step.choices, blank=True, default=Step.NONE)
    reason = models.CharField(
        _("reason"), max_length=200, blank=True, help_text=_("The carrier's own word, for staff.")
    )
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    asked_at = models.DateTimeField(_("last asked"), null=True, blank=True)
    lease_until = models.DateTimeField(_("being asked until"), null=True, blank=True, editable=False)
    ask_again_at = models.DateTimeField(_("ask again"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    matching_id = Sealed("matching_id_ciphertext")
    confirmation_code = Sealed("confirmation_code_ciphertext")
    answer = Sealed("answer_ciphertext")

    objects = ProfileOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("profile order")
        verbose_name_plural = _("profile orders")
        indexes = [
            models.Index(
                fields=["ask_again_at", "id"],
                condition=models.Q(state__in=["asked", "created", "in_doubt"]),
                name="profile_order_to_reconcile",
            )
        ]

    def __str__(self) -> str:
        return f"{self.public_id} ({self.state})"
