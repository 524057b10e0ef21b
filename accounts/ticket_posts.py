"""What every page on which somebody writes to support asks: how often, whether it is the same text again, and its file."""

import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Literal

from allauth.core import ratelimit
from django.utils.translation import gettext as _

from accounts import ticket_files
from accounts.http import SubscriberRequest
from accounts.models import Document, Ticket, TicketMessage
from accounts.ticket_forms import MessageForm, ReplyForm
from accounts.ticket_limits import TooManyTickets, refuse_too_many
from portal.lib.uploads import UploadRefused, taken_from

FILE = "file"
OK: Literal[HTTPStatus.OK] = HTTPStatus.OK


def may_write(request: SubscriberRequest) -> bool:
    return bool(ratelimit.consume(request, action="ticket", user=request.user))


def too_often() -> str:
    return _("You have written very often within an hour. Your text is kept here: send it again a little later.")


def post_key(request: SubscriberRequest, form: ReplyForm) -> str:
    """Return what makes the same form, sent twice, one message."""
    return f"form:{request.user.public_id}:{form.cleaned_data['form_key']}"


def check(request: SubscriberRequest, form: MessageForm, *, now: datetime, ticket: Ticket | None) -> HTTPStatus:
    """Say whether this may be sent, to `ticket` or to open one; where not, the form says why and nothing of it is lost."""
    if not form.is_valid():
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if again := _sent_before(request, form, ticket=ticket):
        return again
    if not may_write(request):
        form.add_error(None, too_often())
        return HTTPStatus.TOO_MANY_REQUESTS
    try:
        if ticket is None:
            refuse_too_many(user=request.user, now=now)
        form.document = _file_of(request, now=now)
    except TooManyTickets as refused:
        form.add_error(None, str(refused))
        return HTTPStatus.TOO_MANY_REQUESTS
    except UploadRefused as refused:
        form.add_error(FILE, str(refused))
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return OK


def check_report(request: SubscriberRequest, form: ReplyForm) -> HTTPStatus:
    """Say the same of what opens a ticket without a file, and does more than that: sent again it counts again."""
    if not form.is_valid() or _sent_before(request, form, ticket=None) not in {None, OK}:
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if may_write(request):
        return OK
    form.add_error(None, too_often())
    return HTTPStatus.TOO_MANY_REQUESTS


def attach(form: MessageForm, message: TicketMessage) -> None:
    """Put the file that came along to the message, once."""
    if form.document:
        ticket_files.attach(document=form.document, message=message)


def _sent_before(request: SubscriberRequest, form: ReplyForm, *, ticket: Ticket | None) -> HTTPStatus | None:
    """Return what to say to a form that was sent before, None where it was not.

    Going back in a browser shows the old form with its key. What is written there then is a new message, or one to
    another ticket: the form asks about it, and has a key of its own from there on. The key of a reply opens no
    request past the limits, nor the reverse.
    """
    key, text = post_key(request, form), form.cleaned_data["text"]
    sent = TicketMessage.objects.filter(key=key if ticket else f"{key}:opened").first()
    if sent is None:
        return None
    if text in {"", sent.text} and (ticket is None or sent.ticket_id == ticket.pk):
        return OK
    form.data = {**request.POST.dict(), "form_key": str(uuid.uuid4())}
    form.add_error(None, _("This form was sent before. If this is a new message, send it again."))
    return HTTPStatus.UNPROCESSABLE_ENTITY


def _file_of(request: SubscriberRequest, *, now: datetime) -> Document | None:
    """Check and keep the file, if one came along; raises UploadRefused."""
    if FILE not in request.FILES and not getattr(request, "upload_too_large", False):
        return None
    return ticket_files.take(owner=request.user, upload=taken_from(request, FILE), now=now)
