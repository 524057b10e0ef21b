"""What staff see of the accounts app; pages with more to them have files of their own."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts import (
    address_change_admin,
    article_admin,
    document_admin,
    leaving_admin,
    notice_admin,
    ticket_admin,
    token_admin,
    user_admin,
    webhook_admin,
)
from accounts.models import (
    AccountClosing,
    AddressChange,
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
from portal.lib.staff import ReadOnlyAdmin, moment_column, person

# Their own pages would show second factors and sessions; what staff need of them is on the user's page.
admin.site.unregister([EmailAddress, Authenticator, UserSession, Group])
admin.site.register(User, user_admin.UserAdmin)
admin.site.register(Group, user_admin.GroupAdmin)
admin.site.register(Notification, notice_admin.NotificationAdmin)
admin.site.register(Document, document_admin.DocumentAdmin)
admin.site.register(WebhookEndpoint, webhook_admin.EndpointAdmin)
admin.site.register(WebhookMessage, webhook_admin.MessageAdmin)
admin.site.register(WebhookDelivery, webhook_admin.DeliveryAdmin)
admin.site.register(Ticket, ticket_admin.TicketAdmin)
admin.site.register(ReplyTemplate, ticket_admin.ReplyTemplateAdmin)
admin.site.register(Article, article_admin.ArticleAdmin)
admin.site.register(ArticleFeedback, article_admin.ArticleFeedbackAdmin)
admin.site.register(ApiToken, token_admin.ApiTokenAdmin)
admin.site.register(AddressChange, address_change_admin.AddressChangeAdmin)
admin.site.register(AccountClosing, leaving_admin.AccountClosingAdmin)
admin.site.register(DataExport, leaving_admin.DataExportAdmin)
if settings.DEMO:
    admin.site.register(OutboxMessage, notice_admin.OutboxMessageAdmin)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = (moment_column("at", _("at")), "action", "actor", "subject", "target", "ip_address")
    list_filter = ("at", "action")
    list_select_related = ("actor", "subject")
    search_fields = ("action", "target", *person("subject"), *person("actor"))
    ordering = ("-id",)


@admin.register(Business)
class BusinessAdmin(ReadOnlyAdmin):
    """Its company name and tax number stand in the billing details of the account."""

    list_display = ("user", moment_column("created_at", _("created")))
    list_select_related = ("user",)
    search_fields = person("user")
    ordering = ("-id",)
