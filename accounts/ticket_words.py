"""What the portal wrote into a ticket by itself, in the words of whoever reads it now."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise

from accounts.letters import in_words
from accounts.models import Document, Ticket, TicketMessage, User
from accounts.ticket_files import of_messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message as it is shown; plain text, with line breaks."""

    author: str
    text: str
    at: datetime
    staff: User | None
    files: list[Document]


def title_of(ticket: Ticket) -> str | Promise:
    """Say in a few words what a ticket is about."""
    if ticket.is_automatic:
        return _words(f"tickets/{ticket.kind}.txt", ticket.context)
    return Ticket.Kind(ticket.kind).label


def conversation(ticket: Ticket) -> list[Said]:
    """Return the messages with their files, the oldest first. Two queries; notes of staff are not among them."""
    messages = list(ticket.messages.select_related("staff").order_by("at", "pk"))
    files: dict[str, list[Document]] = defaultdict(list)
    for document in of_messages(messages).order_by("pk"):
        files[document.about].append(document)
    return [
        Said(
            author=message.author,
            text=text_of(message),
            at=message.at,
            staff=message.staff,
            files=files[message.public_id],
        )
        for message in messages
    ]


def text_of(message: TicketMessage) -> str:
    if message.author != TicketMessage.Author.SYSTEM:
        return message.text
    return _words(f"tickets/{message.kind}.txt", message.context)


def _words(template: str, context: Mapping[str, Any]) -> str:
    return in_words(template, context, zone=timezone.get_current_timezone())
