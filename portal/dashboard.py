"""The front page and the page of a line: what they show, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from billing import discounts
from billing.charging_stops import is_stopped
from billing.foretelling import RELATED, foresee_next
from billing.ledger import own_first
from billing.models import Order, PlanNudge, Subscription, TopUpRule
from billing.top_up_pages import standing_rule
from billing.turns import turns_of
from esim import keep_alive
from esim.models import Allowance, DailyUsage, Line, LineMember
from esim.replacing_pages import Progress, progress_under_way
from plans import catalogue
from plans.models import Plan, PlanPrice
from plans.promoting import PromotionRow
from plans.terms import PlanTerms
from portal.lib.charts import Chart, usage_chart
from portal.lib.money import Money
from portal.line_cards import DUE_SOME_TIME, OWNER, LineCard, foretold, make_card
from portal.line_rows import LINE, WALLETS, FrontRows
from portal.line_timelines import Ahead, ahead_of

CHART_DAYS = 30
ENDED_SHOWN = timedelta(days=60)
RECENT_ORDERS = 5

Days = Mapping[date, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The front page. `hidden` counts the lines that are left out, or would be."""

    cards: Sequence[LineCard]
    at: datetime
    hidden: int
    wallets: Sequence[Money]
    chart: Chart | None
    nudge: PlanNudge | None

    @property
    def in_need(self) -> int:
        return sum(card.needs_attention for card in self.cards if card.is_own or card.can_renew)


@dataclass(frozen=True, slots=True)
class AgreedMove:
    """The line goes to another account."""

    public_id: str
    moves_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDetails:
    """The page of one line; `orders` are the reader's own. What only its owner sees is None for others."""

    card: LineCard
    shared_by: str
    member: LineMember | None
    ahead: Ahead | None
    chart: Chart
    orders: Sequence[Order]
    low_data: TopUpRule | None
    lapses_at: datetime | None
    replacing: Progress | None
    move: AgreedMove | None


def overview(*, rows: FrontRows, user: User, now: datetime, with_hidden: bool = False) -> Overview:
    """Return what the front page shows: two more queries, five where a line renews itself, one where a plan is advised."""
    usage = _daily_usage(rows.lines, now=now)
    cards = _foretold(_cards(rows.lines, usage=usage, user=user, now=now), now=now)
    own = [usage[card.line.pk] for card in cards if card.is_own]
    shown = [card for card in cards if with_hidden or not _is_hidden(card)]
    return Overview(
        cards=sorted(shown, key=lambda card: card.urgency),
        at=now,
        hidden=sum(_is_hidden(card) for card in cards),
        wallets=own_first(rows.wallets, currency=user.currency),
        chart=_chart(_together(own), today=timezone.localdate(now)) if own else None,
        nudge=_nudge(shown, now=now),
    )


def _nudge(cards: Sequence[LineCard], *, now: datetime) -> PlanNudge | None:
    """Return what saves most, as the last look found; asks only where there is something to say."""
    told = [better for card in cards if card.is_own and (better := getattr(card.line, "better", None))]
    if not told:
        return None
    nudges = PlanNudge.objects.filter(pk__in=told, plan__in=Plan.objects.on_sale(now))
    return max(nudges.select_related("line", "plan", "instead_of"), key=attrgetter("percent"), default=None)


def line_details(*, user: User, public_id: str, now: datetime) -> LineDetails:
    """Return what the page of a line shows; raises Line.DoesNotExist for what they may not see."""
    line: Any = LINE.first(reader=user.pk, public_id=public_id)
    if line is None:
        raise Line.DoesNotExist
    usage = _daily_usage([line], now=now)
    card = _cards([line], usage=usage, user=user, now=now)[0]
    member = None if card.is_own else _member(line, user)
    caps = [one.daily_cap_bytes for one in card.running if one.data_bytes is None]
    today = timezone.localdate(now, line.zone)
    orders = Order.objects.owned_by(user).filter(line=line).order_by("-created_at", "-id")
    low_data = standing_rule(line=line) if card.is_own else None
    ahead = ahead_of(card, rule=low_data, now=now) if card.is_own else None
    return LineDetails(
        card=ahead.foretold(card, now=now) if ahead else _foretold([card], now=now)[0],
        shared_by=line.shared_by,
        member=member,
        ahead=ahead,
        chart=_chart(usage[line.pk], today=today, cap_bytes=caps[0] if caps else None),
        orders=list(orders[:RECENT_ORDERS]),
        low_data=low_data,
        lapses_at=keep_alive.lapses_at(line) if card.is_own else None,
        replacing=progress_under_way(line) if card.is_own else None,
        move=AgreedMove(line.move_id, line.moves_at) if card.is_own and line.move_id else None,
    )


