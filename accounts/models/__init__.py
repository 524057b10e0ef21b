from accounts.models.answering import ReplyTemplate, TicketNote
from accounts.models.api_tokens import ApiToken, ApiTokenQuerySet
from accounts.models.articles import Article, ArticleFeedback
from accounts.models.audit import AuditEvent
from accounts.models.documents import Document, DocumentQuerySet
from accounts.models.notifications import Notification, OutboxAttachment, OutboxMessage
from accounts.models.tickets import Ticket, TicketMessage
from accounts.models.users import User

__all__ = [
    "ApiToken",
    "ApiTokenQuerySet",
    "Article",
    "ArticleFeedback",
    "AuditEvent",
    "Document",
    "DocumentQuerySet",
    "Notification",
    "OutboxAttachment",
    "OutboxMessage",
    "ReplyTemplate",
    "Ticket",
    "TicketMessage",
    "TicketNote",
    "User",
]
