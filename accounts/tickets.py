"""Asking for help and being answered: who opens a ticket, whose turn it is, and when it is over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce

from accounts import audit, ticket_files
from accounts.models import Ticket, TicketMessage, User
from accounts.notifications import notify

State = Ticket.State
Author = TicketMessage.Author


@transaction.atomic
def open_ticket(
    *,
    user: User,
    key: str,
    kind: Ticket.Kind,
    context: Mapping[str, Any],
    about: Sequence[str],
    now: datetime,
    text: str = "",
    references: Mapping[str, Any] | None = None,
) -> Ticket:
    """Open a ticket, and return it; with the same `key` again, the one that was opened then.

    `text` is what the person wrote; without it the first message is made of kind and context when it is read.
    `about` holds public ids; `references` is for staff only.
    """
    ticket, is_new = Ticket.objects.get_or_create(
        key=key,
        defaults={
            "owner": user,
            "kind": kind,
            "context": dict(context),
            "about": list(about),
            "references": dict(references or {}),
            "opened_at": now,
            "moved_at": now,
        },
    )
    if is_new and text:
        _add(ticket, author=Author.USER, key=f"{key}:opened", text=text, now=now)
    elif is_new:
        _add(ticket, author=Author.SYSTEM, key=f"{key}:opened", kind=f"{kind}_opened", context=context, now=now)
    return ticket


@transaction.atomic
def reply(
    *, ticket: Ticket, text: str, key: str, now: datetime, staff: User | None = None, ip: str | None = None
) -> TicketMessage:
    """Add what the owner, or somebody of the staff, wrote; the same `key` again adds nothing.

    It is the other side's turn then. What was closed is open again, and an answer is sent to the owner.
    """
    held = Ticket.objects.select_for_update(of=("self",)).select_related("owner").get(pk=ticket.pk)
    author = Author.STAFF if staff else Author.USER
    message, is_new = _add(held, author=author, key=key, text=text, staff=staff, now=now)
    if not is_new:
        return message
    if held.state == State.CLOSED:
        ticket_files.keep_while_open(held)
    standing = Ticket.objects.filter(pk=held.pk)
    if staff is None:
        standing.exclude(state=State.OPEN).update(state=State.WAITING, closed_at=None)
        return message
    standing.update(state=State.ANSWERED, closed_at=None, first_answered_at=Coalesce("first_answered_at", now))
    _record("ticket.answered", held, staff=staff, ip=ip, now=now)
    notify(
        user=held.owner,
        kind="ticket_answered",
        key=f"ticket:{message.public_id}",
        context={"ticket_id": held.public_id, "text": text},
        now=now,
    )
    return message


@transaction.atomic
def close(
    *,
    ticket: Ticket,
    now: datetime,
    kind: str = "",
    context: Mapping[str, Any] | None = None,
    staff: User | None = None,
    ip: str | None = None,
) -> bool:
    """Say that it is settled; `kind` and `context` make the portal's last word. False where it was closed already."""
    standing = Ticket.objects.filter(pk=ticket.pk).exclude(state=State.CLOSED)
    if not standing.update(state=State.CLOSED, closed_at=now, moved_at=now):
        return False
    ticket_files.keep_for_a_while(ticket, now=now)
    if kind:
        _add(ticket, author=Author.SYSTEM, key=f"{ticket.key}:{kind}", kind=kind, context=context or {}, now=now)
    if staff:
        _record("ticket.closed", ticket, staff=staff, ip=ip, now=now)
    ticket.refresh_from_db()
    return True


def _record(action: str, ticket: Ticket, *, staff: User, ip: str | None, now: datetime) -> None:
    audit.record(actor=staff, subject=ticket.owner, action=action, target=ticket.public_id, ip=ip, now=now)


def _add(
    ticket: Ticket,
    *,
    author: Author,
    key: str,
    now: datetime,
    text: str = "",
    kind: str = "",
    context: Mapping[str, Any] | None = None,
    staff: User | None = None,
) -> tuple[TicketMessage, bool]:
    message, is_new = TicketMessage.objects.get_or_create(
        key=key,
        defaults={
            "ticket": ticket,
            "author": author,
            "staff": staff,
            "text": text,
            "kind": kind,
            "context": dict(context or {}),
            "at": now,
        },
    )
    if is_new:
        Ticket.objects.filter(pk=ticket.pk).update(moved_at=now)
    return message, is_new
