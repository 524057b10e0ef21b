"""Taking one's data along, and closing one's account."""

from datetime import datetime
from enum import nonmember

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.documents import Document
from portal.lib.public_ids import PublicIdField


class DataExport(models.Model):
    """Somebody's wish for a copy of everything that is kept about them; a worker makes it a `document`."""

    public_id = PublicIdField(prefix="exp")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exports", verbose_name=_("user")
    )
    document = models.OneToOneField(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("document")
    )
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)

    class Meta:
        verbose_name = _("copy of somebody's data")
        verbose_name_plural = _("copies of people's data")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(document__isnull=True), name="data_export_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    def is_ready(self, now: datetime) -> bool:
        """Whether it can be fetched; `document` has been loaded along."""
        made = self.document
        return made is not None and made.erased_at is None and (made.erase_at is None or made.erase_at > now)


class AccountClosingQuerySet(models.QuerySet["AccountClosing"]):
    def under_way(self) -> "AccountClosingQuerySet":
        return self.filter(state__in=[AccountClosing.State.ASKED, AccountClosing.State.ENDING])

    def gone(self) -> "AccountClosingQuerySet":
        """Those whose balance was taken out of the books: nobody signs in any more, for good."""
        return self.filter(state__in=AccountClosing.State.GONE)

    def due(self, now: datetime) -> "AccountClosingQuerySet":
        return self.under_way().filter(look_at__lte=now).order_by("look_at", "id")


class AccountClosing(models.Model):
    """Somebody's wish to close their account: it can be taken back until `closes_at`.

    `given_up` is the balance that its owner saw and gave up, in minor units by currency; more than that is not.
    ENDING is the time between the end of the lines and the moment at which nothing tells any more whose they were.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("asked for")
        WITHDRAWN = "withdrawn", _("withdrawn")
        ENDING = "ending", _("being closed")
        CLOSED = "closed", _("closed")

        GONE = nonmember(frozenset({"ending", "closed"}))

    public_id = PublicIdField(prefix="cls")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="closings", verbose_name=_("user")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.ASKED)
    given_up = models.JSONField(_("given up"), default=dict, blank=True)
    asked_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)
    closes_at = models.DateTimeField(_("closes"))
    look_at = models.DateTimeField(_("look again"), editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    held_by = models.CharField(_("held by"), max_length=40, blank=True, help_text=_("What stands in the way."))

    objects = AccountClosingQuerySet.as_manager()

    class Meta:
        verbose_name = _("closing of an account")
        verbose_name_plural = _("closings of accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state__in=["asked", "ending"]), name="account_closing_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "ending"], ended_at__isnull=True)
                | Q(state__in=["withdrawn", "closed"], ended_at__isnull=False),
                name="account_closing_end_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["look_at", "id"], condition=Q(state__in=["asked", "ending"]), name="account_closing_due"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id
