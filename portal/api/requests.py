"""Requests for help: what was asked and answered, asking, and writing again."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts import tickets
from accounts.api_tokens import HELP_READ, HELP_WRITE
from accounts.models import Ticket
from accounts.models.tickets import MESSAGE_LENGTH
from accounts.ticket_limits import TooManyTickets, refuse_too_many
from accounts.ticket_words import Said, conversation, title_of
from portal.api.cursors import Part, newest_first
from portal.api.door import ApiRequest, Needs
from portal.api.keys import Key, key_reused, once
from portal.api.messages import message_key, refuse_too_often, written_before
from portal.api.refusals import not_found, refused
from portal.api.shapes import Page, Shape, Wish, href, page_of, page_url, problems
from portal.lib.public_ids import is_public_id
from portal.ticket_subjects import offered

router = Router(tags=["help"], by_alias=True)

Text = Annotated[str, Field(min_length=1, max_length=MESSAGE_LENGTH, pattern=r"^[^\x00]*\S[^\x00]*$")]


class MessageShape(Shape):
    author: str
    text: str
    at: datetime

    @classmethod
    def of(cls, said: Said) -> "MessageShape":
        return cls(author=said.author, text=said.text, at=said.at)


class TicketShape(Shape):
    """One request for help; files are for the pages."""

    id: str
    href: str
    title: str
    kind: str
    state: str
    about: list[str]
    opened_at: datetime
    page: str

    @classmethod
    def facts(cls, ticket: Ticket) -> dict[str, Any]:
        return {
            "id": ticket.public_id,
            "href": href("ticket", ticket.public_id),
            "title": str(title_of(ticket)),
            "kind": ticket.kind,
            "state": ticket.state,
            "about": ticket.about,
            "opened_at": ticket.opened_at,
            "page": page_url("ticket", ticket.public_id),
        }


class TalkShape(TicketShape):
    """One request with all that was said, the oldest first."""

    messages: list[MessageShape]

    @classmethod
    def of(cls, ticket: Ticket) -> "TalkShape":
        return cls(**cls.facts(ticket), messages=[MessageShape.of(said) for said in conversation(ticket)])


class TicketWish(Wish):
    kind: Literal["payment", "renewal", "service", "account", "other"]
    text: Text
    about: Annotated[str, Field(max_length=40, description="The id of a line, an order or a payment of yours.")] = ""


class MessageWish(Wish):
    text: Text


@router.get("", response={200: Page[TicketShape], **problems(404, 422)}, auth=Needs(HELP_READ), url_name="tickets")
def list_tickets(request: ApiRequest, part: Annotated[Part, Query()]) -> Any:
    """Return your requests for help, the newest first."""
    rows, following = newest_first(Ticket.objects.owned_by(request.owner), part=part)
    return page_of([TicketShape(**TicketShape.facts(ticket)) for ticket in rows], following)


@router.get("/{ticket_id}", response={200: TalkShape, **problems(404, 422)}, auth=Needs(HELP_READ), url_name="ticket")
def get_ticket(request: ApiRequest, ticket_id: str) -> Any:
    """Return one request with all that was said."""
    return TalkShape.of(_own(request, ticket_id))


@router.post("", response={201: TalkShape, **problems(400, 404, 409, 422)}, auth=Needs(HELP_WRITE))
def open_ticket(request: ApiRequest, wish: TicketWish, key: Key) -> HttpResponse:
    """Ask for help. It is answered here and on its page, and your notices tell you."""

    def work() -> tuple[HTTPStatus, TalkShape]:
        now, name = timezone.now(), message_key(request, key)
        if earlier := written_before(request, key=f"{name}:opened", text=wish.text):
            return HTTPStatus.CREATED, TalkShape.of(earlier)
        if wish.about and wish.about not in _subjects(request, wish.about):
            raise not_found()
        try:
            refuse_too_many(user=request.owner, now=now)
        except TooManyTickets as refusal:
            raise refused(HTTPStatus.CONFLICT, "too-many-requests-for-help", str(refusal)) from None
        refuse_too_often(request)
        opened = tickets.open_ticket(
            user=request.owner,
            key=name,
            kind=Ticket.Kind(wish.kind),
            context={},
            about=[wish.about] if wish.about else [],
            text=wish.text,
            now=now,
        )
        return HTTPStatus.CREATED, TalkShape.of(opened)

    return once(request, key, work)


@router.post("/{ticket_id}/messages", response={201: TalkShape, **problems(400, 404, 409, 422)}, auth=Needs(HELP_WRITE))
def write_again(request: ApiRequest, ticket_id: str, wish: MessageWish, key: Key) -> HttpResponse:
    """Write in a request; one that is closed is open again."""

    def work() -> tuple[HTTPStatus, TalkShape]:
        ticket, name = _own(request, ticket_id), message_key(request, key)
        earlier = written_before(request, key=name, text=wish.text)
        if earlier is None:
            refuse_too_often(request)
            tickets.reply(ticket=ticket, text=wish.text, key=name, now=timezone.now())
            ticket.refresh_from_db()
        elif earlier != ticket:
            raise key_reused()
        return HTTPStatus.CREATED, TalkShape.of(ticket)

    return once(request, key, work)


@router.post(
    "/{ticket_id}/close",
    response={200: TalkShape, **problems(404, 422)},
    auth=Needs(HELP_WRITE),
    url_name="close_ticket",
)
def close_ticket(request: ApiRequest, ticket_id: str) -> Any:
    """Say that a request is settled; whoever writes in it again opens it again."""
    ticket = _own(request, ticket_id)
    tickets.close(ticket=ticket, now=timezone.now())
    return TalkShape.of(ticket)


def _own(request: ApiRequest, ticket_id: str) -> Ticket:
    own = Ticket.objects.owned_by(request.owner)
    ticket = own.filter(public_id=ticket_id).first() if is_public_id(ticket_id) else None
    if ticket is None:
        raise not_found()
    return ticket


def _subjects(request: ApiRequest, about: str) -> set[str]:
    return {value for _label, choices in offered(request.owner, also=about) for value, _words in choices}
