"""Telling staff that somebody waits for an answer: one letter for each of them and look, however many requests there are."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import translation

from accounts.models import Ticket, User
from accounts.models.notifications import Channel
from accounts.notifications import notify
from accounts.ticket_words import title_of

AT_ONCE = 100


@transaction.atomic
def tell_staff(*, now: datetime) -> int:
    """Write to whoever may answer about what began to wait since the last look; return about how many requests.

    What is somebody's is told to them alone. Staff who want no e-mail get none.
    """
    waiting = Ticket.objects.untold().select_for_update(of=("self",)).select_related("assignee").order_by("moved_at")
    fresh = list(waiting[:AT_ONCE])
    if not fresh:
        return 0
    desk = people_of_the_desk()
    for person in desk:
        if theirs := [ticket for ticket in fresh if _is_for(person, ticket, desk)]:
            notify(
                user=person,
                kind="requests_wait",
                key=f"desk:{fresh[-1].public_id}:{now.isoformat()}:{person.public_id}",
                context={"requests": _told(theirs, to=person)},
                channels=[Channel.EMAIL],
                now=now,
            )
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in fresh]).update(told_up_to=F("moved_at"))
    return len(fresh)


def people_of_the_desk() -> list[User]:
    """Return the staff who may answer and want to be told by e-mail."""
    may_answer = ModelBackend().with_perm("accounts.change_ticket", is_active=True)
    return list(may_answer.filter(is_staff=True, notify_by_email=True).order_by("pk"))


def _is_for(person: User, ticket: Ticket, desk: Sequence[User]) -> bool:
    return ticket.assignee == person or ticket.assignee not in desk


def _told(tickets: Iterable[Ticket], *, to: User) -> list[dict[str, Any]]:
    with translation.override(to.language):
        return [
            {
                "title": str(title_of(ticket)),
                "is_yours": ticket.assignee == to,
                "path": reverse("admin:accounts_ticket_change", args=[ticket.pk]),
            }
            for ticket in tickets
        ]
