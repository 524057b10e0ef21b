"""Where staff look after people, what was sent to them and who did what."""

import json
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin import EmptyFieldListFilter
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from accounts import article_admin, audit, document_admin, ticket_admin, token_admin, webhook_admin
from accounts.account_dialogs import LiftsLocks
from accounts.http import client_ip
from accounts.looked_at import RecordsLooks
from accounts.models import (
    AccountClosing,
    ApiToken,
    Article,
    ArticleFeedback,
    AuditEvent,
    Business,
    DataExport,
    Document,
    Notification,
    OutboxMessage,
    ReplyTemplate,
    Ticket,
    User,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
)
from accounts.time_zones import offered_zones
from portal.lib.redaction import redacted
from portal.lib.staff import KeptAdmin, ReadOnlyAdmin, StaffAdmin, moment_column, state_column

# Their own pages would show second factors and sessions; what staff need of them is on the user's page.
admin.site.unregister([EmailAddress, Authenticator, UserSession, Group])

ROWS_OF_A_USER = (
    ("admin:esim_line_changelist", "owner", _("Lines")),
    ("admin:billing_order_changelist", "owner", _("Orders")),
    ("admin:billing_paymentmethod_changelist", "owner", _("Payment methods")),
    ("admin:billing_ledgeraccount_changelist", "owner", _("Balances")),
    ("admin:accounts_ticket_changelist", "owner", _("Tickets")),
    ("admin:esim_simapplication_changelist", "owner", _("SIM applications")),
    ("admin:accounts_document_changelist", "owner", _("Documents")),
    ("admin:accounts_notification_changelist", "user", _("Notifications")),
    ("admin:accounts_auditevent_changelist", "subject", _("Audit trail")),
)
"""By name: those pages belong to apps above this one."""

created = moment_column("created_at", _("created"))
due = moment_column("due_at", _("due"))
sent = moment_column("sent_at", _("sent"))
at = moment_column("at", _("at"))
ended = moment_column("ended_at", _("ended"))
closing_state = state_column(
    "state", _("state"), AccountClosing.State, {"asked": "warning", "ending": "warning", "closed": "success"}
)


class NewUserForm(forms.ModelForm[User]):
    """A person without a password: they set their own by "Forgot your password?"."""

    class Meta:
        model = User
        fields = ("email", "full_name", "language", "time_zone", "currency", "is_staff")

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody has an account with this address."))
        return email


