"""Closing an account: asked for with two proofs, taken back until the day, then lines end and the person is forgotten.

The books stay for the term of the law, under a name that leads to nobody. Each step may be repeated: a tick that dies
in the middle finds the row again, and begins where nothing shows that the step was taken.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import AccountClosing, Notification, User
from accounts.notifications import every_channel, notify
from billing import agreements, ledger, saved_cards, top_up_rules
from billing.gateways.base import Gateways
from billing.models import LedgerEntry, PaymentMethod, Subscription, TopUpRule
from esim import suspension
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown
from esim.models import Line
from esim.suspension import CannotSuspend, ChangeUnderWay
from portal.lib.due_rows import in_pages
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always
from portal.privacy.emptying import forget
from portal.privacy.obstacles import Obstacle, standing_of

logger = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(hours=1)
LETTERS_LEAVE_WITHIN = timedelta(days=1)
State = AccountClosing.State


class CannotClose(Exception):
    """Something has to be settled first; `obstacles` says what."""

    sentence = _("Your account can’t be closed yet. Nothing was changed. Look at what is still open below.")

    def __init__(self, obstacles: list[Obstacle]) -> None:
        super().__init__(", ".join(obstacles))
        self.obstacles = obstacles


@transaction.atomic
def ask(*, user: User, given_up: Mapping[str, int], ip: str | None, now: datetime) -> AccountClosing:
    """Write down that somebody wants to close their account, and tell them everywhere; raises CannotClose.

    `given_up` is the balance that they saw and give up, in minor units by currency. Asked again it is the same
    wish, to be carried out on the same day.
    """
    held = User.objects.select_for_update().get(pk=user.pk)
    if standing := AccountClosing.objects.under_way().filter(user=held).first():
        return standing
    if obstacles := standing_of(held, given_up=given_up, now=now).obstacles:
        raise CannotClose(obstacles)
    closes_at = now + settings.PORTAL_CLOSING_AFTER
    closing = AccountClosing.objects.create(
        user=held, given_up=dict(given_up), asked_at=now, closes_at=closes_at, look_at=closes_at
    )
    _record("account.closing_asked", closing, actor=user, ip=ip, now=now)
    _tell(closing, kind="account_closing", now=now)
    return closing


@transaction.atomic
def withdraw(*, user: User, ip: str | None, now: datetime) -> bool:
    """Keep the account after all; False where there is nothing to take back any more."""
    asked = AccountClosing.objects.filter(user=user, state=State.ASKED)
    closing = asked.first()
    if closing is None or not asked.filter(pk=closing.pk).update(state=State.WITHDRAWN, ended_at=now):
        return False
    _record("account.closing_withdrawn", closing, actor=user, ip=ip, now=now)
    _tell(closing, kind="account_kept", now=now)
    return True


def close_due(*, carrier: Carrier, gateways: Gateways, now: datetime, in_time: InTime = always) -> int:
    """Go on with the accounts whose day has come, and return how many were closed."""
    closed = 0
    go_on = partial(_go_on, carrier=carrier, gateways=gateways, now=now)
    for page in in_pages(AccountClosing.objects.due(now).select_related("user"), order=("look_at", "id")):
        closed += sum(one_by_one(page, go_on, what="Closing an account", about=_named))
        if not in_time():
            break
    return closed


def _go_on(found: AccountClosing, *, carrier: Carrier, gateways: Gateways, now: datetime) -> bool:
    # Whatever comes of it: others are looked at before this one is again.
    under_way = AccountClosing.objects.under_way().filter(pk=found.pk)
    under_way.update(look_at=now + LOOK_AGAIN)
    # The network took its time over those before it: what its owner did meanwhile counts.
    closing = under_way.select_related("user").first()
    if closing is None:
        return False
    if closing.state == State.ASKED:
        obstacles = standing_of(closing.user, given_up=closing.given_up, now=now).obstacles
        if obstacles:
            _hold_back(closing, obstacles, now=now)
            return False
        _end_agreements(closing.user, now=now)
        if not _end_lines(closing, carrier=carrier, now=now):
            return False
        _begin_to_end(closing, gateways=gateways, now=now)
        return False
    return not _letters_wait(closing.user, now=now) and forget(closing, now=now)


def _hold_back(closing: AccountClosing, obstacles: list[Obstacle], *, now: datetime) -> None:
    """Wait until it is settled, and say so once for each thing that came up."""
    held_by = obstacles[0].value
    if AccountClosing.objects.filter(pk=closing.pk).exclude(held_by=held_by).update(held_by=held_by):
        _tell(closing, kind="account_closing_held", now=now, suffix=held_by)


def _end_agreements(user: User, *, now: datetime) -> None:
    for subscription in Subscription.objects.on().filter(line__owner=user).select_related("line__owner"):
        agreements.turn_off(subscription=subscription, actor=None, ip=None, now=now)
    for rule in TopUpRule.objects.filter(owner=user, is_on=True).select_related("owner", "line", "plan"):
        top_up_rules.turn_off(rule=rule, actor=None, ip=None, now=now)


def _end_lines(closing: AccountClosing, *, carrier: Carrier, now: datetime) -> bool:
    """Have the network end every line while that is wanted; True when none is in use any more.

    Whoever takes it back while the network is being asked about a line loses that one, and keeps the rest: no lock
    is held for as long as a network may take.
    """
    for line in Line.objects.owned_by(closing.user).in_use():
        if not _is_wanted(closing):
            return False
        try:
            suspension.terminate(line=line, key=f"{closing.public_id}:{line.pk}", carrier=carrier, now=now)
        except (CarrierRefused, OutcomeUnknown, CannotSuspend, ChangeUnderWay):
            logger.warning("Line %s of an account to be closed has not ended yet", line.public_id)
    return not Line.objects.owned_by(closing.user).in_use().exists()


def _is_wanted(closing: AccountClosing) -> bool:
    """Tell whether it was neither taken back nor stopped by a lock until now."""
    return AccountClosing.objects.filter(pk=closing.pk, state=State.ASKED, user__locked_at=None).exists()


def _begin_to_end(closing: AccountClosing, *, gateways: Gateways, now: datetime) -> None:
    """Take the cards from the gateways and the balance from the books, send the last letter, and let nobody in."""
    for method in PaymentMethod.objects.owned_by(closing.user).usable():
        if not _is_wanted(closing):
            return
        saved_cards.remove(method=method, gateway=gateways.get(method.gateway), actor=closing.user, now=now)
    with transaction.atomic():
        # Nobody locks the account from here on. Whoever takes it back refers to this row, and is not to wait for it.
        user = User.objects.select_for_update(no_key=True).get(pk=closing.user_id)
        # Networks and gateways took their time: what came in meanwhile is not given up without a word.
        standing = standing_of(user, given_up=closing.given_up, now=now)
        if standing.obstacles:
            _hold_back(closing, standing.obstacles, now=now)
            return
        if not AccountClosing.objects.filter(pk=closing.pk, state=State.ASKED).update(state=State.ENDING, look_at=now):
            return
        for balance in standing.balances:
            ledger.move(
                kind=LedgerEntry.Kind.GIVEN_UP,
                debit=ledger.wallet(user.pk, balance.currency),
                credit=ledger.given_up(balance.currency),
                money=balance,
                key=f"closing:{closing.public_id}:{balance.currency}",
                now=now,
            )
        User.objects.filter(pk=user.pk).update(is_active=False)
        _tell(closing, kind="account_closed", now=now)


def _letters_wait(user: User, *, now: datetime) -> bool:
    """Tell whether a letter is still to leave; each has a day, for the last one may be written long after `closes_at`."""
    to_send = [Notification.State.QUEUED, Notification.State.SENDING]
    young = Notification.objects.filter(user=user, created_at__gt=now - LETTERS_LEAVE_WITHIN)
    return young.filter(state__in=to_send).exists()


def _tell(closing: AccountClosing, *, kind: str, now: datetime, suffix: str = "") -> None:
    notify(
        user=closing.user,
        kind=kind,
        key=f"{kind}:{closing.public_id}:{suffix}",
        context={"closes_at": closing.closes_at.isoformat()},
        now=now,
        channels=every_channel(closing.user),
    )


def _record(action: str, closing: AccountClosing, *, actor: User | None, ip: str | None, now: datetime) -> None:
    audit.record(actor=actor, subject=closing.user, action=action, target=closing.public_id, ip=ip, now=now)


def _named(closing: AccountClosing) -> dict[str, object]:
    return {"closing": closing.public_id}
