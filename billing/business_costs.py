"""What each line of a business cost in a month: what was paid in it, less what of that was given back."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Case, F, Q, QuerySet, Sum, When
from django.utils.translation import gettext as _

from accounts.models import User
from billing.models import Order, OrderQuerySet, Refund
from esim.models import Line, LineMember, LineQuerySet, ServiceState
from portal.lib.dates import midnight
from portal.lib.money import Money

CHUNK = 200
COUNTED = sorted(Order.State.DELIVERED | Order.State.IN_FLIGHT)
GIVEN_BACK = sorted(Refund.State.ON_ITS_WAY | {Refund.State.SUCCEEDED})
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month where the business is at home; `first` is its first day."""

    first: date
    zone: ZoneInfo

    @classmethod
    def read(cls, text: str, *, zone: ZoneInfo, today: date) -> "Month":
        """Read "2026-11"; what is no month, or lies ahead, is this one."""
        try:
            first = date.fromisoformat(f"{text}-01")
        except ValueError:
            first = today.replace(day=1)
        is_one = len(text) == len("2026-11") and EARLIEST <= first <= today
        return cls(first=first if is_one else today.replace(day=1), zone=zone)

    @property
    def name(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def before(self) -> str:
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def _following(self) -> date:
        return (self.first + timedelta(days=32)).replace(day=1)

    def after(self, today: date) -> str:
        """The month after, as an address names it; empty where that lies ahead."""
        return f"{self._following:%Y-%m}" if self._following <= today else ""

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        return midnight(self.first, self.zone), midnight(self._following, self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCost:
    """One line with what it cost, an amount for each currency, none where nothing was paid."""

    line: Any
    people: Sequence[str]
    costs: Sequence[Money]


def lines_of(user: User, *, search: str) -> LineQuerySet:
    """Return the lines of a business that fit what was typed, by their names; ended ones are at the end."""
    found = Line.objects.owned_by(user)
    for word in search.split():
        found = found.filter(
            Q(nickname__icontains=word)
            | Q(msisdn__contains=word)
            | Q(cost_centre__icontains=word)
            | Q(pk__in=_shared_with(word))
        )
    ended_last = Case(When(service_state=ServiceState.TERMINATED, then=1), default=0)
    return found.order_by(ended_last, "nickname", "msisdn", "pk")


def _shared_with(word: str) -> QuerySet[Any, Any]:
    people = Q(user__email__icontains=word) | Q(user__full_name__icontains=word)
    return LineMember.objects.filter(people).values("line")


def costs_of(lines: Iterable[Line], *, user: User, month: Month) -> list[LineCost]:
    """Return what these lines cost this user: two queries, and one for the people who share them."""
    listed = list(lines)
    paid = _net(_paid_in(month, user=user).filter(line__in=listed), by="line")
    people: defaultdict[int, list[str]] = defaultdict(list)
    for pk, email in LineMember.objects.filter(line__in=listed).order_by("pk").values_list("line", "user__email"):
        people[pk].append(email)
    return [LineCost(line=line, people=people[line.pk], costs=_amounts(paid.get(line.pk, {}))) for line in listed]


def totals_of(user: User, *, month: Month) -> list[Money]:
    """Return what all lines together cost, by currency, the user's own first. Two queries."""
    paid = _net(_paid_in(month, user=user).filter(line__isnull=False, line__owner=user), by=None).get(None, {})
    return sorted(_amounts(paid), key=lambda money: (money.currency != user.currency, money.currency))


def sheet_of(user: User, *, month: Month, search: str) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet, its head first: a line and currency a row."""
    yield (_("Month"), _("Line"), _("Number"), _("Cost centre"), _("Shared with"), _("Currency"), _("Cost"))
    ids = list(lines_of(user, search=search).values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        by_id = Line.objects.in_bulk(ids[start : start + CHUNK])
        chunk = [by_id[pk] for pk in ids[start : start + CHUNK] if pk in by_id]
        for cost in costs_of(chunk, user=user, month=month):
            line, people = cost.line, " ".join(cost.people)
            for money in cost.costs or [Money.zero(user.currency)]:
                about = (month.name, str(line), line.msisdn, line.cost_centre, people)
                yield (*about, money.currency, money.decimal)


def _paid_in(month: Month, *, user: User) -> OrderQuerySet:
    since, until = month.bounds
    paid = Order.objects.owned_by(user).filter(state__in=COUNTED, paid_at__gte=since, paid_at__lt=until)
    # What was owed is what an order had cost that is counted already: a bank took its money back in between.
    return paid.exclude(kind=Order.Kind.ARREARS)


def _net(orders: OrderQuerySet, *, by: str | None) -> dict[int | None, dict[str, int]]:
    """Add up amounts by currency, for each line or for all, and take off what was given back."""
    nets: defaultdict[int | None, dict[str, int]] = defaultdict(dict)
    groups = [by] if by else []
    for row in orders.order_by().values(*groups, "currency").annotate(paid=Sum("amount")):
        nets[row.get(by or "")][row["currency"]] = row["paid"]
    # What somebody paid besides went through the balance: it is no part of the price, nor is giving it back.
    of_price = Refund.objects.filter(order__in=orders.values("pk"), taken_from=Refund.Source.SALES)
    returned = of_price.filter(state__in=GIVEN_BACK).order_by()
    for row in returned.values("currency", owner_line=F("order__line")).annotate(back=Sum("amount")):
        nets[row["owner_line"] if by else None][row["currency"]] -= row["back"]
    return nets


def _amounts(by_currency: dict[str, int]) -> list[Money]:
    return [Money(minor, currency) for currency, minor in sorted(by_currency.items())]
