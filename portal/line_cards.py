"""What a line's card says: how much is left, until when, and what to do about it.

Plain values, worked out from rows that are already loaded; no query here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import get_language, ngettext, pgettext

from billing.foretelling import Foreseen
from billing.models import Subscription
from billing.turns import Turn
from billing.verdicts import Action
from esim.forecast import Forecast, forecast
from esim.full_speed import used_of
from esim.installing import TO_INSTALL
from esim.models import Allowance, DownloadState, Line, Role, ServiceState
from plans.countries import named_countries
from plans.models import SoldTerms
from portal.lib.money import Money
from portal.meters import Meter, data_left, full_speed_left, meter_of
from portal.offering import sells_data_packs

EXPIRES_SOON_DAYS = 3
STALE_AFTER = timedelta(hours=2)
COUNTRIES_NAMED = 2
RENEWING = frozenset({str(Subscription.State.ACTIVE), str(Subscription.State.IN_FLIGHT)})
DUE_SOME_TIME = frozenset({str(Subscription.State.ACTIVE), str(Subscription.State.PAST_DUE)})
PREVENTED = frozenset({Action.PAUSE, Action.LAPSE, Action.HOLD})
PayFrom = Subscription.PayFrom


OWNER = "owner"
"""What somebody is to their own line; others have an `esim.models.Role`."""


class Attention(StrEnum):
    """Why a line needs its owner, the most urgent first."""

    SUSPENDED = "suspended"
    UNPAID = "unpaid"
    IN_GRACE = "in_grace"
    DECLINED = "declined"
    INSTALL_FAILED = "install_failed"
    ENDED = "ended"
    USED_UP = "used_up"
    ENDS_SOON = "ends_soon"
    DATA_LOW = "data_low"
    NOT_INSTALLED = "not_installed"
    NO_PLAN = "no_plan"
    SETTING_UP = "setting_up"
    NONE = "none"


RANK = {reason: rank for rank, reason in enumerate(Attention)}

DEEDS = {
    Attention.UNPAID: "renew",
    Attention.IN_GRACE: "renew",
    Attention.DECLINED: "renew",
    Attention.ENDED: "renew",
    Attention.ENDS_SOON: "renew",
    Attention.NO_PLAN: "renew",
    Attention.USED_UP: "top_up",
    Attention.DATA_LOW: "top_up",
    Attention.NOT_INSTALLED: "install",
}
"""What settles each of them; the others wait for the network or for support."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCard:
    """One line. `data` is what is left, of an unlimited plan what is left of today's full speed.

    `sold` is what the plan that runs, or ran last, was sold as.
    `ends_at` is when the last paid time ends, or ended; `running` and `queued` are in burn order.
    `turns` are plans that are paid and wait for the end of these. `coming` is what the scheduler does with auto-renewal
    when that is due next, None where it does nothing; `waits_for_us`: it is due, and nothing is charged for now.
    """

    line: Line
    download_state: str
    sold: SoldTerms | None
    renew_price: Money | None
    running: Sequence[Allowance]
    queued: Sequence[Allowance]
    turns: Sequence[Turn]
    data: Meter | None
    throttled_kbps: int | None
    voice: Meter | None
    sms: Meter | None
    ends_at: datetime | None
    subscription: Subscription | None
    is_stale: bool
    forecast: Forecast
    role: str = OWNER
    attention: Attention = Attention.NONE
    owes: bool = False
    coming: Foreseen | None = None
    waits_for_us: bool = False

    @property
    def runs_out_at(self) -> datetime | None:
        """When its data is foretold to be used up; None where nothing can be said, or nothing is used meanwhile."""
        is_in_use = self.line.service_state == ServiceState.ACTIVE
        return self.forecast.runs_out_at if is_in_use and self.forecast.foretells else None

    @property
    def is_unlimited(self) -> bool:
        return self.throttled_kbps is not None

    @property
    def needs_attention(self) -> bool:
        return RANK[self.attention] < RANK[Attention.SETTING_UP]

    @property
    def deed(self) -> str:
        """What is clearly next: renew, top_up, install, or nothing."""
        deed = DEEDS.get(self.attention, "")
        return "renew" if deed == "top_up" and not self.can_top_up else deed

    @property
    def is_own(self) -> bool:
        return self.role == OWNER

    @property
    def can_renew(self) -> bool:
        return self.role in (OWNER, Role.PAYER) and self.is_to_renew

    @property
    def is_to_renew(self) -> bool:
        return self.line.service_state == ServiceState.ACTIVE or self.line.is_suspended_unpaid

    @property
    def can_top_up(self) -> bool:
        return self.can_renew and self.data is not None and not self.is_unlimited and self.sells_data_packs

    @property
    def sells_data_packs(self) -> bool:
        return sells_data_packs()

    @property
    def can_install(self) -> bool:
        return self.is_own and self.is_to_install

    @property
    def is_to_install(self) -> bool:
        is_on = self.line.service_state == ServiceState.ACTIVE
        return is_on and self.line.form == Line.Form.ESIM and self.download_state in TO_INSTALL

    @property
    def renews_itself(self) -> bool:
        """Tell whether it is renewed before it ends; one that a limit holds until next month may come too late."""
        agreed, coming = self.subscription, self.coming
        if agreed is None or agreed.mode != Subscription.Mode.AUTOMATIC or str(agreed.state) not in RENEWING:
            return False
        if agreed.state == Subscription.State.IN_FLIGHT:
            return True
        will_be_paid = coming is not None and coming.charges and coming.is_covered
        return will_be_paid and (self.ends_at is None or coming is None or coming.at <= self.ends_at)

    @property
    def is_prevented(self) -> bool:
        """Tell whether auto-renewal is on, and what it promises will not come, as the scheduler judges."""
        agreed, coming = self.subscription, self.coming
        if agreed is None or agreed.mode not in Subscription.Mode.ON or str(agreed.state) not in DUE_SOME_TIME:
            return False
        # What can't be judged is left out by the scheduler as well.
        if coming is None or coming.action in PREVENTED:
            return True
        return coming.charges and not coming.is_covered and agreed.pay_from == PayFrom.METHOD

    @property
    def lacks_money(self) -> bool:
        """Tell whether the balance does not hold what is to be charged to it."""
        return self.coming is not None and self.coming.charges and not self.coming.is_covered and not self.is_prevented

    @property
    def goes_on(self) -> bool:
        """Tell whether more paid time follows by itself."""
        return self.renews_itself or bool(self.turns)

    @property
    def more_turns(self) -> int:
        return max(0, len(self.turns) - 1)

    @property
    def asks_first(self) -> bool:
        """Tell whether its owner is asked before it is renewed."""
        agreed = self.subscription
        return agreed is not None and agreed.asks_first and str(agreed.state) in RENEWING

    @property
    def coverage(self) -> str:
        """Name the countries where they are few, and count them where they are many."""
        codes = self.sold.countries if self.sold else []
        if len(codes) <= COUNTRIES_NAMED:
            return pgettext("between names of countries", ", ").join(named_countries(codes, get_language() or "en"))
        return ngettext("%(count)d country", "%(count)d countries", len(codes)) % {"count": len(codes)}

    @property
    def urgency(self) -> tuple[int, float, str]:
        """Sorts cards: the most urgent first, then what ends soonest."""
        return RANK[self.attention], self.ends_at.timestamp() if self.ends_at else float("inf"), str(self.line)


