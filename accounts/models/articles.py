"""What the help centre says, and whether it helped."""

from django.core.validators import validate_slug
from django.db import models
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from portal.lib.markdown import validate_markdown

WORDS_LENGTH = 500
SUFFIXES = {"zh-hans": "_zh_hans", "zh-hant": "_zh_hant"}


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> "ArticleQuerySet":
        return self.filter(is_published=True)

    def in_order(self) -> "ArticleQuerySet":
        """As staff arranged them."""
        return self.order_by("position", "pk")


class Article(models.Model):
    """An answer of the help centre, in three languages; pages of the portal link to it by its slug.

    `shipped` is the digest of the text as the portal brought it: while it still fits, nobody has edited the article,
    and a release may bring a better one.
    """

    class Topic(models.TextChoices):
        RENEWING = "renewing", _("Renewing")
        PAYING = "paying", _("Paying")
        PLANS = "plans", _("Plans and data")
        USING = "using", _("Installing and using the eSIM")
        ACCOUNT = "account", _("Signing in and your account")
        CARD = "card", _("Physical SIM and outlets")

    slug = models.SlugField(
        _("address"),
        max_length=60,
        unique=True,
        validators=[validate_slug],
        help_text=_("The last part of its address. It stays: other pages link to it."),
    )
    topic = models.CharField(_("topic"), max_length=10, choices=Topic.choices)
    position = models.PositiveIntegerField(_("position"), default=0, db_index=True)
    is_published = models.BooleanField(_("published"), default=True)
    title = models.CharField(_("title (English)"), max_length=120)
    title_zh_hans = models.CharField(_("title (Simplified Chinese)"), max_length=120, blank=True)
    title_zh_hant = models.CharField(_("title (Traditional Chinese)"), max_length=120, blank=True)
    body = models.TextField(_("text (English)"), validators=[validate_markdown])
    body_zh_hans = models.TextField(_("text (Simplified Chinese)"), blank=True, validators=[validate_markdown])
    body_zh_hant = models.TextField(_("text (Traditional Chinese)"), blank=True, validators=[validate_markdown])
    keywords = models.TextField(
        _("other words for it"),
        blank=True,
        help_text=_("What people type when they look for this, in any language, separated by blanks."),
    )
    shipped = models.CharField(max_length=64, blank=True, editable=False)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now, editable=False)

    history = HistoricalRecords()
    objects = ArticleQuerySet.as_manager()

    class Meta:
        verbose_name = _("help article")
        verbose_name_plural = _("help articles")
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.heading

    @property
    def heading(self) -> str:
        """The title in the active language; English where no translation was entered."""
        return self._in_language("title")

    @property
    def text(self) -> str:
        return self._in_language("body")

    def _in_language(self, field: str) -> str:
        suffix = SUFFIXES.get(translation.get_language() or "", "")
        return str(getattr(self, field + suffix) or getattr(self, field))


class ArticleFeedback(models.Model):
    """Whether an article helped somebody: one answer a person or session, and nobody can read whose it is."""

    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="feedback", verbose_name=_("help article")
    )
    voter = models.CharField(max_length=64, editable=False)
    is_useful = models.BooleanField(_("useful"))
    words = models.TextField(_("in words"), max_length=WORDS_LENGTH, blank=True)
    language = models.CharField(_("language"), max_length=8)
    at = models.DateTimeField(_("at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("opinion about an article")
        verbose_name_plural = _("opinions about articles")
        constraints = [
            models.UniqueConstraint(fields=["article", "voter"], name="article_feedback_once"),
            models.CheckConstraint(condition=~Q(voter=""), name="article_feedback_has_voter"),
        ]
        indexes = [models.Index(fields=["-at"], name="article_feedback_by_time")]

    def __str__(self) -> str:
        return f"{self.article.slug} {'+' if self.is_useful else '-'}"
