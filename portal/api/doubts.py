"""Doubting the figures of a line: a request for help that carries what the portal shows."""

from http import HTTPStatus

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from accounts.api_tokens import HELP_WRITE
from esim.looks_wrong import report_figures
from portal.api.door import ApiRequest, Needs
from portal.api.keys import Key, once
from portal.api.lines import own_line
from portal.api.messages import message_key, refuse_too_often, written_before
from portal.api.requests import MessageWish, TalkShape
from portal.api.shapes import problems

router = Router(tags=["help"], by_alias=True, auth=Needs(HELP_WRITE))


@router.post(
    "/{line_id}/usage/looks-wrong",
    response={201: TalkShape, **problems(400, 404, 409, 422)},
    url_name="looks_wrong",
)
def doubt_figures(request: ApiRequest, line_id: str, wish: MessageWish, key: Key) -> HttpResponse:
    """Say that what is told of a line of yours looks wrong, and what you expected: support sees the figures."""

    def work() -> tuple[HTTPStatus, TalkShape]:
        line, name = own_line(request, line_id), message_key(request, key)
        if earlier := written_before(request, key=f"{name}:opened", text=wish.text):
            return HTTPStatus.CREATED, TalkShape.of(earlier)
        refuse_too_often(request)
        ticket = report_figures(line=line, user=request.owner, text=wish.text, key=name, now=timezone.now())
        return HTTPStatus.CREATED, TalkShape.of(ticket)

    return once(request, key, work)
