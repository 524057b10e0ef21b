"""What one member of staff asks for and another one decides."""

from typing import Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

REQUESTED = "requested"
WAITS = (REQUESTED, _("waits for a second person"))


RequestT = TypeVar("RequestT", bound="TwoPeopleRequest")


class TwoPeopleQuerySet(models.QuerySet[RequestT]):
    def waiting(self) -> Self:
        """Those on which a second person has not decided."""
        return self.filter(state=REQUESTED)


class TwoPeopleRequest(models.Model):
    """A request for which somebody gave a reason, and a decision that is never theirs.

    The states of the concrete model begin with `WAITS`; whatever ends that also writes `decided_at`. Without
    `decided_by` it took no second person.
    """

    state = models.CharField(_("state"), max_length=9, default=REQUESTED)
    reason = models.CharField(_("reason"), max_length=300)
    refusal = models.CharField(_("why it was refused"), max_length=100, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
        help_text=_("The second person, where there was one."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="%(class)s_has_a_reason"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
                name="%(class)s_decided_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state=REQUESTED, decided_at__isnull=True)
                | (~Q(state=REQUESTED) & Q(decided_at__isnull=False)),
                name="%(class)s_decision_has_time",
            ),
        ]
