"""What everything that writes to support asks: whether it is the same message again, and how often."""

from http import HTTPStatus

from allauth.core import ratelimit

from accounts import api_calls
from accounts.models import Ticket, TicketMessage
from portal.api.door import ApiRequest
from portal.api.keys import key_reused
from portal.api.refusals import refused


def message_key(request: ApiRequest, key: str) -> str:
    """Name a message by the token and its key, as orders are: the same wish is one message for good."""
    return f"api:{api_calls.form_key(token=request.token, key=key)}"


def written_before(request: ApiRequest, *, key: str, text: str) -> Ticket | None:
    """Return where this was written already; with another text the key is refused, however long ago it was used."""
    known = TicketMessage.objects.filter(key=key, ticket__owner=request.owner).select_related("ticket").first()
    if known is not None and known.text != text:
        raise key_reused()
    return known.ticket if known else None


def refuse_too_often(request: ApiRequest) -> None:
    """Count a message to support as the pages do."""
    if not ratelimit.consume(request, action="ticket", user=request.owner):
        detail = "So many messages within an hour are too many. Try again a little later, with a new key."
        raise refused(HTTPStatus.CONFLICT, "too-many-requests-for-help", detail)
