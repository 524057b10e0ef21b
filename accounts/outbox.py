"""The e-mail backend of a demo: messages go into a table shown at /outbox/, to nobody else."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from accounts.models import OutboxMessage
from accounts.models.notifications import Channel


class OutboxEmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        kept = OutboxMessage.objects.bulk_create(
            OutboxMessage(
                channel=Channel.EMAIL, recipient=recipient, subject=str(message.subject), body=str(message.body)
            )
            for message in email_messages
            for recipient in message.recipients()
        )
        return len(kept)
