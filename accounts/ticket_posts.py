"""What every page on which somebody writes to support asks: how often, whether it is the same text again, and its file."""

from datetime import datetime
from http import HTTPStatus
from typing import Literal

from allauth.core import ratelimit
from django.utils.translation import gettext as _

from accounts import ticket_files
from accounts.http import SubscriberRequest
from accounts.models import Document, TicketMessage
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


def check(request: SubscriberRequest, form: MessageForm, *, now: datetime, opens: bool) -> HTTPStatus:
    """Say whether this may be sent; where it may not, the form says why and nothing of it is lost."""
    if not form.is_valid():
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if _was_sent(request, form, opens=opens):
        return OK
    if not may_write(request):
        form.add_error(None, too_often())
        return HTTPStatus.TOO_MANY_REQUESTS
    try:
        if opens:
            refuse_too_many(user=request.user, now=now)
        form.document = _file_of(request, now=now)
    except TooManyTickets as refused:
        form.add_error(None, str(refused))
        return HTTPStatus.TOO_MANY_REQUESTS
    except UploadRefused as refused:
        form.add_error(FILE, str(refused))
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return OK


def attach(form: MessageForm, message: TicketMessage) -> None:
    """Put the file that came along to the message, once."""
    if form.document:
        ticket_files.attach(document=form.document, message=message)


def _was_sent(request: SubscriberRequest, form: ReplyForm, *, opens: bool) -> bool:
    """Tell whether this very form was sent; the key of a reply opens no request past the limits, nor the reverse."""
    key = post_key(request, form)
    return TicketMessage.objects.filter(key=f"{key}:opened" if opens else key).exists()


def _file_of(request: SubscriberRequest, *, now: datetime) -> Document | None:
    """Check and keep the file, if one came along; raises UploadRefused."""
    if FILE not in request.FILES and not getattr(request, "upload_too_large", False):
        return None
    return ticket_files.take(owner=request.user, upload=taken_from(request, FILE), now=now)
