"""Where staff make keys for programs, see when each was used last, and revoke them."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from accounts import api_tokens
from accounts.http import client_ip
from accounts.models import ApiToken, User
from portal.lib.staff import KeptAdmin, moment_column, person

created = moment_column("created_at", _("created"))
expires = moment_column("expires_at", _("expires"))
last_used = moment_column("last_used_at", _("last used"))
revoked = moment_column("revoked_at", _("revoked"))


class NewTokenForm(forms.ModelForm[ApiToken]):
    """What a token is for; the token itself is made by chance."""

    scopes = forms.MultipleChoiceField(
        label=_("scopes"), choices=list(api_tokens.SCOPES.items()), widget=forms.CheckboxSelectMultiple
    )
    expires_at = forms.SplitDateTimeField(label=_("expires"), required=False, widget=UnfoldAdminSplitDateTimeWidget)

    class Meta:
        model = ApiToken
        fields = ("name", "scopes", "source", "expires_at")
        widgets = {"name": UnfoldAdminTextInputWidget, "source": UnfoldAdminTextInputWidget}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if api_tokens.USAGE_WRITE in values.get("scopes", []) and not values.get("source"):
            self.add_error("source", _("Say whose usage records come with it: their ids are unique in one source."))
        return values


class ApiTokenAdmin(KeptAdmin):
    list_display = ("name", "user", "begins_with", "scope_words", "source", created, expires, last_used, revoked)
    list_filter = ("source", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "public_id", *person("user"))
    ordering = ("-id",)
    actions = ("revoke",)
    form = NewTokenForm
    hidden = ("digest",)
    fieldsets = ((None, {"fields": ("name", "scopes", "source", "expires_at")}),)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Nothing of a token changes but that it is revoked."""
        return obj is None and bool(super().has_change_permission(request, obj))

    @display(description=_("begins with"))  # type: ignore[untyped-decorator]
    def begins_with(self, token: ApiToken) -> str:
        return f"{token.prefix}…"

    @display(description=_("scopes"))  # type: ignore[untyped-decorator]
    def scope_words(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, _change: bool) -> None:  # noqa: FBT001
        given = form.cleaned_data
        token, request.new_token_secret = api_tokens.make(  # type: ignore[attr-defined]
            name=given["name"],
            scopes=given["scopes"],
            source=given["source"],
            expires_at=given["expires_at"],
            actor=_staff(request),
            ip=client_ip(request),
            now=timezone.now(),
        )
        obj.pk, obj.prefix = token.pk, token.prefix

    def response_add(self, request: HttpRequest, obj: ApiToken, _post_url_continue: Any = None) -> HttpResponse:
        """Show the token, this once: on the answer itself, not on a page that could be loaded again."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Copy the new token now"),
            "token": obj,
            "secret": request.new_token_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(
            request, "admin/new_token.html", context, headers={"Cache-Control": "private, no-store"}
        )

    @admin.action(description=_("Revoke"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        done = [
            api_tokens.revoke(token, actor=_staff(request), ip=client_ip(request), now=timezone.now())
            for token in queryset
        ]
        text = ngettext("%(count)d token was revoked.", "%(count)d tokens were revoked.", sum(done))
        self.message_user(request, text % {"count": sum(done)}, messages.SUCCESS)


def _staff(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
