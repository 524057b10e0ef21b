"""Files with the messages of a ticket: documents like any other, kept while the ticket is open and a while after."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from accounts import documents
from accounts.models import Document, DocumentQuerySet, Ticket, TicketMessage, User

KEPT_AFTER_CLOSING = timedelta(days=90)


def take(*, owner: User, upload: UploadedFile[Any], now: datetime) -> Document:
    """Check and keep a file before anything is written; raises UploadRefused. Unattached it is erased like a draft."""
    return documents.store(owner=owner, purpose=Document.Purpose.TICKET, upload=upload, now=now)


def attach(*, document: Document, message: TicketMessage) -> bool:
    """Put a file to a message of its owner; false where the message has one: it was sent twice."""
    if of_messages([message]).exists():
        return False
    mine = Document.objects.kept().filter(pk=document.pk, owner=message.ticket.owner, about="")
    return bool(mine.update(about=message.public_id, erase_at=None))


def of_messages(messages: Sequence[TicketMessage]) -> DocumentQuerySet:
    """Return the files of these messages that are still kept."""
    return Document.objects.kept().filter(
        purpose=Document.Purpose.TICKET, about__in=[message.public_id for message in messages]
    )


def of_ticket(ticket: Ticket) -> DocumentQuerySet:
    return of_messages(list(ticket.messages.only("public_id")))


def keep_while_open(ticket: Ticket) -> None:
    """Nothing of an open ticket is erased; writing to a closed one opens it."""
    documents.keep_until(of_ticket(ticket), None)


def keep_for_a_while(ticket: Ticket, *, now: datetime) -> None:
    """After a ticket is closed its files are kept as long as somebody may come back to it."""
    documents.keep_until(of_ticket(ticket), now + KEPT_AFTER_CLOSING)