def _member(line: Line, user: User) -> LineMember:
    """Return how the line is shared with its reader, who may be removed from it at any moment."""
    member = LineMember.objects.filter(line=line, user=user).first()
    if member is None:
        raise Line.DoesNotExist
    return member


def _is_hidden(card: LineCard) -> bool:
    """Tell whether a card is left out: its owner hides it from themselves only."""
    return card.is_own and card.line.hidden


def _cards(lines: Sequence[Any], *, usage: Mapping[int, Days], user: User, now: datetime) -> list[LineCard]:
    by_line: defaultdict[int, list[Any]] = defaultdict(list)
    for allowance in _allowances(lines, currency=user.currency, now=now):
        by_line[allowance.line_id].append(allowance)
    turns = turns_of([line.pk for line in lines if line.next_in_queue], now=now)
    promotions = catalogue.running_promotions(now=now) if lines else []
    return [
        make_card(
            line=line,
            download_state=line.download_state or "",
            ends_at=line.paid_until,
            owes=line.owes,
            allowances=by_line[line.pk],
            usage=usage[line.pk],
            turns=turns.get(line.pk, ()),
            price=_renew_price(by_line[line.pk], promotions, currency=user.currency, now=now),
            role=line.role if line.owner_id != user.pk else OWNER,
            now=now,
        )
        for line in lines
    ]


def _foretold(cards: Sequence[LineCard], *, now: datetime) -> list[LineCard]:
    """Return the cards with what the scheduler does when each auto-renewal is due next, however many there are."""
    agreed = [card.subscription for card in cards if card.subscription is not None]
    due = [one for one in agreed if one.mode in Subscription.Mode.ON and str(one.state) in DUE_SOME_TIME]
    if not due:
        return list(cards)
    rows = Subscription.objects.filter(pk__in=[one.pk for one in due]).select_related(*RELATED)
    turns = {card.line.pk: card.turns for card in cards}
    looks = {look.subscription.line_id: look for look in foresee_next(rows, turns=turns, now=now)}
    late = {one.line_id for one in due if one.charge_due_at <= now}
    waiting = late if late and is_stopped() else set()
    return [
        foretold(card, coming=looks.get(card.line.pk), waits_for_us=card.line.pk in waiting, now=now) for card in cards
    ]


def _allowances(lines: Sequence[Line], *, currency: str, now: datetime) -> Iterable[Any]:
    """What the lines may use, and the plan that ended lately: with the price of having that plan again."""
    prices = PlanPrice.objects.filter(
        plan=OuterRef("plan"), currency=currency, valid_from__lte=now, plan__in=Plan.objects.on_sale(now)
    )
    wanted = Q(ends_at__gt=now) | Q(ends_at__gt=now - ENDED_SHOWN, is_data_pack=False)
    standing = Allowance.objects.standing().filter(wanted, line__in=lines)
    allowances = standing.select_related("plan", "sold").in_burn_order()
    return allowances.annotate(price=Subquery(prices.order_by("-valid_from").values("amount")[:1]))


def _renew_price(
    allowances: Sequence[Any], promotions: list[PromotionRow], *, currency: str, now: datetime
) -> Money | None:
    """Return what renewing with the plan of the last paid time costs, with the promotion that the check page takes off."""
    plans = [one for one in allowances if not one.is_data_pack]
    if not plans or plans[-1].price is None:
        return None
    price = Money(plans[-1].price, currency)
    terms = PlanTerms.of(plans[-1].plan)
    promoted = discounts.promotion_for(promotions, terms=terms, price=price, now=now)
    return price - promoted.effect.off if promoted else price


def _daily_usage(lines: Sequence[Line], *, now: datetime) -> Mapping[int, Days]:
    # A day more on either side: the days of a line begin where the line is at home.
    since = (now - timedelta(days=CHART_DAYS + 1)).date()
    rows = DailyUsage.objects.filter(line__in=lines, date__gte=since)
    usage: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for line_id, day, amount in rows.values_list("line_id", "date", "data_bytes"):
        usage[line_id][day] = amount
    return usage


def balances_of(user: User) -> list[Money]:
    """Return the balances of a person, that in their own currency first. One query."""
    return own_first(WALLETS.all(owner=user.pk, currency=user.currency), currency=user.currency)


def _together(usage: Iterable[Days]) -> Days:
    together: defaultdict[date, int] = defaultdict(int)
    for days in usage:
        for day, amount in days.items():
            together[day] += amount
    return together


def _chart(days: Days, *, today: date, cap_bytes: int | None = None) -> Chart:
    dates = [today - timedelta(days=back) for back in reversed(range(CHART_DAYS))]
    series = [(day, days.get(day, 0)) for day in dates]
    return usage_chart(series, today=today, cap_bytes=cap_bytes, locale=get_language() or "en")
