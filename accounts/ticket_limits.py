"""How many requests for help one person may have open, and open in a day: support reads each of them."""

from datetime import datetime, timedelta

from django.utils.translation import gettext

from accounts.models import Ticket, User

OPEN_AT_ONCE = 8
A_DAY = 10
DAY = timedelta(days=1)


class TooManyTickets(Exception):
    """Another ticket is one too many; says what to do instead."""


def refuse_too_many(*, user: User, now: datetime) -> None:
    """Raise TooManyTickets where this person has enough of them. What the portal opens by itself is not counted.

    Two forms sent at once may pass together: one more does no harm.
    """
    asked = Ticket.objects.owned_by(user).exclude(kind__in=sorted(Ticket.Kind.AUTOMATIC))
    if asked.exclude(state=Ticket.State.CLOSED)[:OPEN_AT_ONCE].count() >= OPEN_AT_ONCE:
        raise TooManyTickets(
            gettext("You have %(count)d open requests. Write in one of them, or close what is settled.")
            % {"count": OPEN_AT_ONCE}
        )
    if asked.filter(opened_at__gt=now - DAY)[:A_DAY].count() >= A_DAY:
        raise TooManyTickets(
            gettext("You have asked %(count)d times today. Write in one of your requests, or call us.")
            % {"count": A_DAY}
        )
