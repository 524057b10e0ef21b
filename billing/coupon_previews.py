"""A coupon before its codes are given out: what who types one would read, plan by plan, for staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from billing import discounts
from billing.discount_words import OfferRow, rows_of_quote
from billing.discounts import Quote
from plans import catalogue, couponing
from plans.catalogue import PlanRow
from plans.couponing import says
from plans.models import Coupon, CouponCode
from portal.lib.money import Money
from portal.lib.saying import say_moment

ANY_CODE = "\N{HORIZONTAL ELLIPSIS}"
"""Stands where a buyer reads the code they typed: which codes there are is not shown along with a coupon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A plan at the price on the list, and what it costs with the coupon."""

    row: PlanRow
    quote: Quote

    @property
    def offer_rows(self) -> list[OfferRow]:
        return rows_of_quote(self.quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a coupon does as of a moment to each plan sold in one currency; `chosen` is looked at closely."""

    coupon: Coupon
    at: datetime
    trials: list[Trial]
    chosen: Trial | None
    for_others: list[tuple[str, str]]

    @property
    def counts_for(self) -> int:
        return sum(one.quote.coupon is not None for one in self.trials)


def preview_of(coupon: Coupon, *, plan_id: str, currency: str, now: datetime) -> Preview:
    """Try a coupon once it has begun, as if it were switched on, beside the promotions that run then. Few queries."""
    at = max(now, coupon.active_from)
    code = CouponCode(coupon=coupon, code=ANY_CODE)
    sold = catalogue.as_of(at, promotions=catalogue.promotions_at(at, now=now))

    def tried(row: PlanRow, price: Money) -> Trial:
        quote = discounts.quote_to_anybody(code, terms=row.terms, price=price, promotions=sold.promotions, now=at)
        return Trial(row=row, quote=quote)

    trials = [tried(row, price) for row in sold.rows if (price := row.price_in(currency)) is not None]
    return Preview(
        coupon=coupon,
        at=at,
        trials=trials,
        chosen=_to_look_at(trials, plan_id=plan_id),
        for_others=list(_for_others(coupon, now=now)),
    )


def _to_look_at(trials: list[Trial], *, plan_id: str) -> Trial | None:
    """Return the plan that was asked for, else the first for which the coupon counts, else the first."""
    asked = [one for one in trials if one.row.public_id == plan_id]
    counting = [one for one in trials if one.quote.coupon]
    return next(iter([*asked, *counting, *trials]), None)


def _for_others(coupon: Coupon, *, now: datetime) -> Iterator[tuple[str, str]]:
    """Say what is read where the coupon itself is not in question but the buyer, or the moment, is."""
    if not coupon.is_active:
        yield _("As long as it is switched off"), says(couponing.UNKNOWN)
    if not coupon.has_begun(now):
        yield _("Before it begins"), says(couponing.NOT_BEGUN, day=say_moment(coupon.active_from))
    if coupon.active_until is not None and not coupon.has_ended(now):
        yield _("After it has ended"), says(couponing.EXPIRED, day=say_moment(coupon.active_until))
    if coupon.first_purchase_only:
        yield _("Who has bought before"), says(couponing.FIRST_PURCHASE)
    if coupon.max_per_user is not None:
        yield _("Who has used it as often as one may"), says(couponing.USED_BY_YOU)
        yield _("Who has an order with it that is not paid yet"), says(couponing.RESERVED_BY_YOU)
    yield _("With a code that is used up"), says(couponing.USED_UP)
