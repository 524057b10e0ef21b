"""Applying for a physical SIM card: what its owner does, from the first step until it is sent or withdrawn."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit, documents, locks
from accounts.models import Document, DocumentQuerySet, User
from accounts.notifications import notify
from esim.models import Outlet, SimApplication, SimCard
from portal.lib.public_ids import is_public_id

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

State, Wanted, Delivery = SimApplication.State, SimApplication.Wanted, SimApplication.Delivery

MOST_OPEN = 3
MOST_PAPERS = 8
PARTICULARS = {
    "full_name_ciphertext": "",
    "document_number_ciphertext": "",
    "document_type": "",
    "document_expires_on": None,
    "company_name": "",
    "registration_number_ciphertext": "",
    "contact_name_ciphertext": "",
    "contact_phone_ciphertext": "",
    "address_ciphertext": "",
}
"""What identifies the applicant, and what is written over it."""

SEALED = frozenset({"full_name", "document_number", "registration_number", "contact_name", "contact_phone", "address"})


class CannotApply(Exception):
    def __init__(self, sentence: "_StrPromise") -> None:
        super().__init__(sentence)
        self.sentence = sentence


CHANGED_MEANWHILE = _("This application was sent or withdrawn meanwhile. Here is how it stands.")
TOO_MANY = _("You have three applications under way. Wait for one of them, or withdraw one.")
TOO_MANY_PAPERS = _("That is enough: 8 files are the most. Remove one to add another.")
INCOMPLETE = _("Something is still missing. Look at the steps marked below.")
EXPIRES_FIRST = _("The document is no longer valid. Use another one.")


def begin(*, owner: User, kind: SimApplication.Kind, now: datetime) -> SimApplication:
    """Return the person's draft, begun now if there is none; for the other kind its details begin anew."""
    locks.refuse_if_locked(owner)
    if SimApplication.objects.owned_by(owner).open().exclude(state=State.DRAFT).count() >= MOST_OPEN:
        raise CannotApply(TOO_MANY)
    draft, _is_new = SimApplication.objects.get_or_create(
        owner=owner, state=State.DRAFT, defaults={"kind": kind, "created_at": now, "touched_at": now}
    )
    if draft.kind != kind:
        _write(draft, {**PARTICULARS, "kind": kind}, part=Wanted.DETAILS, now=now)
    return draft


def papers_of(application: SimApplication) -> DocumentQuerySet:
    return Document.objects.about(application.public_id)


def removable(application: SimApplication, document: Document) -> bool:
    """Tell whether its owner may take a file away again: what was sent to us stays."""
    if Wanted.PAPERS not in application.changeable:
        return False
    return application.decided_at is None or document.added_at > application.decided_at


def save_details(application: SimApplication, values: Mapping[str, Any], *, now: datetime) -> None:
    """Write the details of a person or a business; raises CannotApply where that is over."""
    _write(application, values, part=Wanted.DETAILS, now=now)


def save_delivery(
    application: SimApplication, *, delivery: str, outlet: Outlet | None, address: str, now: datetime
) -> None:
    values = {"delivery": delivery, "outlet": outlet, "address": address}
    _write(application, values, part=Wanted.DELIVERY, now=now)


def add_paper(application: SimApplication, upload: UploadedFile[Any], *, now: datetime) -> Document:
    """Keep one more picture or PDF with the application; raises UploadRefused or CannotApply."""
    locks.refuse_if_locked(application.owner)
    if Wanted.PAPERS not in application.changeable:
        raise CannotApply(CHANGED_MEANWHILE)
    if papers_of(application).count() >= MOST_PAPERS:
        raise CannotApply(TOO_MANY_PAPERS)
    purpose = Document.Purpose.LICENCE if application.is_business else Document.Purpose.IDENTITY
    document = documents.store(
        owner=application.owner, purpose=purpose, upload=upload, about=application.public_id, now=now
    )
    try:
        _write(application, {}, part=Wanted.PAPERS, now=now)
    except CannotApply:
        documents.erase(document, now=now)
        raise
    # From here on it goes when the application says so.
    documents.keep_until(papers_of(application).filter(pk=document.pk), None)
    return document


def remove_paper(application: SimApplication, public_id: str, *, now: datetime) -> bool:
    """Erase one file of an application that was not sent with it yet."""
    document = papers_of(application).filter(public_id=public_id).first() if is_public_id(public_id) else None
    if document is None or not removable(application, document):
        return False
    _write(application, {}, part=Wanted.PAPERS, now=now)
    return documents.erase(document, now=now, by=application.owner)


