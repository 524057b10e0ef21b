"""What the subscriber calls "my card"."""

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.lib.dates import zone_or_utc
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User
    from portal.lib.kept_sql import Slot


class ServiceState(models.TextChoices):
    PENDING = "pending", _("being set up")
    ACTIVE = "active", _("in service")
    SUSPENDED = "suspended", _("suspended")
    TERMINATED = "terminated", _("terminated")


class SuspendedFor(models.TextChoices):
    """Who may let it go on: payment lifts only what was suspended for want of it."""

    UNPAID = "unpaid", _("unpaid")
    OWNER = "owner", _("by the subscriber")
    STAFF = "staff", _("by support")


class ServiceChange(models.TextChoices):
    """What the carrier is being asked; until it has answered nobody knows which of the two states holds there."""

    SUSPENDING = "suspending", _("being suspended")
    RESUMING = "resuming", _("being resumed")
    TERMINATING = "terminating", _("being terminated")


ENDING = Q(service_change=ServiceChange.TERMINATING)
IN_DOUBT = ~Q(service_change="") & ~ENDING


class LineQuerySet(models.QuerySet["Line"]):
    def owned_by(self, user: "User | Slot") -> "LineQuerySet":
        """The lines that are this person's: the one door to whatever changes a line, or shows its secrets."""
        return self.filter(owner=user)

    def visible_to(self, user: "User | Slot") -> "LineQuerySet":
        """The lines this person may look at: their own, and those they were let into."""
        return self._own_or(user, Line.objects.filter(members__user=user))

    def payable_by(self, user: "User | Slot") -> "LineQuerySet":
        """The lines this person may buy for: their own, and those whose owner lets them pay."""
        return self._own_or(user, Line.objects.filter(members__user=user, members__role="payer"))

    def _own_or(self, user: "User | Slot", shared: "LineQuerySet") -> "LineQuerySet":
        # Two walks of an index; by OR, the database reads every line.
        own = Line.objects.owned_by(user).order_by().values("pk")
        return self.filter(pk__in=own.union(shared.order_by().values("pk"), all=True))

    def in_use(self) -> "LineQuerySet":
        return self.exclude(service_state=ServiceState.TERMINATED)

    def open_in_service(self, *, owner: "User", msisdn: str, form: str, carrier: str, now: datetime) -> "Line":
        """Add a line whose card the network serves already; its usage is asked for at once."""
        return self.create(
            owner=owner,
            msisdn=msisdn,
            form=form,
            service_state=ServiceState.ACTIVE,
            carrier=carrier,
            time_zone=owner.time_zone,
            usage_poll_due_at=now,
            created_at=now,
        )

    def to_keep_alive(self, now: datetime) -> "LineQuerySet":
        """Lines whose owners may have to be told to use them; walks the index line_to_keep_alive."""
        return self.filter(keep_alive_due_at__lte=now).order_by("keep_alive_due_at", "id")

    def usage_poll_due(self, now: datetime) -> "LineQuerySet":
        """Lines to ask the carrier about, the longest waiting first; walks the index line_usage_to_poll."""
        due = self.filter(service_state=ServiceState.ACTIVE, usage_poll_due_at__lte=now)
        return due.order_by("usage_poll_due_at", "id")

    def to_suspend_by_staff(self) -> "LineQuerySet":
        """Lines in service, suspended by others than staff, or whose last change has had no answer."""
        by_others = Q(service_state=ServiceState.SUSPENDED) & ~Q(suspended_for=SuspendedFor.STAFF)
        return self.filter(Q(service_state=ServiceState.ACTIVE) | by_others | IN_DOUBT).exclude(ENDING)

    def to_resume(self) -> "LineQuerySet":
        """Lines that are suspended, or whose last change has had no answer."""
        return self.filter(Q(service_state=ServiceState.SUSPENDED) | IN_DOUBT).exclude(ENDING)

    def to_finish_changing(self, now: datetime) -> "LineQuerySet":
        """Lines whose carrier is to be asked again; walks the index line_changing."""
        return self.exclude(service_change="").filter(service_change_until__lte=now)


