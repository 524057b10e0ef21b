"""Where staff announce something, look at it as readers will, and see who changed what."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from plans import announcements
from plans.announcement_sheet import AnnouncementResource, checked_link
from plans.models import Announcement
from portal.lib.sheets import SheetAdmin
from portal.lib.staff import StaffAdmin

SHOWN, COMING, ENDED = "shown", "coming", "ended"


class AnnouncementForm(forms.ModelForm[Announcement]):
    languages = forms.MultipleChoiceField(
        label=_("Languages"),
        required=False,
        choices=settings.LANGUAGES,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=_("Whose pages show it. None chosen: all of them."),
    )

    class Meta:
        model = Announcement
        fields = (
            "title",
            "title_zh_hans",
            "title_zh_hant",
            "text",
            "text_zh_hans",
            "text_zh_hant",
            "link",
            "level",
            "languages",
            "audience",
            "is_banner",
            "is_dismissible",
            "shown_from",
            "shown_until",
        )

    def clean_link(self) -> str:
        return checked_link(str(self.cleaned_data["link"]))

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        begins, ends = (cleaned or {}).get("shown_from"), (cleaned or {}).get("shown_until")
        if begins and ends and ends <= begins:
            self.add_error("shown_until", _("It would end before it begins."))
        return cleaned


@admin.register(Announcement)
class AnnouncementAdmin(SimpleHistoryAdmin, StaffAdmin, SheetAdmin):  # type: ignore[misc]
    form = AnnouncementForm
    resource_classes = (AnnouncementResource,)
    list_display = ("title", "level", "audience", "is_banner", "shown_from", "shown_until", "status_column")
    list_filter = ("is_banner", "level", "audience")
    search_fields = ("title", "title_zh_hans", "title_zh_hant")
    ordering = ("-shown_from", "-id")
    fieldsets = (
        (
            None,
            {"fields": ("title", ("title_zh_hans", "title_zh_hant"), "text", ("text_zh_hans", "text_zh_hant"), "link")},
        ),
        (_("To whom"), {"fields": ("audience", "languages", "level", ("is_banner", "is_dismissible"))}),
        (_("When"), {"fields": ("shown_from", "shown_until")}),
    )

    def view_on_site(self, obj: Announcement) -> str:
        return reverse("plans:announcement", args=[obj.public_id])

    @display(description=_("status"), label={SHOWN: "success", COMING: "info", ENDED: ""})  # type: ignore[untyped-decorator]
    def status_column(self, row: Announcement) -> tuple[str, str]:
        now = timezone.now()
        if row.shown_from > now:
            return COMING, gettext("to come")
        is_over = row.shown_until is not None and row.shown_until <= now
        return (ENDED, gettext("ended")) if is_over else (SHOWN, gettext("shown"))

    def save_model(self, request: HttpRequest, obj: Announcement, form: Any, change: bool) -> None:  # noqa: FBT001
        super().save_model(request, obj, form, change)
        announcements.forget()

    def delete_model(self, request: HttpRequest, obj: Announcement) -> None:
        super().delete_model(request, obj)
        announcements.forget()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        super().delete_queryset(request, queryset)
        announcements.forget()
