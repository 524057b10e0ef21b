"""Moving a line to another device."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line
from esim.models.profiles import DownloadState, SimProfile
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class ReplacementQuerySet(models.QuerySet["Replacement"]):
    def owned_by(self, user: "User") -> "ReplacementQuerySet":
        return self.filter(line__owner=user)

    def under_way(self) -> "ReplacementQuerySet":
        return self.filter(state__in=sorted(Replacement.UNDER_WAY))

    def going_over(self) -> "ReplacementQuerySet":
        """Those whose line the network is moving, there or back: of its two profiles nobody knows which has it."""
        return self.filter(state__in=[Replacement.State.MOVING, Replacement.State.UNDOING])

    def to_look_at(self, now: datetime) -> "ReplacementQuerySet":
        """What the tick takes further, also where news of the device came before its turn; few are under way."""
        told = Q(
            state=Replacement.State.TO_INSTALL,
            new_profile__download_state__in=[DownloadState.INSTALLED, DownloadState.ENABLED],
        )
        return self.under_way().filter(Q(look_at__lte=now) | told).order_by("look_at", "id")


class Replacement(models.Model):
    """One wish to have a line on another device, or on the same one again.

    The old profile keeps working until the new one was seen online: `old_profile` is ended last.
    """

    class Reason(models.TextChoices):
        NEW_PHONE = "new_phone", _("a new phone")
        LOST = "lost", _("the phone is lost or stolen")
        DELETED = "deleted", _("the eSIM was deleted by accident")
        BROKEN = "broken", _("the phone or the eSIM does not work any more")

    class State(models.TextChoices):
        ORDERING = "ordering", _("the new profile is being ordered")
        TO_INSTALL = "to_install", _("to be installed")
        MOVING = "moving", _("the line is being moved")
        ONLINE = "online", _("the new profile is online")
        ENDING = "ending", _("the old profile is being ended")
        UNDOING = "undoing", _("being undone")
        DONE = "done", _("done")
        UNDONE = "undone", _("undone")
        FAILED = "failed", _("failed")

    UNDER_WAY = frozenset({"ordering", "to_install", "moving", "online", "ending", "undoing"})

    NETWORK_ASKED = frozenset({"ordering", "moving", "ending", "undoing"})
    """Those in which nobody but the network is waited for."""

    public_id = PublicIdField(prefix="rpl")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="replacements", verbose_name=_("line"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    same_code = models.BooleanField(_("with the same activation code"), default=False)
    eid = models.CharField(_("EID of the new device"), max_length=32, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ORDERING)
    old_profile = models.ForeignKey(
        SimProfile, on_delete=models.PROTECT, related_name="replaced_by", verbose_name=_("old profile")
    )
    new_profile = models.ForeignKey(
        SimProfile,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaces",
        verbose_name=_("new profile"),
    )
    problem = models.CharField(_("problem"), max_length=200, blank=True)
    look_at = models.DateTimeField(_("look at again"), null=True, blank=True, default=timezone.now)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    moved_at = models.DateTimeField(_("state changed"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = ReplacementQuerySet.as_manager()

    class Meta:
        verbose_name = _("replacement")
        verbose_name_plural = _("replacements")
        constraints = [
            models.UniqueConstraint(
                fields=["line"],
                condition=Q(state__in=["ending", "moving", "online", "ordering", "to_install", "undoing"]),
                name="replacement_one_at_a_time",
            )
        ]
        indexes = [
            models.Index(
                fields=["look_at", "id"],
                condition=Q(state__in=["ending", "moving", "online", "ordering", "to_install", "undoing"]),
                name="replacement_to_look_at",
            )
        ]

    def __str__(self) -> str:
        return f"{self.public_id} ({self.state})"
