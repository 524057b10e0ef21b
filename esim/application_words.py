"""Where an application for a SIM card stands, in words: what happened, what is next, and what is to do."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from esim.applications import missing, papers_of
from esim.models import SimApplication
from portal.lib.saying import say_moment
from portal.lib.standings import Standing, Step, Words

State, Wanted, Delivery = SimApplication.State, SimApplication.Wanted, SimApplication.Delivery

BADGES = {
    State.DRAFT: "neutral",
    State.SUBMITTED: "brand",
    State.MORE_WANTED: "warning",
    State.APPROVED: "success",
    State.REFUSED: "error",
    State.READY: "success",
    State.ACTIVATED: "success",
    State.CANCELLED: "neutral",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One step of filling it in. Without an address it can't be changed now."""

    name: str
    title: Words
    text: str
    is_done: bool
    href: str = ""


STANDINGS = {
    State.DRAFT: Standing(
        kind="info",
        title=_("Not sent yet"),
        text=_("What you filled in is kept. Go on whenever you like."),
    ),
    State.SUBMITTED: Standing(
        kind="info",
        title=_("Your application is being checked"),
        text=_("Somebody looks at it, as a rule within one working day. We write to you either way."),
    ),
    State.MORE_WANTED: Standing(
        kind="warning",
        title=_("We need something more"),
        text=_("Send what is missing, and we go on from there."),
    ),
    State.APPROVED: Standing(
        kind="success",
        title=_("Approved. Your card is being prepared"),
        text=_("We write to you as soon as it is ready."),
    ),
    State.REFUSED: Standing(
        kind="error",
        title=_("We can’t give you a card on this application"),
        text=_("Nothing was charged. You can apply again with other documents."),
    ),
    State.READY: Standing(kind="success", title=_("Your card is ready"), text=""),
    State.ACTIVATED: Standing(kind="success", title=_("Your card works"), text=_("Nothing is left to do.")),
    State.CANCELLED: Standing(
        kind="info",
        title=_("This application is over"),
        text=_("Its documents are erased. You can apply again at any time."),
    ),
}
TITLES = {
    Wanted.DETAILS: _("Who it is for"),
    Wanted.PAPERS: _("Documents"),
    Wanted.DELIVERY: _("Where the card goes"),
}
ROUTES = {
    Wanted.DETAILS: "esim:application_details",
    Wanted.PAPERS: "esim:application_papers",
    Wanted.DELIVERY: "esim:application_delivery",
}


def standing_of(application: SimApplication) -> Standing:
    return STANDINGS[State(application.state)]


def parts_of(application: SimApplication) -> list[Part]:
    """Return the steps, what is in each, and where it is changed."""
    left = set(missing(application)) if application.changeable else set()
    summaries = {
        Wanted.DETAILS: _details_in_short(application),
        Wanted.PAPERS: _papers_in_short(application),
        Wanted.DELIVERY: _delivery_in_short(application),
    }
    return [
        Part(
            name=part.value,
            title=TITLES[part],
            text=summaries[part],
            is_done=part.value not in left,
            href=reverse(ROUTES[part], args=[application.public_id]) if part.value in application.changeable else "",
        )
        for part in Wanted
    ]


def next_step(application: SimApplication) -> str:
    """Return the address of the first step that is not done; of the review when all are."""
    for part in parts_of(application):
        if part.href and not part.is_done:
            return part.href
    return reverse("sim_review", args=[application.public_id])


def timeline_of(application: SimApplication) -> Sequence[Step]:
    """Return what happened and what is to come, each with its moment."""
    a, state = application, State(application.state)
    if state in {State.CANCELLED, State.REFUSED}:
        return [*_sent(a), _end_of(a)]
    is_post, is_ready = a.delivery == Delivery.POST, state in {State.READY, State.ACTIVATED}
    if is_post:
        ready = _("The card was sent") if is_ready else _("We send you the card")
    else:
        ready = _("The card is ready to be picked up") if is_ready else _("We get the card ready at the outlet")
    ready_at = say_moment(a.ready_at) if a.ready_at else ""
    decided = say_moment(a.decided_at) if a.decided_at else ""
    checked = {
        State.DRAFT: Step(state="ahead", title=_("We check it"), text=_("As a rule within one working day.")),
        State.SUBMITTED: Step(state="current", title=_("We check it"), text=_("As a rule within one working day.")),
        State.MORE_WANTED: Step(state="attention", title=_("We asked for more"), at=decided),
    }.get(state, Step(state="done", title=_("Approved"), at=decided))
    later = {State.APPROVED: "current", State.READY: "done", State.ACTIVATED: "done"}.get(state, "ahead")
    works = {State.READY: "current", State.ACTIVATED: "done"}.get(state, "ahead")
    works_at = say_moment(a.activated_at) if a.activated_at else ""
    return [
        *_sent(a),
        checked,
        Step(state=later, title=ready, at=ready_at),
        Step(state=works, title=_("You activate it with its number and PIN"), at=works_at),
    ]


def kept_words() -> str:
    days = settings.PORTAL_DOCUMENT_RETENTION.days
    return ngettext(
        "Your documents are encrypted. They are erased %(days)d day after we have decided.",
        "Your documents are encrypted. They are erased %(days)d days after we have decided.",
        days,
    ) % {"days": days}


def _sent(a: SimApplication) -> list[Step]:
    begun = Step(state="done", title=_("Application begun"), at=say_moment(a.created_at))
    if a.submitted_at:
        return [begun, Step(state="done", title=_("Sent to us"), at=say_moment(a.submitted_at))]
    return [begun] if a.state == State.CANCELLED else [begun, Step(state="current", title=_("You send it to us"))]


def _end_of(a: SimApplication) -> Step:
    if a.state == State.REFUSED:
        return Step(state="failed", title=_("Refused"), at=say_moment(a.decided_at) if a.decided_at else "")
    return Step(state="failed", title=_("Ended"), at=say_moment(a.cancelled_at) if a.cancelled_at else "")


def _details_in_short(a: SimApplication) -> str:
    if a.is_business:
        return a.company_name
    return f"{a.full_name} · {a.get_document_type_display()}" if a.full_name and a.document_type else a.full_name


def _papers_in_short(a: SimApplication) -> str:
    count = papers_of(a).count()
    return ngettext("%(count)d file", "%(count)d files", count) % {"count": count} if count else ""


def _delivery_in_short(a: SimApplication) -> str:
    if a.delivery == Delivery.PICKUP and a.outlet:
        return gettext("Pick up at %(outlet)s") % {"outlet": a.outlet}
    return a.address
