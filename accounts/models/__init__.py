from accounts.models.audit import AuditEvent
from accounts.models.notifications import Notification, OutboxAttachment, OutboxMessage
from accounts.models.users import User

__all__ = ["AuditEvent", "Notification", "OutboxAttachment", "OutboxMessage", "User"]