@admin.register(User)
class UserAdmin(RecordsLooks, LiftsLocks, KeptAdmin):
    list_display = ("email", "full_name", "phone", "active_column", "is_staff", "language", created)
    list_filter = ("is_active", "is_staff", ("locked_at", EmptyFieldListFilter), "language", "currency")
    search_fields = ("email", "phone", "full_name", "public_id")
    ordering = ("-id",)
    date_hierarchy = "created_at"
    actions = ("deactivate", "reactivate")
    actions_detail = ("lift_lock", "end_waiting_time")
    add_form = NewUserForm
    filter_horizontal = ("groups",)
    add_fieldsets = ((None, {"fields": ("email", "full_name", ("language", "time_zone", "currency"), "is_staff")}),)
    fieldsets = (
        (None, {"fields": ("email", ("phone", "phone_verified"), "full_name", "public_id", "links")}),
        (_("Preferences"), {"fields": (("language", "time_zone", "currency"), ("notify_by_email", "notify_by_sms"))}),
        (
            _("Access"),
            {
                "fields": (
                    ("is_active", "is_staff"),
                    "is_superuser",
                    "groups",
                    ("created_at", "last_login"),
                    "locked_at",
                )
            },
        ),
    )

    def owner_of(self, row: Any) -> User | None:
        return row if isinstance(row, User) else None

    def get_form(self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        if obj is None:
            kwargs["form"] = self.add_form
        return super().get_form(request, obj, change, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer what the portal can work with: a misspelt zone would break every page of that person."""
        known = {"time_zone": offered_zones(), "currency": settings.PORTAL_CURRENCIES}.get(db_field.name)
        if known is None:
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        choices = [(value, value) for value in known]
        return forms.ChoiceField(label=db_field.verbose_name, choices=choices, widget=UnfoldAdminSelect2Widget)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Addresses prove who somebody is, so only the person changes them; only a superuser hands out powers."""
        fixed = (
            ("email", "phone", "phone_verified", "public_id", "links", "created_at", "last_login", "locked_at")
            if obj
            else ()
        )
        powers = () if request.user.is_superuser else ("is_staff", "is_superuser", "groups")
        return (*fixed, *powers)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let nobody but a superuser change a colleague, nor so take their place."""
        if obj is not None and obj.is_staff and not request.user.is_superuser:
            return False
        return bool(super().has_change_permission(request, obj))

    @display(description=_("status"), ordering="is_active", label={"active": "success", "off": "danger"})  # type: ignore[untyped-decorator]
    def active_column(self, user: User) -> tuple[str, str]:
        return ("active", gettext("active")) if user.is_active else ("off", gettext("deactivated"))

    @display(description=_("belongs to this person"))  # type: ignore[untyped-decorator]
    def links(self, user: User) -> SafeString:
        rows = ((reverse(name, query={f"{field}__id__exact": user.pk}), text) for name, field, text in ROWS_OF_A_USER)
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
        return format_html_join(SafeString(" · "), link, rows)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change:
            EmailAddress.objects.create(user=obj, email=obj.email, primary=True, verified=False)
        self._record(request, obj, "user.changed_by_staff" if change else "user.created_by_staff", form.changed_data)

    @admin.action(description=_("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset.exclude(email=request.user.get_username()), is_active=False)

    @admin.action(description=_("Reactivate"), permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._switch(request, queryset, is_active=True)

    def _switch(self, request: HttpRequest, users: QuerySet[User], *, is_active: bool) -> None:
        if not request.user.is_superuser:
            users = users.filter(is_staff=False)
        action = "user.reactivated" if is_active else "user.deactivated"
        with transaction.atomic():
            changed = [
                user
                for user in users.filter(is_active=not is_active)
                if User.objects.filter(pk=user.pk, is_active=not is_active).update(is_active=is_active)
            ]
            for user in changed:
                self._record(request, user, action, ["is_active"])
        self.message_user(request, gettext("Changed: %(count)d.") % {"count": len(changed)}, messages.SUCCESS)

    @staticmethod
    def _record(request: HttpRequest, user: User, action: str, fields: list[str]) -> None:
        actor = request.user if isinstance(request.user, User) else None
        audit.record(
            actor=actor,
            subject=user,
            action=action,
            target=user.public_id,
            detail={"fields": fields},
            ip=client_ip(request),
            now=timezone.now(),
        )


@admin.register(Group)
class GroupAdmin(StaffAdmin):
    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ("permissions",)


@display(description=Notification._meta.get_field("context").verbose_name)  # type: ignore[untyped-decorator]  # noqa: SLF001
def facts(notice: Notification) -> str:
    return redacted(json.dumps(notice.context, ensure_ascii=False))


@display(description=Notification._meta.get_field("body").verbose_name)  # type: ignore[untyped-decorator]  # noqa: SLF001
def words(notice: Notification) -> str:
    return redacted(notice.body)


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    # A link that answers for its reader is for the reader alone.
    shown_as = {"context": facts, "body": words}
    list_display = (
        "kind",
        "user",
        "channel",
        state_column(
            "state", _("state"), Notification.State, {"sent": "success", "failed": "danger", "sending": "info"}
        ),
        due,
        sent,
        "error",
    )
    list_filter = ("state", "channel", "kind", "created_at")
    list_select_related = ("user",)
    search_fields = ("key", "user__email", "user__phone", "public_id")
    ordering = ("-id",)
    actions = ("send_again",)

    @admin.action(description=_("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Put failed ones back into the queue; what was sent is not sent twice."""
        sent_again = queryset.filter(state=Notification.State.FAILED).update(
            state=Notification.State.QUEUED, attempts=0, error="", due_at=timezone.now(), lease_until=None
        )
        told = gettext("Queued again: %(count)d. What was not failed stays as it is.") % {"count": sent_again}
        self.message_user(request, told, messages.SUCCESS)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.change_notification"))


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = (at, "action", "actor", "subject", "target", "ip_address")
    list_filter = ("at", "action")
    list_select_related = ("actor", "subject")
    search_fields = ("action", "target", "subject__email", "actor__email")
    ordering = ("-id",)


class OutboxMessageAdmin(ReadOnlyAdmin):
    """What the demo would have sent; elsewhere there is none, and one-time codes are nobody's to read."""

    list_display = (created, "channel", "recipient", "subject")
    list_filter = ("channel",)
    search_fields = ("recipient", "subject")
    ordering = ("-id",)


admin.site.register(Document, document_admin.DocumentAdmin)
admin.site.register(WebhookEndpoint, webhook_admin.EndpointAdmin)
admin.site.register(WebhookMessage, webhook_admin.MessageAdmin)
admin.site.register(WebhookDelivery, webhook_admin.DeliveryAdmin)
admin.site.register(Ticket, ticket_admin.TicketAdmin)
admin.site.register(ReplyTemplate, ticket_admin.ReplyTemplateAdmin)
admin.site.register(Article, article_admin.ArticleAdmin)
admin.site.register(ArticleFeedback, article_admin.ArticleFeedbackAdmin)


@admin.register(Business)
class BusinessAdmin(ReadOnlyAdmin):
    """Its company name and tax number stand in the billing details of the account."""

    list_display = ("user", created)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__full_name")
    ordering = ("-id",)


admin.site.register(ApiToken, token_admin.ApiTokenAdmin)
if settings.DEMO:
    admin.site.register(OutboxMessage, OutboxMessageAdmin)


@admin.register(AccountClosing)
class AccountClosingAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "user", closing_state, "held_by", moment_column("closes_at", _("closes")), ended)
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("public_id", "user__public_id", "user__email")
    ordering = ("-id",)


@admin.register(DataExport)
class DataExportAdmin(ReadOnlyAdmin):
    """Who asked for a copy, and whether it was made; the copy itself is for its owner only."""

    list_display = ("public_id", "user", "document", "attempts", moment_column("asked_at", _("asked for")))
    list_select_related = ("user", "document")
    search_fields = ("public_id", "user__public_id", "user__email")
    ordering = ("-id",)
