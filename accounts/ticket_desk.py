"""What staff do with tickets among themselves: notes, whose ticket it is, and replies that are used again."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.models import ReplyTemplate, Ticket, TicketNote, User


def colleagues() -> QuerySet[User]:
    """Return who may be given a ticket."""
    return User.objects.filter(is_staff=True, is_active=True).order_by("full_name", "email")


def assign(*, ticket: Ticket, to: User | None) -> None:
    """Give a ticket to somebody, or to nobody in particular."""
    Ticket.objects.filter(pk=ticket.pk).update(assignee=to)


def take_if_free(*, ticket: Ticket, by: User) -> bool:
    """Make it theirs unless it is somebody's; false where it was."""
    return bool(Ticket.objects.filter(Q(assignee__isnull=True), pk=ticket.pk).update(assignee=by))


def note(*, ticket: Ticket, staff: User, text: str, key: str, now: datetime) -> TicketNote:
    """Add an internal note; the same `key` again adds nothing. Nobody is told, and it is nobody else's turn."""
    added, _is_new = TicketNote.objects.get_or_create(
        key=key, defaults={"ticket": ticket, "staff": staff, "text": text, "at": now}
    )
    return added


def reply_from(template: ReplyTemplate, *, ticket: Ticket) -> str:
    """Return the reply in the language of whoever asked, names filled in; the rest is for staff to finish."""
    text = template.text_in(ticket.owner.language)
    values = {"{name}": str(ticket.owner), "{ticket}": ticket.public_id, "{brand}": settings.PORTAL_BRAND_NAME}
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text
