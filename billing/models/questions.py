"""What was asked before a renewal, and what the subscriber answered."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.subscriptions import Subscription
from portal.lib.money import Money

if TYPE_CHECKING:
    from accounts.models import User


class RenewalQuestionQuerySet(models.QuerySet["RenewalQuestion"]):
    def unanswered(self, now: datetime) -> "RenewalQuestionQuerySet":
        """Questions that can still be answered: the paid time has not ended."""
        return self.filter(answer="", ends_at__gt=now)


class RenewalQuestion(models.Model):
    """One question "renew this line for this price?", about one period; it is answered once.

    `ends_at` is the end of the paid time: an answer later than that moves nothing.
    """

    class Answer(models.TextChoices):
        RENEW = "renew", _("renew")
        SKIP = "skip", _("skip this time")
        STOP = "stop", _("turn auto-renewal off")

    subscription = models.ForeignKey(
        Subscription, on_delete=models.PROTECT, related_name="questions", verbose_name=_("auto-renewal")
    )
    period_index = models.PositiveIntegerField(_("period"))
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("price asked about"))
    asked_at = models.DateTimeField(_("asked"))
    ends_at = models.DateTimeField(_("paid until"))
    answer = models.CharField(_("answer"), max_length=6, choices=Answer.choices, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_from = models.GenericIPAddressField(_("answered from"), null=True, blank=True)

    objects = RenewalQuestionQuerySet.as_manager()

    class Meta:
        verbose_name = _("question before a renewal")
        verbose_name_plural = _("questions before renewals")
        constraints = [
            models.UniqueConstraint(fields=["subscription", "period_index"], name="question_one_a_period"),
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True) | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="question_answer_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id}/{self.period_index}"

    @property
    def owner(self) -> "User":
        return self.subscription.line.owner

    @property
    def price(self) -> Money:
        return Money(self.amount, self.currency)
