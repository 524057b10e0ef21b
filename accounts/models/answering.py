"""What staff keep beside the tickets: replies they use again, and notes among themselves."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords

from accounts.models.articles import SUFFIXES
from accounts.models.tickets import MESSAGE_LENGTH, Ticket


class ReplyTemplate(models.Model):
    """A reply that fits many tickets, sent in the language of whoever asked."""

    name = models.CharField(
        pgettext_lazy("of a thing", "name"), max_length=80, unique=True, help_text=_("For staff only.")
    )
    position = models.PositiveIntegerField(_("position"), default=0, db_index=True)
    is_active = models.BooleanField(_("offered"), default=True)
    text = models.TextField(
        _("text (English)"),
        max_length=MESSAGE_LENGTH,
        help_text=_("{name}, {ticket} and {brand} stand for the subscriber’s name, the ticket and ours."),
    )
    text_zh_hans = models.TextField(_("text (Simplified Chinese)"), max_length=MESSAGE_LENGTH, blank=True)
    text_zh_hant = models.TextField(_("text (Traditional Chinese)"), max_length=MESSAGE_LENGTH, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("reply template")
        verbose_name_plural = _("reply templates")
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.name

    def text_in(self, language: str) -> str:
        """Return the text in this language; English where no translation was entered."""
        return str(getattr(self, f"text{SUFFIXES.get(language, '')}") or self.text)


class TicketNote(models.Model):
    """What staff tell each other about a ticket. Rows of their own: no page of the subscriber reads this table."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="notes", verbose_name=_("ticket"))
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("member of staff")
    )
    key = models.CharField(max_length=120, unique=True, editable=False)
    text = models.TextField(_("text"), max_length=MESSAGE_LENGTH)
    at = models.DateTimeField(_("at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("internal note")
        verbose_name_plural = _("internal notes")

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.at:%Y-%m-%d}"
