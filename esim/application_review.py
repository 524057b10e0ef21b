"""Deciding about applications for a SIM card: each decision is taken on the round that somebody read."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import audit, documents
from accounts.models import User
from esim.applications import papers_of, tell
from esim.models import SimApplication

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

State = SimApplication.State

ANEW: dict[str, Any] = {"first_approved_by": None, "first_approved_at": None}
"""A first approval was about what was read then: after a question the two begin anew."""


class CannotDecide(Exception):
    def __init__(self, sentence: "_StrPromise") -> None:
        super().__init__(sentence)
        self.sentence = sentence


DECIDED_MEANWHILE = _("Somebody else decided about this application, or it was withdrawn. Look at it again.")
ONE_S_OWN = _("This is your own application. A colleague decides about it.")
SECOND_PERSON = _("You approved it first. The second approval is a colleague’s.")


@transaction.atomic
def approve(
    *, application: SimApplication, staff: User, seen_round: int, two_people: bool, ip: str | None, now: datetime
) -> bool:
    """Approve; True when it is approved now, False when a second person has to. Raises CannotDecide."""
    _refuse_own(application, staff)
    waiting = _as_read(application, seen_round)
    if two_people and application.first_approved_by_id is None:
        first = {"first_approved_by": staff, "first_approved_at": now}
        if not waiting.filter(first_approved_by=None).update(**first):
            raise CannotDecide(DECIDED_MEANWHILE)
        _record("application.approved_first", application, staff=staff, ip=ip, now=now)
        return False
    if application.first_approved_by_id == staff.pk:
        raise CannotDecide(SECOND_PERSON)
    by_whom = waiting.filter(first_approved_by=application.first_approved_by_id)
    _decide(by_whom, state=State.APPROVED, staff=staff, now=now)
    documents.keep_until(papers_of(application), now + settings.PORTAL_DOCUMENT_RETENTION)
    _record("application.approved", application, staff=staff, ip=ip, now=now)
    tell(application, kind="application_approved", round_=seen_round, now=now, delivery=application.delivery)
    return True


@transaction.atomic
def ask_for_more(
    *,
    application: SimApplication,
    staff: User,
    seen_round: int,
    wanted: Sequence[str],
    reason: str,
    text: str,
    ip: str | None,
    now: datetime,
) -> None:
    """Ask the subscriber for these parts again; they can change nothing else. Raises CannotDecide."""
    _refuse_own(application, staff)
    said = {"wanted": list(wanted), "reason": reason, "reason_text": text}
    _decide(_as_read(application, seen_round), state=State.MORE_WANTED, staff=staff, now=now, **ANEW, **said)
    _record("application.more_wanted", application, staff=staff, ip=ip, now=now, reason=reason, wanted=list(wanted))
    lapses_at = now + settings.PORTAL_DRAFT_KEPT
    tell(
        application,
        kind="application_more_wanted",
        round_=seen_round,
        now=now,
        reason=reason,
        text=text,
        lapses_at=lapses_at.isoformat(),
    )


@transaction.atomic
def refuse(
    *,
    application: SimApplication,
    staff: User,
    seen_round: int,
    reason: str,
    text: str,
    ip: str | None,
    now: datetime,
) -> None:
    """Refuse for good; papers and particulars are kept for the retention time and then go. Raises CannotDecide."""
    _refuse_own(application, staff)
    until = now + settings.PORTAL_DOCUMENT_RETENTION
    said = {"reason": reason, "reason_text": text, "forget_at": until}
    _decide(_as_read(application, seen_round), state=State.REFUSED, staff=staff, now=now, **said)
    documents.keep_until(papers_of(application), until)
    _record("application.refused", application, staff=staff, ip=ip, now=now, reason=reason)
    tell(application, kind="application_refused", round_=seen_round, now=now, reason=reason, text=text)


def _as_read(application: SimApplication, seen_round: int) -> QuerySet[SimApplication]:
    return SimApplication.objects.filter(pk=application.pk, state=State.SUBMITTED, round=seen_round)


def _decide(
    standing: QuerySet[SimApplication], *, state: SimApplication.State, staff: User, now: datetime, **said: Any
) -> None:
    if not standing.update(state=state, decided_by=staff, decided_at=now, touched_at=now, **said):
        raise CannotDecide(DECIDED_MEANWHILE)


def _refuse_own(application: SimApplication, staff: User) -> None:
    if application.owner_id == staff.pk:
        raise CannotDecide(ONE_S_OWN)


def _record(
    action: str, application: SimApplication, *, staff: User, ip: str | None, now: datetime, **detail: Any
) -> None:
    target, owner = application.public_id, application.owner
    audit.record(actor=staff, subject=owner, action=action, target=target, detail=detail, ip=ip, now=now)
