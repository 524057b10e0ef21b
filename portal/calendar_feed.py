"""The calendar of a subscriber's lines: when plans end, and when what is charged by itself (RFC 5545)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from accounts.models import User
from billing.consent import source_words
from billing.models import Subscription
from billing.schedule import last_paid
from billing.verdicts import Action, Verdict, judge_each
from esim.models import Allowance, Line
from plans.terms import PlanTerms
from portal.lib.brand import brand
from portal.lib.money import format_money

REFRESH = timedelta(hours=6)
LAST_DIGITS = 4
TO_COME = frozenset({Action.CHARGE, Action.WAIT})


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
    for line_id, paid in last_paid(lines, now=now).items():
        yield _end(lines[line_id], paid, now=now)
    renewing = Subscription.objects.owned_by(user).filter(
        line__in=lines, mode=Subscription.Mode.AUTOMATIC, state=Subscription.State.ACTIVE
    )
    subscriptions = list(renewing.select_related("line__owner", "plan", "method", "agreement").order_by("pk"))
    for verdict in judge_each(subscriptions, now=now):
        if verdict.action in TO_COME and not verdict.reason:
            yield _charge(verdict, now=now)


def _end(line: Line, paid: Allowance, *, now: datetime) -> Event:
    plan = PlanTerms.of(paid.plan).label
    return _event(
        uid=f"end-{paid.public_id}",
        at=paid.ends_at,
        summary=_("%(line)s: plan ends") % {"line": name_of(line)},
        description=_("“%(plan)s” ends now, unless more was bought since.") % {"plan": plan},
        url=reverse("line", args=[line.public_id]),
        sequence=0,
        now=now,
    )


def _charge(verdict: Verdict, *, now: datetime) -> Event:
    subscription = verdict.subscription
    price = format_money(subscription.agreed_price, translation.get_language() or "en")
    values = {
        "plan": PlanTerms.of(subscription.plan).label,
        "price": price,
        "source": source_words(subscription.pay_from, subscription.method),
    }
    return _event(
        uid=f"charge-{subscription.public_id}-{verdict.schedule.period_index}",
        at=verdict.schedule.charge_due_at,
        summary=_("%(line)s renews for %(price)s") % {"line": name_of(subscription.line), "price": price},
        description=_("“%(plan)s” is paid by itself: %(price)s from %(source)s. You can change or stop it before.")
        % values,
        url=reverse("billing:auto_renewal", args=[subscription.line.public_id]),
        sequence=_revision(subscription),
        now=now,
    )


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
