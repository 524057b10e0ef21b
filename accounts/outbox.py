"""The e-mail backend of a demo: messages go into a table shown at /outbox/, to nobody else."""

from collections.abc import Sequence

from django.core.mail import EmailAttachment, EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from accounts.models import OutboxAttachment, OutboxMessage
from accounts.models.notifications import Channel


class OutboxEmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return sum(_keep(message, recipient) for message in email_messages for recipient in message.recipients())


def _keep(message: EmailMessage, recipient: str) -> int:
    kept = OutboxMessage.objects.create(
        channel=Channel.EMAIL,
        recipient=recipient,
        subject=str(message.subject),
        body=str(message.body),
        html=_html_of(message),
    )
    OutboxAttachment.objects.bulk_create(
        OutboxAttachment(message=kept, name=file.filename or "", content=file.content, content_type=file.mimetype)
        for file in message.attachments
        if isinstance(file, EmailAttachment)
    )
    return 1


def _html_of(message: EmailMessage) -> str:
    parts = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
    return next((str(content) for content, mimetype in parts if mimetype == "text/html"), "")
