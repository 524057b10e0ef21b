from accounts.models.address_changes import AddressChange, AddressChangeQuerySet
from accounts.models.answering import ReplyTemplate, TicketNote
from accounts.models.api_calls import ApiCall
from accounts.models.api_tokens import ApiToken, ApiTokenQuerySet
from accounts.models.articles import Article, ArticleFeedback
from accounts.models.audit import AuditEvent
from accounts.models.businesses import Business
from accounts.models.documents import Document, DocumentQuerySet
from accounts.models.held import HeldValue
from accounts.models.leaving import AccountClosing, AccountClosingQuerySet, DataExport
from accounts.models.notifications import Notification, OutboxAttachment, OutboxMessage
from accounts.models.referrals import KnownDevice, Referral, ReferralCode, ReferralQuerySet
from accounts.models.tickets import Ticket, TicketMessage
from accounts.models.two_people import TwoPeopleQuerySet, TwoPeopleRequest
from accounts.models.users import User
from accounts.models.webhooks import (
    WebhookCursor,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
    WebhookSecret,
)

__all__ = [
    "AccountClosing",
    "AccountClosingQuerySet",
    "AddressChange",
    "AddressChangeQuerySet",
    "ApiCall",
    "ApiToken",
    "ApiTokenQuerySet",
    "Article",
    "ArticleFeedback",
    "AuditEvent",
    "Business",
    "DataExport",
    "Document",
    "DocumentQuerySet",
    "HeldValue",
    "KnownDevice",
    "Notification",
    "OutboxAttachment",
    "OutboxMessage",
    "Referral",
    "ReferralCode",
    "ReferralQuerySet",
    "ReplyTemplate",
    "Ticket",
    "TicketMessage",
    "TicketNote",
    "TwoPeopleQuerySet",
    "TwoPeopleRequest",
    "User",
    "WebhookCursor",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
    "WebhookSecret",
]
