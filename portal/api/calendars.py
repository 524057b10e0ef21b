"""The private address of the calendar that foretells what happens to one's lines."""

from typing import Annotated, Any

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts import calendar_links
from accounts.api_tokens import ACCOUNT_READ, ACCOUNT_WRITE
from accounts.http import client_ip
from accounts.models import User
from portal.api.door import ApiRequest, Needs
from portal.api.shapes import Shape, problems

router = Router(tags=["account"], by_alias=True)


class CalendarShape(Shape):
    """Where calendar programs read it (RFC 5545), without a token."""

    address: Annotated[str, Field(description="Whoever has it reads the calendar, also when the token has ended.")]


@router.get("/calendar", response={200: CalendarShape, **problems(422)}, auth=Needs(ACCOUNT_READ), url_name="calendar")
def get_calendar(request: ApiRequest) -> Any:
    """Return the address of your calendar: when plans end, what is charged or asked when."""
    return CalendarShape(address=calendar_links.address_of(request.owner))


@router.post(
    "/calendar/replace",
    response={200: CalendarShape, **problems(422)},
    auth=Needs(ACCOUNT_WRITE),
    url_name="replace_calendar",
)
def replace_calendar(request: ApiRequest) -> Any:
    """Give your calendar another address; those given out so far show nothing any more."""
    calendar_links.replace_link(user=request.owner, ip=client_ip(request), now=timezone.now())
    return CalendarShape(address=calendar_links.address_of(User.objects.get(pk=request.owner.pk)))