class Line(models.Model):
    """A number and its service; survives a change of SIM.

    `service_change` is written before the carrier is asked and goes when it has answered; asked again, it hears the
    same `service_change_key`, which stays as that of the last change.
    """

    class Form(models.TextChoices):
        ESIM = "esim", _("eSIM")
        PHYSICAL = "physical", _("physical SIM")

    public_id = PublicIdField(prefix="lin")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="lines", verbose_name=_("owner")
    )
    nickname = models.CharField(_("nickname"), max_length=40, blank=True)
    cost_centre = models.CharField(
        _("cost centre"), max_length=40, blank=True, help_text=_("Of a business; stands in its list of costs.")
    )
    msisdn = models.CharField(
        _("number (MSISDN)"), max_length=16, blank=True, help_text=_("E.164; empty until assigned.")
    )
    form = models.CharField(_("form"), max_length=8, choices=Form.choices, default=Form.ESIM)
    service_state = models.CharField(
        _("service state"), max_length=10, choices=ServiceState.choices, default=ServiceState.PENDING
    )
    carrier = models.CharField(_("carrier"), max_length=20, default="simulated")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    hidden = models.BooleanField(_("hidden"), default=False)
    opened_for = models.CharField(
        _("opened for"),
        max_length=32,
        blank=True,
        editable=False,
        help_text=_("Public id of the purchase that opened the line."),
    )
    suspended_for = models.CharField(
        _("suspended for"), max_length=10, choices=SuspendedFor.choices, blank=True, editable=False
    )
    service_change = models.CharField(
        _("service change under way"), max_length=12, choices=ServiceChange.choices, blank=True, editable=False
    )
    service_change_key = models.CharField(
        _("key of the last service change"), max_length=80, blank=True, editable=False
    )
    service_change_at = models.DateTimeField(_("last service change"), null=True, blank=True, editable=False)
    service_change_until = models.DateTimeField(_("service change: ask again"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    keep_alive_due_at = models.DateTimeField(_("look at disuse from"), null=True, blank=True, editable=False)
    usage_reported_at = models.DateTimeField(_("usage as of"), null=True, blank=True)
    usage_poll_due_at = models.DateTimeField(_("next usage poll"), default=timezone.now)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    objects = LineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        constraints = [
            models.UniqueConstraint(
                fields=["msisdn"],
                condition=~models.Q(msisdn="") & ~models.Q(service_state="terminated"),
                name="line_msisdn_unique",
            ),
            # A purchase fulfilled twice opens one line.
            models.UniqueConstraint(
                fields=["opened_for"], condition=~models.Q(opened_for=""), name="line_opened_once_a_purchase"
            ),
            models.CheckConstraint(
                condition=models.Q(service_change="") | models.Q(service_change_until__isnull=False),
                name="line_change_has_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["usage_poll_due_at", "id"],
                condition=models.Q(service_state="active"),
                name="line_usage_to_poll",
            ),
            models.Index(
                fields=["keep_alive_due_at", "id"],
                condition=models.Q(keep_alive_due_at__isnull=False),
                name="line_to_keep_alive",
            ),
            models.Index(
                fields=["service_change_until", "id"], condition=~models.Q(service_change=""), name="line_changing"
            ),
        ]

    def __str__(self) -> str:
        return self.nickname or self.msisdn or self.public_id

    @property
    def own_last_use(self) -> datetime | None:
        """When its owner used it last; how whoever had the card before them used it is told to nobody."""
        is_own = self.last_used_at is not None and self.last_used_at >= self.created_at
        return self.last_used_at if is_own else None

    @property
    def is_suspended(self) -> bool:
        return self.service_state == ServiceState.SUSPENDED

    @property
    def is_suspended_unpaid(self) -> bool:
        """Whether payment puts it back into service."""
        return self.is_suspended and self.suspended_for == SuspendedFor.UNPAID

    @property
    def zone(self) -> ZoneInfo:
        """Where this line's days begin."""
        return zone_or_utc(self.time_zone)
