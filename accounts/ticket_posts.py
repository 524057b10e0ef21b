"""What every page on which somebody writes to support asks: how often, and whether it is the same text again."""

from allauth.core import ratelimit
from django.utils.translation import gettext as _

from accounts.http import SubscriberRequest
from accounts.ticket_forms import ReplyForm


def may_write(request: SubscriberRequest) -> bool:
    return bool(ratelimit.consume(request, action="ticket", user=request.user))


def too_often() -> str:
    return _("You have written very often within an hour. Your text is kept here: send it again a little later.")


def post_key(request: SubscriberRequest, form: ReplyForm) -> str:
    """Return what makes the same form, sent twice, one message."""
    return f"form:{request.user.public_id}:{form.cleaned_data['form_key']}"
