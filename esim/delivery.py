"""From an approved application to a card that works: set a card aside, send it or hand it over, see it activated.

A card that is set aside can be bound by the applicant only, by its number and PIN like any card (`binding.py`).
A pick-up code has 50 bits, is compared by a keyed hash, and is shown to its owner after a fresh proof only.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import AuditEvent, User
from accounts.notifications import every_channel, notify
from esim.identifiers import masked
from esim.models import Line, SimApplication, SimCard, SimCardQuerySet
from esim.pickup_codes import hash_of, new_code
from portal.lib.turns import take_turns

State, Delivery = SimApplication.State, SimApplication.Delivery

WRONG_CODE = "card.wrong_pickup_code"
MOST_WRONG, WRONG_WINDOW = 10, timedelta(hours=1)


class CannotDeliver(Exception):
    """Nothing was changed; `sentence` says why, to staff."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


NOT_WAITING = _(
    "This application does not wait for a card: it is not approved, or the card is on its way or picked up."
)
NO_CARD = _("No SIM card with a PIN is left in the stock. Import cards first.")
NOT_THIS_CARD = _("This card is not in the stock as a free physical SIM card with a PIN.")
ONE_S_OWN = _("This is your own application. A colleague gives out the card.")
NO_POST = _("Say who carries the letter, so that its owner can follow it.")
UNKNOWN_CODE = _("No card waits under this code. Compare it letter by letter.")
TOO_MANY_WRONG = _("Too many wrong codes. Try again in an hour.")


def in_stock() -> SimCardQuerySet:
    """Return the physical cards that may be given to an applicant, oldest first."""
    free = SimCard.objects.filter(state=SimCard.State.AVAILABLE, form=Line.Form.PHYSICAL)
    return free.exclude(pin_sealed="").order_by("id")


@dataclass(frozen=True, slots=True)
class Applicants:
    """How many applications wait for a card, and how many were ever sent."""

    waiting: int
    ever: int


def applicants() -> Applicants:
    """Count them. One query."""
    waiting = Count("pk", filter=Q(state=State.APPROVED))
    counted = SimApplication.objects.aggregate(waiting=waiting, ever=Count("pk", filter=~Q(state=State.DRAFT)))
    return Applicants(**counted)


@transaction.atomic
def prepare(
    *,
    application: SimApplication,
    staff: User,
    iccid: str = "",
    post_carrier: str = "",
    tracking_number: str = "",
    ip: str | None,
    now: datetime,
) -> SimApplication:
    """Set a card aside and tell its owner how they get it; without `iccid` the next one of the stock.

    May be repeated until the card is picked up, or activated: another card, or another tracking number. Raises
    CannotDeliver.
    """
    held = _held(application, staff=staff)
    card = _set_aside(held, iccid=iccid, now=now)
    is_posted = held.delivery == Delivery.POST
    if is_posted and not post_carrier.strip():
        raise CannotDeliver(NO_POST)
    letter = {"post_carrier": post_carrier.strip(), "tracking_number": tracking_number.strip()} if is_posted else {}
    code = {} if is_posted else _code_of(held)
    ready = {"card": card, "state": State.READY, "ready_at": held.ready_at or now, "touched_at": now}
    if not _to_prepare().filter(pk=held.pk).update(**ready, **letter, **code):
        raise CannotDeliver(NOT_WAITING)
    held.refresh_from_db()
    detail = {"card": masked(card.iccid), "delivery": held.delivery}
    _record("application.card_ready", held, actor=staff, ip=ip, now=now, detail=detail)
    _tell_ready(held, now=now)
    return held


def find_by_code(*, code: str, staff: User, ip: str | None, now: datetime) -> SimApplication:
    """Return the application whose card is picked up with this code; wrong codes are counted and on record.

    Raises CannotDeliver.
    """
    with transaction.atomic():
        take_turns(f"pickup:{staff.pk}")
        wrong = AuditEvent.objects.filter(actor=staff, action=WRONG_CODE, at__gt=now - WRONG_WINDOW)
        if wrong.count() >= MOST_WRONG:
            raise CannotDeliver(TOO_MANY_WRONG)
        to_pick_up = SimApplication.objects.filter(state=State.READY, delivery=Delivery.PICKUP, picked_up_at=None)
        found = to_pick_up.filter(pickup_code_hash=hash_of(code)).select_related("owner", "card", "outlet").first()
        if found is None:
            audit.record(actor=staff, subject=None, action=WRONG_CODE, ip=ip, now=now)
    if found is None:
        raise CannotDeliver(UNKNOWN_CODE)
    if found.owner_id == staff.pk:
        raise CannotDeliver(ONE_S_OWN)
    return found


@transaction.atomic
def hand_over(*, application: SimApplication, staff: User, ip: str | None, now: datetime) -> bool:
    """Write down that the card was handed over, and tell its owner wherever they are; False where it was before."""
    standing = SimApplication.objects.filter(pk=application.pk, state=State.READY, picked_up_at=None)
    if not standing.update(picked_up_at=now, touched_at=now, pickup_code_hash="", pickup_code_ciphertext=""):
        return False
    _record("application.picked_up", application, actor=staff, ip=ip, now=now)
    owner = application.owner
    notify(
        user=owner,
        kind="application_picked_up",
        key=f"picked-up:{application.public_id}",
        context={**_about(application), "done_at": now.isoformat()},
        now=now,
        channels=every_channel(owner),
    )
    return True


