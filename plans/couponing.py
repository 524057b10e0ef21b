"""What a coupon does to a plan at a price, and why it may not apply."""

from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from plans import effects
from plans.effects import Effect
from plans.models import Coupon
from plans.promoting import is_for_plan, is_for_region
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.periods import Period
from portal.lib.saying import say_moment, say_money

Kind = Coupon.Kind

UNKNOWN = _("We know no such code. Check how it is written.")
NOT_BEGUN = _("This code counts from %(day)s.")
EXPIRED = _("This code expired on %(day)s.")
USED_UP = _("This code has been used as often as it can be.")
USED_BY_YOU = _("You have used this code already.")
RESERVED_BY_YOU = _("An order of yours that waits for payment holds this code. Pay that one, or cancel it.")
NOT_THIS_PLAN = _("This code is not for this plan.")
NOT_THIS_REGION = _("This code is not for plans of this region.")
FIRST_PURCHASE = _("This code is for a first purchase only.")
MINIMUM = _("This code counts from a price of %(minimum)s.")
WRONG_CURRENCY = _("This code is not for prices in %(currency)s.")
NOTHING_LEFT = _("There is nothing left to take off: the price is zero already.")
NOTHING_OFF = _("This code takes nothing off a price of %(price)s.")


def says(sentence: Promise, **values: Any) -> str:
    return str(sentence) % values if values else str(sentence)


def why_not(coupon: Coupon, *, terms: PlanTerms, price: Money, can_add: bool, now: datetime) -> str:
    """Say why a coupon does not apply to a plan at a price, whoever buys it; empty where it does."""
    if coupon.active_until is not None and coupon.has_ended(now):
        return says(EXPIRED, day=say_moment(coupon.active_until))
    if not coupon.has_begun(now):
        return says(NOT_BEGUN, day=say_moment(coupon.active_from))
    if not is_for_plan(coupon, terms):
        return says(NOT_THIS_PLAN)
    if not is_for_region(coupon, terms):
        return says(NOT_THIS_REGION)
    return _why_not_at(coupon, terms=terms, price=price, can_add=can_add)


def _why_not_at(coupon: Coupon, *, terms: PlanTerms, price: Money, can_add: bool) -> str:
    minimum = coupon.minimums.get(price.currency)
    lacks_amount = coupon.kind == Kind.AMOUNT and price.currency not in coupon.amounts
    if lacks_amount or (coupon.minimums and minimum is None):
        return says(WRONG_CURRENCY, currency=price.currency)
    if minimum is not None and price.minor < minimum:
        return says(MINIMUM, minimum=say_money(Money(minimum, price.currency)))
    gives = effect_of(coupon, of=terms, terms=terms, price=price).gives_something
    if coupon.kind in (Kind.DATA, Kind.PERIOD):
        return "" if gives and can_add else says(NOT_THIS_PLAN)
    if not price:
        return says(NOTHING_LEFT)
    return "" if gives else says(NOTHING_OFF, price=say_money(price))


def effect_of(coupon: Coupon, *, of: PlanTerms, terms: PlanTerms, price: Money) -> Effect:
    """Return what a coupon does to `terms`, which a promotion may have made of those on the list, `of`."""
    match coupon.kind:
        case Kind.PERCENT:
            return effects.percent_off(price, coupon.percent or 0, terms)
        case Kind.AMOUNT:
            return effects.amount_off(price, coupon.amounts.get(price.currency, 0), terms)
        case Kind.DATA:
            return effects.more_data(price, coupon.bonus_bytes or 0, terms)
        case Kind.PERIOD:
            period = of.period
            extra = Period(period.unit, period.count * (coupon.free_periods or 1))
            return effects.more_time(price, extra, of=of, terms=terms)
    raise ValueError(f"{coupon} is of no kind.")
