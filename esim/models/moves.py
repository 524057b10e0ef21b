"""Giving a line to another account."""

from datetime import datetime
from enum import nonmember
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from esim.models.lines import Line
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models import User


class LineMoveQuerySet(models.QuerySet["LineMove"]):
    def owned_by(self, user: "User") -> "LineMoveQuerySet":
        """Those that this person may follow and stop: as who gives a line away, or as who said yes to it."""
        return self.filter(Q(from_owner=user) | Q(to_owner=user))

    def under_way(self) -> "LineMoveQuerySet":
        return self.filter(state__in=LineMove.State.UNDER_WAY)

    def due(self, now: datetime) -> "LineMoveQuerySet":
        """Agreed moves whose time to think is over; walks the index move_due."""
        return self.filter(state=LineMove.State.AGREED, moves_at__lte=now).order_by("moves_at", "id")


class LineMove(models.Model):
    """One wish to give a line to another account.

    OFFERED waits for whoever has the e-mail address, AGREED for the end of the cool-off, in which either can undo it.
    What moves is the SIM with its number and what is left on it: `new_line` is the new owner's, the former one ends.
    """

    class State(models.TextChoices):
        OFFERED = "offered", _("waits for the other's yes")
        AGREED = "agreed", _("agreed; waits for the cool-off")
        DONE = "done", _("moved")
        WITHDRAWN = "withdrawn", _("withdrawn")
        DECLINED = "declined", _("declined")
        UNDONE = "undone", _("undone before it moved")

        UNDER_WAY = nonmember(frozenset({"offered", "agreed"}))

    public_id = PublicIdField(prefix="mov")
    line = models.ForeignKey(Line, on_delete=models.PROTECT, related_name="moves", verbose_name=_("line"))
    from_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="moves_offered", verbose_name=_("given by")
    )
    to_email = models.EmailField(_("given to"))
    to_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="moves_accepted",
        verbose_name=_("accepted by"),
    )
    by_claim = models.BooleanField(
        _("claimed with a code"), default=False, help_text=_("The giver’s yes was a code sent to their e-mail address.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OFFERED)
    new_line = models.OneToOneField(
        Line,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="moved_from",
        verbose_name=_("line of the new owner"),
    )
    waits_for = models.CharField(_("waits for"), max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(_("offered"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("to be accepted by"))
    agreed_at = models.DateTimeField(_("agreed"), null=True, blank=True, editable=False)
    moves_at = models.DateTimeField(_("moves"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)

    objects = LineMoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("move to another account")
        verbose_name_plural = _("moves to other accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["line"], condition=Q(state__in=["offered", "agreed"]), name="move_one_under_way_a_line"
            ),
            models.CheckConstraint(condition=Q(to_email=Lower("to_email")), name="move_email_in_lower_case"),
            models.CheckConstraint(
                condition=~Q(state__in=["agreed", "done"]) | Q(to_owner__isnull=False, moves_at__isnull=False),
                name="move_agreed_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(new_line__isnull=False), name="move_done_has_new_line"
            ),
        ]
        indexes = [models.Index(fields=["moves_at", "id"], condition=Q(state="agreed"), name="move_due")]

    def __str__(self) -> str:
        return f"{self.line} → {self.to_email}"

    def can_be_accepted(self, now: datetime) -> bool:
        return self.state == self.State.OFFERED and now < self.expires_at