def make_card(
    *,
    line: Line,
    download_state: str,
    ends_at: datetime | None,
    allowances: Sequence[Allowance],
    usage: Mapping[date, int],
    price: Money | None,
    role: str = OWNER,
    turns: Sequence[Turn] = (),
    now: datetime,
    owes: bool = False,
) -> LineCard:
    """Make the card of a line; `allowances` are its own in burn order, the last plan that ended among them."""
    running = [one for one in allowances if one.starts_at <= now < one.ends_at]
    plans = [one for one in allowances if not one.is_data_pack]
    current = next((one for one in running if not one.is_data_pack), plans[-1] if plans else None)
    unlimited = next((one for one in running if one.data_bytes is None), None)
    card = LineCard(
        line=line,
        role=role,
        download_state=download_state,
        sold=current.sold if current else None,
        renew_price=price,
        running=running,
        queued=[one for one in plans if one.starts_at > now],
        turns=turns,
        data=_full_speed(unlimited, line=line, usage=usage, now=now) if unlimited else data_left(running),
        throttled_kbps=(unlimited.throttled_kbps or 0) if unlimited else None,
        voice=meter_of((one.voice_minutes, one.used_minutes) for one in running),
        sms=meter_of((one.sms_count, one.used_sms) for one in running),
        ends_at=ends_at,
        subscription=getattr(line, "subscription", None),
        owes=owes,
        is_stale=line.usage_reported_at is not None and now - line.usage_reported_at > STALE_AFTER,
        forecast=forecast(allowances=allowances, usage=usage, zone=line.zone, now=now),
    )
    return replace(card, attention=attention_of(card, now=now))


def _full_speed(unlimited: Allowance, *, line: Line, usage: Mapping[date, int], now: datetime) -> Meter:
    of_day = usage.get(timezone.localdate(now, line.zone), 0)
    return full_speed_left(unlimited, used_of(unlimited, of_day=of_day, zone=line.zone, now=now))


def foretold(card: LineCard, *, coming: Foreseen | None, waits_for_us: bool, now: datetime) -> LineCard:
    """Return the card with what comes of auto-renewal, and what that means for the line."""
    told = replace(card, coming=coming, waits_for_us=waits_for_us)
    return replace(told, attention=attention_of(told, now=now))


def attention_of(card: LineCard, *, now: datetime) -> Attention:
    """Return the most urgent thing about a line."""
    has_plan = bool(card.running or card.queued)
    days_left = (timezone.localdate(card.ends_at) - timezone.localdate(now)).days if card.ends_at else 0
    is_limited = card.data is not None and not card.is_unlimited
    reasons = {
        Attention.SUSPENDED: card.line.is_suspended and not card.line.is_suspended_unpaid,
        Attention.UNPAID: card.line.is_suspended_unpaid,
        Attention.IN_GRACE: card.is_own
        and card.subscription is not None
        and card.subscription.is_unpaid
        and not has_plan,
        # What a bank said of the owner's card is the owner's to know.
        Attention.DECLINED: card.is_own
        and card.subscription is not None
        and card.subscription.mode in Subscription.Mode.ON
        and card.subscription.state == Subscription.State.PAST_DUE,
        Attention.INSTALL_FAILED: card.download_state == DownloadState.ERROR,
        Attention.ENDED: not has_plan and card.ends_at is not None,
        Attention.USED_UP: is_limited and card.data is not None and not card.data.left,
        Attention.ENDS_SOON: has_plan and days_left <= EXPIRES_SOON_DAYS and not card.goes_on,
        Attention.DATA_LOW: is_limited and card.data is not None and card.data.is_low,
        Attention.NOT_INSTALLED: card.is_to_install,
        Attention.NO_PLAN: not has_plan,
    }
    if card.line.service_state == ServiceState.PENDING:
        return Attention.SETTING_UP
    if card.line.service_state == ServiceState.TERMINATED:
        return Attention.NONE
    return next((reason for reason, applies in reasons.items() if applies), Attention.NONE)