def hold(card: SimCard) -> None:
    """Lock the application of a card before the card, in the order of `prepare`. Runs in the caller's transaction."""
    if card.state == SimCard.State.RESERVED:
        list(SimApplication.objects.select_for_update().filter(card=card))


def meant_for(user: User) -> Q:
    """Tell cards that were set aside for this person; nobody else can bind them."""
    return Q(
        state=SimCard.State.RESERVED,
        form=Line.Form.PHYSICAL,
        applications__owner=user,
        applications__state=State.READY,
    )


def activated(*, card: SimCard, line: Line, now: datetime) -> bool:
    """Write down that the card works; False where no application waits for it. Runs in the caller's transaction."""
    waiting = SimApplication.objects.filter(card=card, state=State.READY, owner=line.owner)
    application = waiting.select_related("owner", "outlet").first()
    works = {"state": State.ACTIVATED, "line": line, "activated_at": now, "touched_at": now}
    if application is None or not waiting.update(**works, pickup_code_hash="", pickup_code_ciphertext=""):
        return False
    _record("application.activated", application, actor=line.owner, ip=None, now=now)
    context = {"application_id": application.public_id, "line": str(line), "line_id": line.public_id}
    notify(user=line.owner, kind="sim_activated", key=f"activated:{application.public_id}", context=context, now=now)
    return True


def forsaken() -> SimCardQuerySet:
    """Return the cards that were set aside for applications which ended before the card left the house."""
    over = Q(applications__state__in=[State.CANCELLED, State.REFUSED], applications__picked_up_at=None)
    stayed = over & (Q(applications__ready_at=None) | Q(applications__delivery=Delivery.PICKUP))
    return SimCard.objects.filter(stayed, state=SimCard.State.RESERVED, form=Line.Form.PHYSICAL)


def release_forsaken() -> int:
    """Put them back into the stock; return how many."""
    return SimCard.objects.filter(pk__in=list(forsaken().values_list("pk", flat=True))).update(
        state=SimCard.State.AVAILABLE, reserved_for="", reserved_at=None
    )


def _code_of(application: SimApplication) -> dict[str, str]:
    """Return the columns of its code, made now if it has none; hashed anew, for the key may be another one by now."""
    application.pickup_code = application.pickup_code or new_code()
    return {
        "pickup_code_hash": hash_of(application.pickup_code),
        "pickup_code_ciphertext": application.pickup_code_ciphertext,
    }


def _to_prepare() -> QuerySet[SimApplication]:
    return SimApplication.objects.filter(state__in=[State.APPROVED, State.READY], picked_up_at=None)


def _held(application: SimApplication, *, staff: User) -> SimApplication:
    # Held first, then read: a query that waited for the row has not seen which card it was given meanwhile.
    list(SimApplication.objects.select_for_update().filter(pk=application.pk))
    held = _to_prepare().select_related("owner", "card", "outlet").filter(pk=application.pk).first()
    if held is None:
        raise CannotDeliver(NOT_WAITING)
    if held.owner_id == staff.pk:
        raise CannotDeliver(ONE_S_OWN)
    return held


def _set_aside(application: SimApplication, *, iccid: str, now: datetime) -> SimCard:
    """Return the card of the application: the one it has, or the one wanted, which nobody else has."""
    former = application.card
    if former is not None and iccid in {"", former.iccid}:
        return former
    if former is not None:
        # A letter with its PIN may lie anywhere; staff put the card back where it returns.
        was_posted = application.delivery == Delivery.POST
        to = SimCard.State.WITHDRAWN if was_posted else SimCard.State.AVAILABLE
        held = SimCard.objects.filter(pk=former.pk, state=SimCard.State.RESERVED, reserved_for=application.public_id)
        held.update(state=to, reserved_for="", reserved_at=None)
    free = in_stock().filter(iccid=iccid) if iccid else in_stock()
    while (card := free.first()) is not None:
        taken = SimCard.objects.filter(pk=card.pk, state=SimCard.State.AVAILABLE)
        reserved = {"reserved_for": application.public_id, "reserved_at": now}
        if taken.update(state=SimCard.State.RESERVED, **reserved):
            card.refresh_from_db()
            return card
    raise CannotDeliver(NOT_THIS_CARD if iccid else NO_CARD)


def _tell_ready(application: SimApplication, *, now: datetime) -> None:
    letter = {"carrier": application.post_carrier, "tracking": application.tracking_number}
    # Another card changes nothing for its owner; another letter does.
    key = f"ready:{application.public_id}:{application.tracking_number}"
    context = {**_about(application), **letter, "delivery": application.delivery}
    notify(user=application.owner, kind="application_ready", key=key[:100], context=context, now=now)


def _about(application: SimApplication) -> dict[str, Any]:
    outlet = application.outlet if application.delivery == Delivery.PICKUP else None
    names = ("name", "name_zh_hans", "name_zh_hant")
    return {
        "application_id": application.public_id,
        "outlet": {name: getattr(outlet, name) for name in names} if outlet else None,
        "outlet_id": outlet.public_id if outlet else "",
    }


def _record(
    action: str,
    application: SimApplication,
    *,
    actor: User,
    ip: str | None,
    now: datetime,
    detail: dict[str, Any] | None = None,
) -> None:
    target, owner = application.public_id, application.owner
    audit.record(actor=actor, subject=owner, action=action, target=target, detail=detail, ip=ip, now=now)
