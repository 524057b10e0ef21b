"""What notices that waited say by now: who wrote them is asked again, and what is no longer so is not told.

Overnight somebody turns auto-renewal off, renews, tops up, or uses up what was 20 % in the evening.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from accounts.models import Notification
from accounts.notice_sets import Draft
from accounts.waited_notices import Facts
from billing import allowance_reminders, card_upkeep, charge_notices
from billing.foretelling import RELATED, Foreseen, foresee_at
from billing.models import PaymentMethod, RenewalQuestion, Subscription
from billing.questions import is_open
from esim import budgets, keep_alive
from esim.models import Allowance, Line

logger = logging.getLogger(__name__)

TO_COME = frozenset({Subscription.State.ACTIVE, Subscription.State.PAST_DUE})

Notices = Sequence[Notification]
Found = dict[int, Facts | None]
Remake = Callable[[Sequence[int], datetime], Iterable[Draft]]


def facts_now(*, notices: Notices, now: datetime) -> Found:
    """Return, by id, what these notices have to say now, None where it is no longer so.

    Left alone are kinds that tell what has happened, and what is about no row that we know. A few queries a kind.
    """
    found: Found = {}
    for kinds, look in _LOOKS:
        some = [notice for notice in notices if notice.kind in kinds]
        try:
            found |= look(some, now) if some else {}
        except Exception:  # what can't be looked at is told as it was written
            logger.exception("%d notices (%s) could not be looked at again", len(some), ", ".join(kinds))
    return found


def _charges(notices: Notices, now: datetime) -> Found:
    """Hold notices of a charge to come, or of what stands in its way, against what is foretold of it now."""
    about = {notice.pk: str(notice.context.get("line_id")) for notice in notices}
    rows = Subscription.objects.filter(line__public_id__in=about.values()).select_related(*RELATED)
    agreed = {row.line.public_id: row for row in rows}
    to_come = [one for one in agreed.values() if one.mode in Subscription.Mode.ON and one.state in TO_COME]
    looks = {
        look.subscription.line.public_id: look for look in foresee_at([(one, one.charge_due_at) for one in to_come])
    }
    return {
        notice.pk: _about_charge(notice, looks.get(about[notice.pk]), now=now)
        for notice in notices
        if about[notice.pk] in agreed
    }


def _about_charge(notice: Notification, look: Foreseen | None, *, now: datetime) -> Facts | None:
    if look is None:
        return None
    if notice.kind == "renewal_obstacle":
        stands = not look.charges and str(look.reason) == notice.context.get("reason")
        return {} if stands and look.at.isoformat() == notice.context.get("charge_due_at") else None
    if not look.charges:
        return None
    told = charge_notices.announcement(look, rung=notice.key.partition(":")[0], now=now).context
    is_so = all(told[name] == notice.context.get(name) for name in ("charge_due_at", "price"))
    return told if is_so else None


def _questions(notices: Notices, now: datetime) -> Found:
    named = {notice.pk: tuple(notice.key.split(":")[1:3]) for notice in notices}
    rows = RenewalQuestion.objects.filter(subscription__public_id__in={name[0] for name in named.values() if name})
    asked = {
        (row.subscription.public_id, str(row.period_index)): row for row in rows.select_related("subscription__line")
    }
    return {
        pk: {} if is_open(asked[name], asked[name].subscription, now=now) else None
        for pk, name in named.items()
        if name in asked
    }


def _made_anew(model: Any, remake: Remake) -> Callable[[Notices, datetime], Found]:
    """Return what has notices about rows of a model, whose public id their key names, written anew under their keys."""

    def look(notices: Notices, now: datetime) -> Found:
        about = {notice.pk: _named(notice) for notice in notices}
        ids = dict(model.objects.filter(public_id__in=about.values()).values_list("public_id", "pk"))
        made = {draft.key: draft.context for draft in remake(sorted(ids.values()), now)} if ids else {}
        return {notice.pk: made.get(_fact(notice)) for notice in notices if about[notice.pk] in ids}

    return look


def _fact(notice: Notification) -> str:
    return notice.key.removesuffix(f":{notice.channel}")


def _named(notice: Notification) -> str:
    """Return the public id that stands second in a key: "data-20:alw_…"."""
    return notice.key.partition(":")[2].partition(":")[0]


_LOOKS: Sequence[tuple[frozenset[str], Callable[[Notices, datetime], Mapping[int, Facts | None]]]] = (
    (frozenset({"charge_notice", "renewal_obstacle"}), _charges),
    (frozenset({"renewal_question"}), _questions),
    (
        frozenset({"expiry_reminder", "data_reminder"}),
        _made_anew(Allowance, lambda ids, now: allowance_reminders.look(ids, now=now)[0]),
    ),
    (frozenset({"keep_alive_reminder"}), _made_anew(Line, lambda ids, now: keep_alive.look(ids, now=now)[0])),
    (frozenset({"budget_alert"}), _made_anew(Line, lambda ids, now: budgets.drafts(ids, now=now))),
    (frozenset({"card_expiry"}), _made_anew(PaymentMethod, lambda ids, now: card_upkeep.look(ids, now=now))),
)
