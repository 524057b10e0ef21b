from accounts.models.api_tokens import ApiToken, ApiTokenQuerySet
from accounts.models.audit import AuditEvent
from accounts.models.documents import Document, DocumentQuerySet
from accounts.models.notifications import Notification, OutboxAttachment, OutboxMessage
from accounts.models.tickets import Ticket, TicketMessage
from accounts.models.users import User

__all__ = [
    "ApiToken",
    "ApiTokenQuerySet",
    "AuditEvent",
    "Document",
    "DocumentQuerySet",
    "Notification",
    "OutboxAttachment",
    "OutboxMessage",
    "Ticket",
    "TicketMessage",
    "User",
]
