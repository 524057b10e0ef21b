"""What staff do with a card of the stock; each deed is in the audit trail."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from accounts.notifications import every_channel, notify
from esim import pins
from esim.identifiers import masked
from esim.models import SimApplication, SimCard, SimProfile


class NoPinForThis(Exception):
    sentence = _("This card can't have a PIN: it is reserved or withdrawn, or another SIM took its place on its line.")


@transaction.atomic
def withdraw(card: SimCard, *, staff: User, ip: str | None, now: datetime) -> bool:
    """Take a card that nobody has out of the stock; False where somebody has it."""
    return _move(card, SimCard.State.AVAILABLE, SimCard.State.WITHDRAWN, "card.withdrawn", staff=staff, ip=ip, now=now)


@transaction.atomic
def put_back(card: SimCard, *, staff: User, ip: str | None, now: datetime) -> bool:
    """Put a withdrawn card back into the stock; False where it is not withdrawn."""
    return _move(card, SimCard.State.WITHDRAWN, SimCard.State.AVAILABLE, "card.put_back", staff=staff, ip=ip, now=now)


@transaction.atomic
def issue_pin(card: SimCard, *, staff: User, reason: str, ip: str | None, now: datetime) -> str:
    """Give the card a new PIN and return it: it is shown now and never again. Raises NoPinForThis.

    Whoever has it can take the card over from its present owner, who is told, once PORTAL_COOL_OFF is over.
    """
    card = SimCard.objects.select_for_update(of=("self",)).get(pk=card.pk)
    profile = SimProfile.objects.filter(iccid=card.iccid).select_related("line__owner").first()
    bindable = {SimCard.State.AVAILABLE, SimCard.State.USED}
    applicant = _applicant(card)
    if (card.state not in bindable and applicant is None) or (profile and not profile.is_current):
        raise NoPinForThis
    pin = pins.new_pin()
    pins.set_pin(card, pin=pin, now=now)
    card.save(update_fields=["pin_sealed", "pin_issued_at", "pin_used_at"])
    owner = profile.line.owner if profile else applicant
    audit.record(
        actor=staff,
        subject=owner,
        action="line.new_pin_issued",
        target=profile.line.public_id if profile else card.public_id,
        detail={"card": masked(card.iccid), "reason": reason},
        ip=ip,
        now=now,
    )
    if profile and owner:
        context = {"line": str(profile.line), "card": card.iccid[-4:], "done_at": now.isoformat()}
        context["works_at"] = (now + settings.PORTAL_COOL_OFF).isoformat()
        key = f"card-pin:{card.public_id}:{now:%Y%m%d%H%M%S%f}"
        channels = every_channel(owner)
        notify(user=owner, kind="card_pin_issued", key=key, context=context, now=now, channels=channels)
    return pin


def _applicant(card: SimCard) -> User | None:
    """Return for whom a card was set aside: a letter may lose its PIN."""
    ready = card.applications.filter(state=SimApplication.State.READY).select_related("owner").first()
    return ready.owner if ready and card.state == SimCard.State.RESERVED else None


def _move(
    card: SimCard,
    source: SimCard.State,
    to: SimCard.State,
    action: str,
    *,
    staff: User,
    ip: str | None,
    now: datetime,
) -> bool:
    if not SimCard.objects.filter(pk=card.pk, state=source).update(state=to):
        return False
    detail = {"card": masked(card.iccid)}
    audit.record(actor=staff, subject=None, action=action, target=card.public_id, detail=detail, ip=ip, now=now)
    return True
