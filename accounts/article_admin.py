"""Where staff write the help centre, see how it will look, and what readers thought of it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import display

from accounts.article_opinions import tallied
from accounts.models import Article, ArticleFeedback
from accounts.shipped_articles import digest_of
from portal.lib.help_links import SITUATIONS
from portal.lib.help_text import filled_in
from portal.lib.markdown import render_markdown
from portal.lib.staff import KeptAdmin, ReadOnlyAdmin, moment_column

RESERVED = {"tickets", "official-channels"}
"""Addresses below /help/ that are pages of their own."""

# On a white sheet in both themes: the admin's stylesheet has these colours for a light ground only.
PREVIEW = (
    '<div class="mb-6"><p class="font-semibold mb-2">{}</p>'
    '<div class="bg-white border border-base-200 max-w-2xl p-4 prose rounded-default">{}</div></div>'
)
MARKS = _(
    "A small Markdown: ## heading, - list, 1. list, **bold**, [words](page:plans:catalogue) for a page of the portal,"
    " [words](help:roaming) for another article. {brand}, {support_email}, {promise_minutes} and {refund_days} are filled in."
)

TEXTS = ("title", "body", "title_zh_hans", "body_zh_hans", "title_zh_hant", "body_zh_hant")

changed = moment_column("updated_at", _("changed"))
at = moment_column("at", _("at"))


class ArticleForm(forms.ModelForm[Article]):
    class Meta:
        model = Article
        fields = ("slug", "topic", "is_published", "keywords", *TEXTS)
        help_texts = {"body": MARKS}

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"])
        if slug in RESERVED:
            raise forms.ValidationError(_("Another page has this address."))
        return slug


class ArticleAdmin(SimpleHistoryAdmin, KeptAdmin):  # type: ignore[misc]
    form = ArticleForm
    list_display = ("heading_column", "topic", "is_published", "yes_column", "no_column", "text_column", changed)
    list_display_links = ("heading_column",)
    list_filter = ("topic", "is_published")
    search_fields = ("slug", "title", "title_zh_hans", "title_zh_hant", "keywords", "body")
    ordering = ("position", "id")
    ordering_field = "position"
    hide_ordering_field = True
    actions = ("publish", "hide")
    readonly_fields = ("links", "preview")
    fieldsets = (
        (None, {"fields": (("slug", "topic"), "is_published", "keywords", "links")}),
        (_("English"), {"fields": ("title", "body")}),
        (_("Simplified Chinese"), {"fields": ("title_zh_hans", "body_zh_hans")}),
        (_("Traditional Chinese"), {"fields": ("title_zh_hant", "body_zh_hant")}),
        (_("As it was saved"), {"fields": ("preview",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        articles: QuerySet[Article] = super().get_queryset(request)
        return articles.annotate(**tallied())

    def get_readonly_fields(self, request: HttpRequest, obj: Article | None = None) -> tuple[str, ...]:
        fixed = ("slug",) if obj else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def view_on_site(self, obj: Article) -> str:
        return reverse("help_article", args=[obj.slug])

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.updated_at = timezone.now()
        if not change:
            last = Article.objects.in_order().last()
            obj.position = last.position + 1 if last else 1
        super().save_model(request, obj, form, change)

    @display(description=_("help article"), ordering="title", header=True)  # type: ignore[untyped-decorator]
    def heading_column(self, article: Article) -> list[str]:
        return [article.heading, article.slug]

    @display(description=_("useful"), ordering="yes_count")  # type: ignore[untyped-decorator]
    def yes_column(self, article: Any) -> int:
        return int(article.yes_count)

    @display(description=_("not useful"), ordering="no_count")  # type: ignore[untyped-decorator]
    def no_column(self, article: Any) -> int:
        return int(article.no_count)

    @display(description=_("text"), label={"ours": "info", "edited": "success"})  # type: ignore[untyped-decorator]
    def text_column(self, article: Article) -> tuple[str, Any]:
        """Say whether a release may still bring a better text."""
        if article.shipped and article.shipped == digest_of(article):
            return "ours", _("as shipped")
        return "edited", _("your own")

    @display(description=_("linked from"))  # type: ignore[untyped-decorator]
    def links(self, article: Article) -> str:
        """Name the troubles whose pages link here: hidden, they lead to the help centre instead."""
        found = [name.replace("_", " ") for name, link in SITUATIONS.items() if link.slug == article.slug]
        return ", ".join(found) or "–"

    @display(description=_("preview"))  # type: ignore[untyped-decorator]
    def preview(self, article: Article) -> SafeString:
        texts = [
            (getattr(article, f"title{end}"), getattr(article, f"body{end}")) for end in ("", "_zh_hans", "_zh_hant")
        ]
        return format_html_join(
            "", PREVIEW, ((title, render_markdown(filled_in(body))) for title, body in texts if title or body)
        )

    @admin.action(description=_("Publish"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        self._switch(queryset, is_published=True)

    @admin.action(description=_("Hide"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        self._switch(queryset, is_published=False)

    def _switch(self, articles: QuerySet[Article], *, is_published: bool) -> None:
        """Save one by one: an UPDATE of many leaves no history."""
        for article in articles.exclude(is_published=is_published):
            article.is_published = is_published
            article.save(update_fields=["is_published"])


class ArticleFeedbackAdmin(ReadOnlyAdmin):
    list_display = ("article", "useful_column", "words", "language", at)
    list_filter = ("is_useful", "article", "language", "at")
    list_select_related = ("article",)
    search_fields = ("words",)
    ordering = ("-at",)
    hidden = ("id", "voter")

    def has_delete_permission(self, request: HttpRequest, _obj: Model | None = None) -> bool:
        """Words of strangers may have to go."""
        return bool(request.user.has_perm("accounts.delete_articlefeedback"))

    @display(description=_("useful"), label={"yes": "success", "no": "danger"})  # type: ignore[untyped-decorator]
    def useful_column(self, opinion: ArticleFeedback) -> tuple[str, Any]:
        return ("yes", _("Yes")) if opinion.is_useful else ("no", _("No"))
