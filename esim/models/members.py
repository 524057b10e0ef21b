"""Who besides its owner may see a line, or pay for it."""

from datetime import datetime
from enum import nonmember
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class Role(models.TextChoices):
    PAYER = "payer", _("may pay for it")
    VIEWER = "viewer", _("may look at it")


class LineMemberQuerySet(models.QuerySet["LineMember"]):
    def owned_by(self, user: "User") -> "LineMemberQuerySet":
        """Those whom this person may send away: everybody on their lines, and themselves on others'."""
        return self.filter(Q(line__owner=user) | Q(user=user))


class LineMember(models.Model):
    """Somebody whom the owner of a line lets look at it, or pay for it. A role that ended is no row; the trail knows."""

    public_id = PublicIdField(prefix="mem")
    line = models.ForeignKey(
        Line,
        on_delete=models.PROTECT,
        db_index=False,  # member_once_a_line begins with it
        related_name="members",
        verbose_name=_("line"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=8, choices=Role.choices)
    created_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)

    objects = LineMemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("member of a line")
        verbose_name_plural = _("members of lines")
        constraints = [models.UniqueConstraint(fields=["line", "user"], name="member_once_a_line")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class LineInvitationQuerySet(models.QuerySet["LineInvitation"]):
    def owned_by(self, user: "User") -> "LineInvitationQuerySet":
        return self.filter(line__owner=user)

    def open(self, now: datetime) -> "LineInvitationQuerySet":
        """Those that can still be accepted."""
        return self.filter(state=LineInvitation.State.OPEN, expires_at__gt=now)


class LineInvitation(models.Model):
    """An offer to look at a line, or to pay for it, sent to an e-mail address; its link is signed and works once.

    One that is past `expires_at` stays OPEN in its row and can't be accepted; `state` moves by conditional UPDATE.
    """

    class State(models.TextChoices):
        OPEN = "open", _("waits for an answer")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")

        OVER = nonmember(frozenset({"accepted", "declined", "withdrawn"}))

    public_id = PublicIdField(prefix="ivt")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="invitations", verbose_name=_("line"))
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="invitations_made",
        verbose_name=_("invited by"),
    )
    email = models.EmailField(_("e-mail"))
    role = models.CharField(_("role"), max_length=8, choices=Role.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("accepted by"),
    )
    created_at = models.DateTimeField(_("sent"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    ended_at = models.DateTimeField(_("answered or withdrawn"), null=True, blank=True, editable=False)

    objects = LineInvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation to a line")
        verbose_name_plural = _("invitations to lines")
        constraints = [
            models.UniqueConstraint(fields=["line", "email"], condition=Q(state="open"), name="invitation_one_open"),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_in_lower_case"),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(accepted_by__isnull=False), name="invitation_accepted_by_somebody"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="invitation_expires_later"),
        ]
        indexes = [
            models.Index(fields=["invited_by", "created_at"], name="invitation_by_sender"),
            models.Index(fields=["email", "created_at"], name="invitation_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_role_display()})"

    def can_be_accepted(self, now: datetime) -> bool:
        return self.state == self.State.OPEN and now < self.expires_at
