"""What the operator tells everybody, or everybody in a language: on a page of its own, and as a banner."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from portal.lib.public_ids import PublicIdField


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def not_ended(self, now: datetime) -> "AnnouncementQuerySet":
        """Those that are shown at `now` or will be; walks the index announcement_by_end."""
        return self.filter(Q(shown_until__isnull=True) | Q(shown_until__gt=now))

    def newest_first(self) -> "AnnouncementQuerySet":
        return self.order_by("-shown_from", "-id")


class Announcement(models.Model):
    """News in up to three languages, shown from `shown_from` until, not including, `shown_until`.

    Without `languages` it is for readers of every language; where a translation is missing they read English.
    """

    class Audience(models.TextChoices):
        EVERYBODY = "everybody", _("everybody")
        SIGNED_IN = "signed_in", _("whoever is signed in")

    class Level(models.TextChoices):
        INFO = "info", _("news")
        WARNING = "warning", _("warning")

    public_id = PublicIdField(prefix="ann")
    title = models.CharField(_("title (English)"), max_length=100)
    title_zh_hans = models.CharField(_("title (Simplified Chinese)"), max_length=100, blank=True)
    title_zh_hant = models.CharField(_("title (Traditional Chinese)"), max_length=100, blank=True)
    text = models.TextField(_("text (English)"), max_length=2000, blank=True)
    text_zh_hans = models.TextField(_("text (Simplified Chinese)"), max_length=2000, blank=True)
    text_zh_hant = models.TextField(_("text (Traditional Chinese)"), max_length=2000, blank=True)
    link = models.CharField(
        _("link"),
        max_length=300,
        blank=True,
        help_text=_("A page of this portal, such as /plans/, or an address that begins with https://."),
    )
    level = models.CharField(_("level"), max_length=10, choices=Level.choices, default=Level.INFO)
    languages = models.JSONField(_("languages"), default=list, blank=True, help_text=_("None chosen: all of them."))
    audience = models.CharField(_("for whom"), max_length=10, choices=Audience.choices, default=Audience.EVERYBODY)
    is_banner = models.BooleanField(
        _("banner"), default=False, help_text=_("Stands on top of every page, not only among the announcements.")
    )
    is_dismissible = models.BooleanField(
        _("can be closed"), default=True, help_text=_("Whoever closes the banner does not see it again.")
    )
    shown_from = models.DateTimeField(_("shown from"), default=timezone.now)
    shown_until = models.DateTimeField(_("shown until"), null=True, blank=True, help_text=_("Empty: until changed."))

    history = HistoricalRecords()
    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        constraints = [
            models.CheckConstraint(
                condition=Q(shown_until__isnull=True) | Q(shown_until__gt=F("shown_from")),
                name="announcement_ends_after_start",
            ),
        ]
        indexes = [models.Index(fields=["shown_until"], name="announcement_by_end")]

    def __str__(self) -> str:
        return self.title

    @property
    def label(self) -> str:
        """The title in the active language; English where no translation was entered."""
        suffix = {"zh-hans": "_zh_hans", "zh-hant": "_zh_hant"}.get(translation.get_language() or "", "")
        return str(getattr(self, f"title{suffix}") or self.title)


class AnnouncementDismissal(models.Model):
    """Somebody closed a banner. `reader` is a fingerprint of the person: this app knows no accounts."""

    announcement = models.ForeignKey(
        Announcement,
        on_delete=models.CASCADE,
        db_index=False,
        related_name="dismissals",
        verbose_name=_("announcement"),
    )
    reader = models.CharField(_("reader"), max_length=32)
    at = models.DateTimeField(_("at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("closed banner")
        verbose_name_plural = _("closed banners")
        constraints = [
            models.UniqueConstraint(fields=["reader", "announcement"], name="announcement_dismissed_once_a_reader")
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.reader}"
