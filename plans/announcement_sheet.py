"""Announcements as a sheet: one row each, found by its title and from when it is shown."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from import_export.fields import Field
from import_export.instance_loaders import ModelInstanceLoader
from tablib import Dataset  # type: ignore[import-untyped]

from plans import announcements
from plans.columns import ChoiceColumn, FlagColumn, MomentColumn, TextColumn, WordsColumn
from plans.models import Announcement
from portal.lib.sheets import SheetOptions, SheetResource


def checked_link(text: str) -> str:
    """Return where an announcement leads; raises ValidationError for what is neither a page of ours nor https."""
    link = text.strip()
    is_path = link.startswith("/") and not link.startswith(("//", "/\\"))
    if link and not is_path and not link.startswith("https://"):
        raise forms.ValidationError(_("Write a page of this portal, such as /plans/, or an https:// address."))
    return link


class LinkColumn(TextColumn):
    def clean(self, value: object, **kwargs: Any) -> str:
        return checked_link(super().clean(value, **kwargs))


class AnnouncementResource(SheetResource):
    title = Field("title", "title", TextColumn())
    shown_from = Field("shown_from", "shown_from", MomentColumn())
    shown_until = Field("shown_until", "shown_until", MomentColumn())
    title_zh_hans = Field("title_zh_hans", "title_zh_hans", TextColumn())
    title_zh_hant = Field("title_zh_hant", "title_zh_hant", TextColumn())
    text = Field("text", "text", TextColumn())
    text_zh_hans = Field("text_zh_hans", "text_zh_hans", TextColumn())
    text_zh_hant = Field("text_zh_hant", "text_zh_hant", TextColumn())
    link = Field("link", "link", LinkColumn())
    level = Field("level", "level", ChoiceColumn(Announcement.Level.values))
    languages = Field("languages", "languages", WordsColumn(lambda: dict(settings.LANGUAGES)))
    audience = Field("audience", "audience", ChoiceColumn(Announcement.Audience.values))
    is_banner = Field("is_banner", "is_banner", FlagColumn())
    is_dismissible = Field("is_dismissible", "is_dismissible", FlagColumn())

    class Meta(SheetOptions):
        model = Announcement
        exclude = ("id", "public_id", "dismissals")
        import_id_fields = ("title", "shown_from")
        # The one that remembers rows knows keys of one column only.
        instance_loader_class = ModelInstanceLoader

    def after_import(self, _dataset: Dataset, _result: Any, **_kwargs: Any) -> None:
        announcements.forget()
