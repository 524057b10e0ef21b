"""The operator's stock of cards and profiles: one purchase holds one of them, and none is given twice.

Where the carrier orders by ICCID a purchase reserves a profile before it asks for it, uses it when it has it, and
gives it back when it was refused.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from esim.models import Line, ProfileOrder, SimCard, SimCardQuerySet

State = SimCard.State
FORGOTTEN_AFTER = timedelta(hours=1)
"""Much longer than a purchase takes from its reservation to its order for the profile."""


class SoldOut(Exception):
    """Nothing of this kind is in stock."""

    sentence = _("eSIMs are sold out at the moment. Nothing was charged. Try again tomorrow, or ask support.")


class NotReserved(Exception):
    """No card is held for this purchase: it was given back, or never reserved."""


def left_for_sale(*, carrier: str, profile_type: str) -> int:
    return SimCard.objects.for_sale(carrier=carrier, profile_type=profile_type).count()


def count_without_card(keys: Collection[str]) -> int:
    """Return how many of these purchases have no card yet."""
    return len(keys) - SimCard.objects.filter(reserved_for__in=keys).count()


def forgotten(*, now: datetime) -> SimCardQuerySet:
    """eSIMs that were reserved and never asked for, or refused since; cards for applicants wait as long as they do.

    A process that dies between the reservation and the order for the profile leaves such a card behind.
    """
    over = {ProfileOrder.State.REFUSED, ProfileOrder.State.CANCELLED}
    orders = ProfileOrder.objects.filter(key=OuterRef("reserved_for"))
    held = SimCard.objects.filter(state=State.RESERVED, form=Line.Form.ESIM, reserved_at__lt=now - FORGOTTEN_AFTER)
    return held.filter(~Exists(orders.exclude(state__in=over)))


def release_forgotten(*, now: datetime) -> int:
    """Put them back on sale; return how many. A purchase that goes on after all reserves another one."""
    return forgotten(now=now).update(state=State.AVAILABLE, reserved_for="", reserved_at=None)


def kinds_running_low(*, carrier: str, needed: str | None, below: int) -> list[str]:
    """Return the profile types of which fewer are left for sale; `needed`, where given, counts also with none at all."""
    for_sale = Count("pk", filter=Q(state=State.AVAILABLE))
    sold_here = SimCard.objects.filter(carrier=carrier, pin_sealed="", pin_used_at=None, form=Line.Form.ESIM)
    counts = dict(sold_here.order_by().values_list("profile_type").annotate(left=for_sale))
    if needed is not None:
        counts.setdefault(needed, 0)
    return sorted(kind for kind, left in counts.items() if left < below)


def reserve(*, key: str, carrier: str, profile_type: str, now: datetime) -> SimCard:
    """Return the card of the purchase `key`, taking one from the stock; raises SoldOut.

    Asked again under the same key it returns the same card, used or not.
    """
    card = _kept(key, now=now) or _take(key, carrier=carrier, profile_type=profile_type, now=now)
    if card is None:
        raise SoldOut
    return card


def use(*, key: str, line: Line, now: datetime) -> SimCard:
    """Write down that the card of the purchase is the line's from now on; raises NotReserved. May be repeated."""
    SimCard.objects.filter(reserved_for=key, state=State.RESERVED).update(state=State.USED, line=line, used_at=now)
    card = SimCard.objects.filter(reserved_for=key, state=State.USED, line=line).first()
    if card is None:
        raise NotReserved(key)
    return card


def release(*, key: str) -> bool:
    """Put the card of the purchase back on sale; False where none is held. A used card stays used.

    Only for a profile that the SM-DP+ has free: one that it refused to prepare would be refused to the next buyer as
    well, and belongs out of the stock (`put_aside`).
    """
    return _let_go(key, to=State.AVAILABLE)


def put_aside(*, key: str) -> bool:
    """Take the card of the purchase out of the stock: its profile is spoilt. False where none is held."""
    return _let_go(key, to=State.WITHDRAWN)


def _let_go(key: str, *, to: SimCard.State) -> bool:
    held = SimCard.objects.filter(reserved_for=key, state=State.RESERVED) if key else SimCard.objects.none()
    return bool(held.update(state=to, reserved_for="", reserved_at=None))


def _kept(key: str, *, now: datetime) -> SimCard | None:
    """Return the card of a purchase that goes on, which from now on is not forgotten."""
    SimCard.objects.filter(reserved_for=key, state=State.RESERVED).exclude(reserved_for="").update(reserved_at=now)
    return _held(key)


def _held(key: str) -> SimCard | None:
    return SimCard.objects.filter(reserved_for=key).first() if key else None


def _take(key: str, *, carrier: str, profile_type: str, now: datetime) -> SimCard | None:
    """Reserve the oldest free card; None when there is none.

    The first look leaves out what others are taking at this moment. Before it says "sold out" it waits for them,
    because one of them may let its card go.
    """
    if not key:
        raise ValueError("A card is reserved for a purchase, and this one has no name.")
    free = SimCard.objects.for_sale(carrier=carrier, profile_type=profile_type)
    for skip_locked in (True, False):
        while True:
            try:
                with transaction.atomic():
                    card = _locked(free, skip_locked=skip_locked).first()
                    if card is None:
                        break
                    if _reserved(card, key=key, now=now):
                        return _held(key)
            except IntegrityError:
                # The same purchase was being served by another worker, which has its card.
                return _held(key)
    return None


def _locked(free: SimCardQuerySet, *, skip_locked: bool) -> SimCardQuerySet:
    return free.select_for_update(skip_locked=skip_locked)


def _reserved(card: SimCard, *, key: str, now: datetime) -> bool:
    """Take this one card, where nobody was faster; SQLite has no row locks, so this is what decides."""
    free = SimCard.objects.filter(pk=card.pk, state=State.AVAILABLE)
    return bool(free.update(state=State.RESERVED, reserved_for=key, reserved_at=now))
