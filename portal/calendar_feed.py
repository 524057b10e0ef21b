"""The calendar of a subscriber's lines (RFC 5545): when plans end, what is charged or asked when, which line is lost.

Charges are those the scheduler foretells for the day they are due.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from accounts.models import User
from billing.foretelling import RELATED, Foreseen, foresee_next, paid_from
from billing.models import Subscription
from billing.schedule import last_paid
from billing.timeline_words import shortfall
from billing.verdicts import Action
from esim import keep_alive
from esim.models import Allowance, Line
from plans.terms import PlanTerms
from portal.lib.brand import brand
from portal.lib.money import format_money
from portal.lib.saying import join_sentences

REFRESH = timedelta(hours=6)
LAST_DIGITS = 4
MINUTE = 60
STATES = (Subscription.State.ACTIVE, Subscription.State.PAST_DUE)


def calendar_of(user: User, *, now: datetime) -> bytes:
    """Return the calendar in the reader's language, as a calendar program subscribes to it."""
    with translation.override(user.language):
        calendar = Calendar()
        calendar.add("prodid", f"-//{brand()['name']}//{_domain()}//")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.add("name", _title())
        calendar.add("x-wr-calname", _title())
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT6H")
        for event in _events(user, now=now):
            calendar.add_component(event)
        return bytes(calendar.to_ical())


def _events(user: User, *, now: datetime) -> Iterator[Event]:
    lines = {line.pk: line for line in Line.objects.owned_by(user).in_use().filter(hidden=False)}
    ends = last_paid(lines, now=now)
    prefetch_related_objects(list(ends.values()), "sold")
    for line_id, paid in ends.items():
        yield _end(lines[line_id], paid, now=now)
    for line in lines.values():
        if lost_at := keep_alive.lapses_at(line):
            yield _loss(line, lost_at, now=now)
    renewing = Subscription.objects.owned_by(user).on().filter(line__in=lines, state__in=STATES)
    for look in foresee_next(renewing.select_related(*RELATED, "agreement"), now=now):
        match look.action:
            case Action.CHARGE:
                yield _charge(look, now=now)
            case Action.ASK:
                yield _question(look, now=now)


def _end(line: Line, paid: Allowance, *, now: datetime) -> Event:
    return _event(
        uid=f"end-{paid.public_id}",
        at=paid.ends_at,
        summary=_("%(line)s: plan ends") % {"line": name_of(line)},
        description=_("“%(plan)s” ends now, unless more was bought since.") % {"plan": paid.sold.label},
        url=reverse("line", args=[line.public_id]),
        sequence=0,
        now=now,
    )


def _charge(look: Foreseen, *, now: datetime) -> Event:
    subscription, price = look.subscription, _price(look)
    text = _("“%(plan)s” is paid by itself: %(price)s from %(source)s. You can change or stop it before.")
    if subscription.asks_first:
        text = _("You said yes to it: %(price)s from %(source)s.")
    summary = _("%(line)s renews for %(price)s") if look.is_covered else _("%(line)s: %(price)s is due")
    told = text % {"plan": _plan(look), "price": price, "source": paid_from(look)}
    return _event(
        uid=f"charge-{subscription.public_id}-{look.period_index}",
        at=look.at,
        summary=summary % {"line": name_of(subscription.line), "price": price},
        description=join_sentences(shortfall(look), told),
        url=_renewal_page(look),
        sequence=_revision(subscription),
        now=now,
    )


def _question(look: Foreseen, *, now: datetime) -> Event:
    subscription = look.subscription
    values = {"line": name_of(subscription.line), "price": _price(look), "plan": _plan(look)}
    return _event(
        uid=f"question-{subscription.public_id}-{look.period_index}",
        at=look.at,
        summary=_("%(line)s: renew for %(price)s?") % values,
        description=_("We ask you about “%(plan)s”. Without your yes nothing is charged, and the line ends.") % values,
        url=_renewal_page(look),
        sequence=_revision(subscription),
        now=now,
    )


def _loss(line: Line, lost_at: datetime, *, now: datetime) -> Event:
    return _event(
        uid=f"keep-{line.public_id}",
        at=lost_at,
        summary=_("%(line)s lapses unless it is used before") % {"line": name_of(line)},
        description=_("The network gives up lines that nobody uses. A little data, a call or an SMS keeps it."),
        url=reverse("line", args=[line.public_id]),
        # Each use moves it on.
        sequence=int(lost_at.timestamp()) // MINUTE,
        now=now,
    )


def _price(look: Foreseen) -> str:
    return format_money(look.price, translation.get_language() or "en")


def _plan(look: Foreseen) -> str:
    return PlanTerms.of(look.subscription.plan).label


def _renewal_page(look: Foreseen) -> str:
    return reverse("billing:auto_renewal", args=[look.subscription.line.public_id])


def _revision(subscription: Subscription) -> int:
    """Return a number that grows whenever date or price may have changed: with each claim, and each agreement."""
    agreed_at = subscription.agreement.agreed_at if subscription.agreement else subscription.created_at
    minutes = int((agreed_at - subscription.created_at).total_seconds()) // 60
    return int(subscription.fence) + max(0, minutes)


def _event(*, uid: str, at: datetime, summary: str, description: str, url: str, sequence: int, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@{_domain()}")
    event.add("dtstamp", now)
    event.add("dtstart", at)
    event.add("sequence", sequence)
    event.add("summary", summary)
    event.add("description", description)
    event.add("url", f"{settings.PORTAL_BASE_URL}{url}")
    event.add("transp", "TRANSPARENT")
    return event


def name_of(line: Line) -> str:
    """Return a name that may stand in other people's programs: no whole phone number."""
    if line.nickname:
        return line.nickname
    if line.msisdn:
        return _("Line ending in %(digits)s") % {"digits": line.msisdn[-LAST_DIGITS:]}
    return line.public_id


def _title() -> str:
    return _("%(brand)s: my lines") % {"brand": brand()["name"]}


def _domain() -> str:
    return urlsplit(settings.PORTAL_BASE_URL).hostname or "localhost"
