"""Orders for profiles that only a person can take further: the SM-DP+ may hold a profile that nobody here can name."""

from datetime import datetime
from typing import TypedDict

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from esim.identifiers import NotAnIccid, masked, normalised_iccid
from esim.models import ProfileOrder, SimCard, SimProfile

FOUND, NOT_FOUND = "line.profile_found_by_staff", "line.profile_ordered_anew_by_staff"


class By(TypedDict):
    """Who settles it, from where and when."""

    actor: User
    ip: str | None
    now: datetime


class CannotBeThatProfile(Exception):
    """The number is none, or names a profile that is somebody's."""

    not_an_iccid = _("An ICCID has 19 or 20 digits. Compare it with what the SM-DP+ shows.")
    taken = _("This profile belongs to another order, line or card of the stock. Compare the number once more.")


class NotInDoubt(Exception):
    sentence = _("This order is not in doubt any more.")


def name_profile(*, order: ProfileOrder, iccid: str, actor: User, ip: str | None, now: datetime) -> None:
    """Go on with the profile that the SM-DP+ turned out to have allocated; raises CannotBeThatProfile, NotInDoubt."""
    try:
        number = normalised_iccid(iccid)
    except NotAnIccid as error:
        raise CannotBeThatProfile(CannotBeThatProfile.not_an_iccid) from error
    others = ProfileOrder.objects.filter(iccid=number), SimProfile.objects.filter(iccid=number)
    if any(rows.exists() for rows in (*others, SimCard.objects.filter(iccid=number))):
        raise CannotBeThatProfile(CannotBeThatProfile.taken)
    changes = {"iccid": number, "state": ProfileOrder.State.ASKED, "step": ProfileOrder.Step.ORDERED}
    _settle(order, action=FOUND, detail={"iccid": masked(number)}, actor=actor, ip=ip, now=now, **changes)


def order_anew(*, order: ProfileOrder, actor: User, ip: str | None, now: datetime) -> None:
    """Ask the SM-DP+ once more, which allocated nothing the last time; raises NotInDoubt."""
    _settle(order, action=NOT_FOUND, detail={}, actor=actor, ip=ip, now=now, state=ProfileOrder.State.CREATED)


@transaction.atomic
def _settle(
    order: ProfileOrder,
    *,
    action: str,
    detail: dict[str, str],
    actor: User,
    ip: str | None,
    now: datetime,
    **changes: object,
) -> None:
    doubtful = ProfileOrder.objects.in_doubt().filter(pk=order.pk)
    if not doubtful.update(ask_again_at=now, lease_until=None, reason="", **changes):
        raise NotInDoubt
    audit.record(
        actor=actor,
        subject=order.line.owner,
        action=action,
        target=order.public_id,
        detail=detail,
        ip=ip,
        now=now,
    )
