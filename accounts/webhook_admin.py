"""Where staff say which of the operator's systems hear of what, see what arrived, and have it sent again."""

import json
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts import webhooks
from accounts.http import client_ip
from accounts.models import User, WebhookDelivery, WebhookEndpoint, WebhookMessage
from portal.lib.far_hosts import AddressRefused, check_url
from portal.lib.staff import KeptAdmin, ReadOnlyAdmin, moment_column, state_column

DELIVERY_COLOURS = {"waiting": "info", "sending": "info", "delivered": "success", "given_up": "danger"}

failing = moment_column("failing_since", _("failing since"))
turned_off = moment_column("turned_off_at", _("turned off"))
happened = moment_column("at", _("happened"))
delivered = moment_column("delivered_at", _("delivered"))
delivery_state = state_column("state", _("state"), WebhookDelivery.State, DELIVERY_COLOURS)


next_try = moment_column("due_at", _("next try"))


@display(description=_("next try"), ordering="due_at")  # type: ignore[untyped-decorator]
def due(delivery: WebhookDelivery) -> Any:
    return "" if delivery.is_over else next_try(delivery)


class EndpointForm(forms.ModelForm[WebhookEndpoint]):
    """Where to send what; the secret is made by chance, and shown when the endpoint is saved first."""

    url = forms.URLField(label=_("Address"), max_length=500, assume_scheme="https", widget=UnfoldAdminTextInputWidget)
    kinds = forms.MultipleChoiceField(
        label=_("Events"), choices=list(webhooks.KINDS.items()), widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("name", "url", "kinds", "is_active")
        widgets = {"name": UnfoldAdminTextInputWidget}

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            check_url(url)
        except AddressRefused as refusal:
            raise forms.ValidationError(_("Write a full address that begins with https://.")) from refusal
        return url


class EndpointAdmin(SimpleHistoryAdmin, KeptAdmin):  # type: ignore[misc]
    form = EndpointForm
    list_display = ("name", "url", "kind_words", "is_active", failing, turned_off)
    list_filter = ("is_active",)
    search_fields = ("name", "url", "public_id")
    ordering = ("name",)
    actions = ("new_secret", "drop_old_secrets", "send_test")
    readonly_fields = ("public_id", "failing_since", "turned_off_at", "turned_off_because", "secrets_kept")
    fieldsets = (
        (None, {"fields": ("name", "url", "kinds", "is_active")}),
        (_("How it goes"), {"fields": readonly_fields}),
    )
    add_fieldsets = ((None, {"fields": ("name", "url", "kinds", "is_active")}),)

    def get_fieldsets(self, _request: HttpRequest, obj: WebhookEndpoint | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    @display(description=_("events"))  # type: ignore[untyped-decorator]
    def kind_words(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.kinds)

    @display(description=_("secrets in use"))  # type: ignore[untyped-decorator]
    def secrets_kept(self, endpoint: WebhookEndpoint) -> int:
        return endpoint.secrets.count()

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:  # noqa: FBT001
        if obj.is_active:
            obj.failing_since = obj.turned_off_at = None
            obj.turned_off_because = ""
        super().save_model(request, obj, form, change)
        if not change:
            request.new_secret = _new_secret(request, obj)  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: WebhookEndpoint, _post_url_continue: Any = None) -> HttpResponse:
        return self._shown_once(request, obj, request.new_secret)  # type: ignore[attr-defined]

    def _shown_once(self, request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
        """Show a secret on the answer itself, not on a page that could be loaded again."""
        title = _("Copy the new secret now")
        context = {**self.admin_site.each_context(request), "title": title, "endpoint": endpoint, "secret": secret}
        headers = {"Cache-Control": "private, no-store"}
        return TemplateResponse(request, "admin/new_webhook_secret.html", context, headers=headers)

    @admin.action(description=_("New secret, beside the old one"), permissions=["change"])
    def new_secret(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> HttpResponse | None:
        endpoint = queryset.first()
        if endpoint is None or queryset.count() != 1:
            self.message_user(request, _("Choose one endpoint: its secret is shown once."), messages.WARNING)
            return None
        return self._shown_once(request, endpoint, _new_secret(request, endpoint))

    @admin.action(description=_("Sign with the latest secret only"), permissions=["change"])
    def drop_old_secrets(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        actor, ip, now = _staff(request), client_ip(request), timezone.now()
        dropped = sum(webhooks.drop_old_secrets(endpoint, actor=actor, ip=ip, now=now) for endpoint in queryset)
        told = gettext("Secrets no longer used: %(count)d.") % {"count": dropped}
        self.message_user(request, told, messages.SUCCESS)

    @admin.action(description=_("Send a test message"), permissions=["change"])
    def send_test(self, request: HttpRequest, queryset: QuerySet[WebhookEndpoint]) -> None:
        for endpoint in queryset:
            webhooks.test(endpoint, now=timezone.now())
        told = _("On its way to endpoints that are active. See the webhook deliveries in a moment.")
        self.message_user(request, told, messages.SUCCESS)


class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("message", "endpoint", delivery_state, "attempts", "status", "error", due, delivered)
    list_filter = ("state", "endpoint", "message__kind", "due_at")
    list_select_related = ("message", "endpoint")
    search_fields = ("public_id", "message__public_id", "message__key")
    ordering = ("-id",)
    actions = ("send_again",)
    hidden = ("id", "claims")

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.change_webhookdelivery"))

    @admin.action(description=_("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]) -> None:
        """Have them sent under the ids they had: receivers that know the id leave them aside."""
        count = webhooks.send_again(list(queryset.values_list("pk", flat=True)), now=timezone.now())
        told = ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", count)
        self.message_user(request, told % {"count": count}, messages.SUCCESS)


@display(description=_("what is told"))  # type: ignore[untyped-decorator]
def data(message: WebhookMessage) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(message.data, indent=2, ensure_ascii=False))


class MessageAdmin(ReadOnlyAdmin):
    list_display = ("kind", "public_id", happened)
    list_filter = ("kind", "at")
    search_fields = ("public_id", "key")
    ordering = ("-id",)
    shown_as = {"data": data}


def _new_secret(request: HttpRequest, endpoint: WebhookEndpoint) -> str:
    return webhooks.new_secret(endpoint, actor=_staff(request), ip=client_ip(request), now=timezone.now())


def _staff(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
