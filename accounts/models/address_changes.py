"""Addresses that staff change for people who have no access to theirs any more."""

from datetime import datetime
from enum import nonmember
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.two_people import REQUESTED, WAITS, TwoPeopleQuerySet, TwoPeopleRequest
from portal.lib.public_ids import PublicIdField

if TYPE_CHECKING:
    from accounts.models.users import User

ADDRESS_LENGTH = 254


class AddressChangeQuerySet(TwoPeopleQuerySet["AddressChange"]):
    def owned_by(self, user: "User") -> "AddressChangeQuerySet":
        return self.filter(user=user)

    def open(self) -> "AddressChangeQuerySet":
        """Those that may still come about."""
        return self.filter(state__in=AddressChange.State.OPEN)

    def agreed(self) -> "AddressChangeQuerySet":
        """Those that come about unless somebody stops them, or nobody proves the new address."""
        return self.filter(state=AddressChange.State.AGREED)

    def due(self, now: datetime) -> "AddressChangeQuerySet":
        """Those whose time to object is over, whether the new address was proved or not."""
        return self.agreed().filter(changes_at__lte=now).order_by("changes_at", "id")


class AddressChange(TwoPeopleRequest):
    """A new e-mail address or number for somebody who has lost both.

    REQUESTED waits until a second person agrees. AGREED waits for two things: the new address is proved by the link that
    went there, and `changes_at`, until which a link that went to every old address stops it. It is DONE after both; LAPSED
    when the link was not used in time, or somebody else had the address by then.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail address")
        PHONE = "phone", _("mobile number")

    class State(models.TextChoices):
        REQUESTED = WAITS
        AGREED = "agreed", _("waits for proof and for the time to object")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        STOPPED = "stopped", _("stopped")
        LAPSED = "lapsed", _("lapsed")

        OPEN = nonmember(frozenset({"requested", "agreed"}))

    public_id = PublicIdField(prefix="adc")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="address_changes", verbose_name=_("user")
    )
    kind = models.CharField(_("what is changed"), max_length=5, choices=Kind.choices)
    address = models.CharField(_("new address or number"), max_length=ADDRESS_LENGTH, blank=True)
    removes_phone = models.BooleanField(
        _("takes the number off"), default=False, help_text=_("With a new e-mail address: the number is lost as well.")
    )
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.REQUESTED)
    changes_at = models.DateTimeField(_("changes"), null=True, blank=True, help_text=_("Not before, and once proved."))
    proved_at = models.DateTimeField(_("proved"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = AddressChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of address by support")
        verbose_name_plural = _("changes of address by support")
        permissions = [("approve_addresschange", "Can approve changes of address as others requested")]
        constraints = [
            *TwoPeopleRequest.Meta.constraints,
            models.UniqueConstraint(
                fields=["user"], condition=Q(state__in=["requested", "agreed"]), name="addresschange_one_open_a_user"
            ),
            models.CheckConstraint(
                condition=Q(state=REQUESTED) | Q(changes_at__isnull=False) | Q(state__in=["refused", "stopped"]),
                name="addresschange_agreed_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(proved_at__isnull=False, decided_by__isnull=False),
                name="addresschange_done_is_proved",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "agreed"], ended_at__isnull=True)
                | (~Q(state__in=["requested", "agreed"]) & Q(ended_at__isnull=False)),
                name="addresschange_end_has_time",
            ),
            models.CheckConstraint(condition=~Q(decided_by=F("user")), name="addresschange_not_ones_own"),
        ]
        indexes = [
            models.Index(fields=["changes_at", "id"], condition=Q(state="agreed"), name="addresschange_due"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_open(self) -> bool:
        return self.state in AddressChange.State.OPEN