def missing(application: SimApplication) -> list[str]:
    """Return the parts without which it can't be sent, in the order of the steps."""
    a = application
    person = (a.full_name, a.document_type, a.document_number, a.document_expires_on)
    business = (a.company_name, a.registration_number, a.contact_name, a.contact_phone)
    papers, untouched = papers_of(a), frozenset[str]()
    if a.state == State.MORE_WANTED and a.decided_at:
        untouched = frozenset(a.wanted) - {Wanted.PAPERS} if a.touched_at <= a.decided_at else untouched
        papers = papers.filter(added_at__gt=a.decided_at) if Wanted.PAPERS in a.wanted else papers
    is_there = {
        Wanted.DETAILS: bool(a.kind) and all(business if a.is_business else person),
        Wanted.PAPERS: papers.exists(),
        Wanted.DELIVERY: _has_place(a),
    }
    return [part.value for part in Wanted if not is_there[part] or part in untouched]


def _has_place(application: SimApplication) -> bool:
    """Tell whether a card can go where its owner wants it; an outlet they may still change must give out cards now."""
    if application.delivery != Delivery.PICKUP:
        return bool(application.delivery and application.address)
    if application.outlet_id is None or Wanted.DELIVERY not in application.changeable:
        return application.outlet_id is not None
    return Outlet.objects.for_pick_up().filter(pk=application.outlet_id).exists()


def submit(application: SimApplication, *, ip: str | None, now: datetime) -> None:
    """Send it to us; raises CannotApply with what stands in the way. A second click changes nothing."""
    locks.refuse_if_locked(application.owner)
    if missing(application):
        raise CannotApply(INCOMPLETE)
    if application.document_expires_on and application.document_expires_on < timezone.localdate(now):
        raise CannotApply(EXPIRES_FIRST)
    with transaction.atomic():
        standing = SimApplication.objects.filter(
            pk=application.pk, state__in=sorted(State.CHANGEABLE), round=application.round
        )
        sent = {"state": State.SUBMITTED, "round": application.round + 1, "submitted_at": now, "touched_at": now}
        if not standing.update(**sent, wanted=[], reason="", reason_text="", decided_at=None, decided_by=None):
            raise CannotApply(CHANGED_MEANWHILE)
        documents.keep_until(papers_of(application), None)
        _record("application.sent", application, ip=ip, now=now)
        tell(application, kind="application_received", round_=application.round + 1, now=now)
    application.refresh_from_db()


def may_withdraw(application: SimApplication) -> bool:
    """Tell whether its owner can end it here: until its card is in the post, or in their hands."""
    if application.state == State.READY:
        return application.delivery == Delivery.PICKUP and application.picked_up_at is None
    return application.state in State.CHANGEABLE | {State.SUBMITTED, State.APPROVED}


@transaction.atomic
def withdraw(application: SimApplication, *, ip: str | None, now: datetime) -> bool:
    """End an application for its owner; papers and particulars go at once. False where it is too late.

    A card that waited to be picked up goes back into the stock.
    """
    begun = Q(state__in=sorted(State.CHANGEABLE | {State.SUBMITTED, State.APPROVED}))
    waits = Q(state=State.READY, delivery=Delivery.PICKUP, picked_up_at=None)
    standing = SimApplication.objects.filter(begun | waits, pk=application.pk)
    ended = {"state": State.CANCELLED, "cancelled_at": now, "touched_at": now, "forget_at": now, "forgotten_at": now}
    no_card = {"card": None, "pickup_code_hash": "", "pickup_code_ciphertext": ""}
    if not standing.update(**PARTICULARS, **ended, **no_card):
        return False
    held = SimCard.objects.filter(reserved_for=application.public_id, state=SimCard.State.RESERVED)
    held.update(state=SimCard.State.AVAILABLE, reserved_for="", reserved_at=None)
    for document in papers_of(application):
        documents.erase(document, now=now, by=application.owner)
    _record("application.withdrawn", application, ip=ip, now=now)
    application.refresh_from_db()
    return True


def tell(application: SimApplication, *, kind: str, round_: int, now: datetime, **context: Any) -> None:
    """Write to its owner about a step, once a round."""
    notify(
        user=application.owner,
        kind=kind,
        key=f"{kind}:{application.public_id}:{round_}",
        context={"application_id": application.public_id, **context},
        now=now,
    )


def _write(
    application: SimApplication, values: Mapping[str, Any], *, part: SimApplication.Wanted, now: datetime
) -> None:
    """Write columns of a part that may still be changed; what staff or another window did meanwhile stays."""
    if part not in application.changeable:
        raise CannotApply(CHANGED_MEANWHILE)
    for name, value in values.items():
        setattr(application, name, value)
    columns = {_column(name): getattr(application, _column(name)) for name in values}
    standing = SimApplication.objects.filter(pk=application.pk, state=application.state, round=application.round)
    if not standing.update(**columns, touched_at=now):
        raise CannotApply(CHANGED_MEANWHILE)
    application.touched_at = now


def _column(name: str) -> str:
    return f"{name}_ciphertext" if name in SEALED else name


def _record(action: str, application: SimApplication, *, ip: str | None, now: datetime) -> None:
    owner = application.owner
    audit.record(actor=owner, subject=owner, action=action, target=application.public_id, ip=ip, now=now)
