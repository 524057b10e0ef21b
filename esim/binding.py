"""Binding a card that was bought elsewhere: whoever knows its number and its PIN gets its line.

1. Count the try, and commit that: whatever happens afterwards, it was one.
2. Compare the PIN, outside any transaction. A wrong number takes as long as a wrong PIN and has the same answer.
3. Claim the card by a conditional UPDATE that uses the PIN up, and open the line, in one transaction.

A PIN that staff issue for a card in somebody's account lets nobody else have it before PORTAL_COOL_OFF is over: its owner is
told, and has that long to lock the account.

A card that was set aside for an application is the applicant's to bind; for anybody else it is a wrong number.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import audit, locks
from accounts.models import User
from accounts.notifications import every_channel, notify
from esim import delivery, handing_over, moving_lines, pins
from esim.binding_tries import count_try
from esim.handing_over import InUse
from esim.identifiers import masked
from esim.models import BindingAttempt, DownloadState, Line, SimCard, SimProfile


class WrongCard(Exception):
    """No card of this number, or not its PIN, or a PIN that was used: nobody learns which."""

    sentence = _("Card number and PIN do not belong together. Check both. Each PIN can be used once.")


class NotNow(Exception):
    """The PIN is right, and something else is going on with the card; the PIN stays good."""

    sentence = _("This card can't be bound at the moment. Nothing was changed, and the PIN stays valid. Ask support.")


class PinTooNew(NotNow):
    sentence = _(
        "This PIN was issued a short while ago, and the card is in another account. Nothing was changed, and the PIN stays"
        " valid. Try again tomorrow."
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Claim:
    """Who wants which card; never printed, because of the PIN."""

    user: User
    iccid: str
    pin: str
    ip: str | None


def bind(claim: Claim, *, now: datetime) -> Line:
    """Return the line of a card that is the user's from now on.

    Raises AccountLocked, TooManyTries, WrongCard and NotNow.
    """
    locks.refuse_if_locked(claim.user)
    attempt = count_try(user=claim.user, iccid=claim.iccid, now=now)
    bindable = Q(state__in=[SimCard.State.AVAILABLE, SimCard.State.USED]) | delivery.meant_for(claim.user)
    card = SimCard.objects.filter(bindable, iccid=claim.iccid).first()
    if not pins.matches(card, claim.pin) or card is None:
        raise WrongCard
    try:
        return _take_over(card, claim=claim, attempt=attempt, now=now)
    except (InUse, IntegrityError) as error:
        # The second: its number is on another line, which only people can put right.
        raise NotNow from error


@transaction.atomic
def _take_over(card: SimCard, *, claim: Claim, attempt: BindingAttempt, now: datetime) -> Line:
    profile = SimProfile.objects.filter(iccid=card.iccid).first()
    former = _hold(profile)
    delivery.hold(card)
    if former is not None and former.owner != claim.user and _is_new(card, now=now):
        raise PinTooNew
    if not _claim(card, now=now):
        raise WrongCard
    if profile is None or former is None:
        line = _open_line(card, owner=claim.user, now=now)
    elif former.owner == claim.user:
        line = former
    else:
        moving_lines.end_all(former, now=now)
        line = handing_over.hand_over(former, profile=profile, to=claim.user, now=now)
        # Their number may have gone with the card.
        former.owner.refresh_from_db()
        _tell_former_owner(card, line=former, now=now)
    SimCard.objects.filter(pk=card.pk).update(line=line)
    delivery.activated(card=card, line=line, now=now)
    BindingAttempt.objects.filter(pk=attempt.pk).update(succeeded=True)
    _tell_owner(card, line=line, claim=claim, now=now)
    return line


def _hold(profile: SimProfile | None) -> Line | None:
    """Lock the line first, as everywhere: usage is counted, and plans are fitted in, either before or after."""
    if profile is None:
        return None
    return Line.objects.select_for_update(of=("self",)).select_related("owner").get(pk=profile.line_id)


def _is_new(card: SimCard, *, now: datetime) -> bool:
    return card.pin_issued_at is not None and now < card.pin_issued_at + settings.PORTAL_COOL_OFF


def _claim(card: SimCard, *, now: datetime) -> bool:
    """Use the PIN up. The row must still hold the very PIN that was compared, unused."""
    unused = SimCard.objects.filter(
        pk=card.pk, state=card.state, pin_sealed=card.pin_sealed, reserved_for=card.reserved_for
    )
    return bool(unused.update(state=SimCard.State.USED, pin_sealed="", pin_used_at=now, used_at=now))


def _open_line(card: SimCard, *, owner: User, now: datetime) -> Line:
    line = Line.objects.open_in_service(owner=owner, msisdn=card.msisdn, form=card.form, carrier=card.carrier, now=now)
    is_physical = card.form == Line.Form.PHYSICAL
    profile = SimProfile(
        line=line,
        iccid=card.iccid,
        profile_type=card.profile_type,
        # An eSIM sold as a card has its QR code printed on it; the portal never had it.
        download_state=DownloadState.ENABLED if is_physical else DownloadState.INSTALLED,
        created_at=now,
    )
    profile.puk = card.puk
    profile.save()
    return line


def _tell_owner(card: SimCard, *, line: Line, claim: Claim, now: datetime) -> None:
    audit.record(
        actor=claim.user,
        subject=claim.user,
        action="line.bound",
        target=line.public_id,
        detail={"card": masked(card.iccid)},
        ip=claim.ip,
        now=now,
    )
    context = {"line": str(line), "line_id": line.public_id, "card": card.iccid[-4:], "done_at": now.isoformat()}
    key = f"card-bound:{card.public_id}:{now:%Y%m%d%H%M%S%f}"
    channels = every_channel(claim.user)
    notify(user=claim.user, kind="card_bound", key=key, context=context, now=now, channels=channels)


def _tell_former_owner(card: SimCard, *, line: Line, now: datetime) -> None:
    """Tell whoever had the card until now; who has it is not theirs to know."""
    audit.record(
        actor=None,
        subject=line.owner,
        action="line.bound_elsewhere",
        target=line.public_id,
        detail={"card": masked(card.iccid)},
        now=now,
    )
    context = {"line": str(line), "card": card.iccid[-4:], "done_at": now.isoformat()}
    key = f"card-moved:{card.public_id}:{now:%Y%m%d%H%M%S%f}"
    channels = every_channel(line.owner)
    notify(user=line.owner, kind="card_moved", key=key, context=context, now=now, channels=channels)
