"""What somebody pays for a plan: the price on the list, less one promotion, less one coupon.

The rule: of the promotions that run, the one that takes most off; then one coupon off what is left. Never below zero.
Automatic renewals and top-ups take neither: they charge the price that was agreed to.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing import code_tries
from billing.models import Order, Redemption
from plans import catalogue, couponing, promoting
from plans.couponing import says
from plans.effects import Effect
from plans.models import Coupon, CouponCode, Plan
from plans.models.coupons import code_key
from plans.promoting import Promoted, PromotionRow
from plans.terms import PlanTerms
from portal.lib.money import Money
from portal.lib.periods import Period

TOO_MANY_TRIES = _("Too many codes were tried. Try again in an hour, or buy without a code.")
NEVER_PAID = frozenset({Order.State.PENDING, Order.State.UNDELIVERABLE, Order.State.EXPIRED, Order.State.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeUse:
    """A code somebody typed, with what its coupon does to the order."""

    code: CouponCode
    effect: Effect

    @property
    def coupon(self) -> Coupon:
        return self.code.coupon

    @property
    def label(self) -> str:
        return self.coupon.label

    @property
    def terms(self) -> dict[str, Any]:
        """What an order keeps of it."""
        coupon = self.coupon
        kept = {"kind": coupon.kind, "percent": coupon.percent, "code": self.code.code}
        return {**coupon.names, **kept}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a plan costs a person now. `refusal` says why the code that was typed takes nothing off."""

    list_price: Money
    terms: PlanTerms
    promotion: Promoted | None = None
    coupon: CodeUse | None = None
    code: str = ""
    refusal: str = ""

    @property
    def effects(self) -> list[Effect]:
        return [one.effect for one in (self.promotion, self.coupon) if one is not None]

    @property
    def price(self) -> Money:
        """What is to be paid."""
        return sum((-effect.off for effect in self.effects), self.list_price)

    @property
    def off(self) -> Money:
        """All that is taken off."""
        return self.list_price - self.price

    @property
    def price_promoted(self) -> Money:
        """What is to be paid before the coupon."""
        return self.list_price - self.promotion.effect.off if self.promotion else self.list_price

    @property
    def is_reduced(self) -> bool:
        return self.promotion is not None or self.coupon is not None

    @property
    def is_free(self) -> bool:
        return not self.price

    @property
    def bonus_bytes(self) -> int:
        return sum(effect.bonus_bytes for effect in self.effects)

    @property
    def extras(self) -> list[Period]:
        return [effect.extra for effect in self.effects if effect.extra is not None]

    @property
    def token(self) -> str:
        """What the buyer agrees to, in short: the price, and what comes on top."""
        price = f"{self.price.currency}:{self.price.minor}"
        if not self.is_reduced:
            return price
        gives = (self.list_price.minor, self.bonus_bytes, [(extra.unit.value, extra.count) for extra in self.extras])
        return f"{price}:{blake2b(repr(gives).encode(), digest_size=6).hexdigest()}"


def quote(*, user: User, plan: Plan, price: Money, code: str = "", ip: str | None = None, now: datetime) -> Quote:
    """Say what `plan` costs `user` by hand now, given its price on the list and perhaps a code.

    No query where promotions are cached and there is no code. Codes that do not exist count against `user` and `ip`.
    """
    terms = PlanTerms.of(plan)
    without = _without_code(catalogue.running_promotions(now=now), terms=terms, price=price, code=code, now=now)
    return _with_code(without, of=terms, user=user, ip=ip, now=now) if code.strip() else without


def quote_to_anybody(
    code: CouponCode, *, terms: PlanTerms, price: Money, promotions: list[PromotionRow], now: datetime
) -> Quote:
    """Say what a plan costs with a code, whatever its buyer bought or tried before. No query."""
    without = _without_code(promotions, terms=terms, price=price, code=code.code, now=now)
    tried = _applied(without, code, of=terms, now=now)
    return _refused(without, says(couponing.USED_UP)) if tried.coupon and _is_used_up(code) else tried


def _without_code(promotions: list[PromotionRow], *, terms: PlanTerms, price: Money, code: str, now: datetime) -> Quote:
    promoted = promotion_for(promotions, terms=terms, price=price, now=now)
    return Quote(list_price=price, terms=promoted.effect.terms if promoted else terms, promotion=promoted, code=code)


def promotion_for(rows: list[PromotionRow], *, terms: PlanTerms, price: Money, now: datetime) -> Promoted | None:
    can_add = promoting.can_add_to_plans()
    return promoting.best_promotion(rows, terms=terms, price=price, can_add=can_add, now=now)


def _with_code(quoted: Quote, *, of: PlanTerms, user: User, ip: str | None, now: datetime) -> Quote:
    found, refusal = _find(quoted.code, user=user, ip=ip, now=now)
    if found is None:
        return _refused(quoted, refusal)
    tried = _applied(quoted, found, of=of, now=now)
    if tried.coupon and (refusal := why_not_this_person(found, user=user)):
        return _refused(quoted, refusal)
    return tried


def _applied(quoted: Quote, code: CouponCode, *, of: PlanTerms, now: datetime) -> Quote:
    """Take off what a code does for whoever buys, or say why it does nothing."""
    price, coupon = quoted.price, code.coupon
    can_add = promoting.can_add_to_plans()
    if refusal := couponing.why_not(coupon, terms=of, price=price, can_add=can_add, now=now):
        return _refused(quoted, refusal)
    effect = couponing.effect_of(coupon, of=of, terms=quoted.terms, price=price)
    return Quote(
        list_price=quoted.list_price,
        terms=effect.terms,
        promotion=quoted.promotion,
        coupon=CodeUse(code=code, effect=effect),
        code=quoted.code,
    )


def _refused(quoted: Quote, refusal: str) -> Quote:
    return Quote(
        list_price=quoted.list_price,
        terms=quoted.terms,
        promotion=quoted.promotion,
        code=quoted.code,
        refusal=refusal,
    )


@transaction.atomic
def _find(text: str, *, user: User, ip: str | None, now: datetime) -> tuple[CouponCode | None, str]:
    """Look a code up; one that is switched off is answered like one that never was."""
    is_customer = has_bought(user)
    if not code_tries.is_open(user=user, ip=ip, is_customer=is_customer, now=now):
        return None, says(TOO_MANY_TRIES)
    known = CouponCode.objects.select_related("coupon").filter(is_active=True, coupon__is_active=True)
    found = known.filter(key=code_key(text)).first()
    if found is None:
        code_tries.count_miss(user=user, ip=ip, is_customer=is_customer, now=now)
        return None, says(couponing.UNKNOWN)
    return found, ""


def why_not_this_person(code: CouponCode, *, user: User) -> str:
    """Say why a code that fits the plan does not apply for this buyer; empty where it does."""
    coupon = code.coupon
    mine = Redemption.objects.live().filter(coupon=coupon, user=user)
    states = list(mine.values_list("state", flat=True))
    if coupon.max_per_user is not None and len(states) >= coupon.max_per_user:
        waits = Redemption.State.RESERVED in states
        return says(couponing.RESERVED_BY_YOU if waits else couponing.USED_BY_YOU)
    if _is_used_up(code):
        return says(couponing.USED_UP)
    if coupon.first_purchase_only and has_bought(user):
        return says(couponing.FIRST_PURCHASE)
    return ""


def _is_used_up(code: CouponCode) -> bool:
    return any(one.max_uses is not None and one.used >= one.max_uses for one in (code, code.coupon))


def has_bought(user: User, *, besides: Order | None = None) -> bool:
    """Tell whether somebody has paid for a plan that was or will be delivered, or claims another order as the first."""
    others = Order.objects.owned_by(user)
    if besides is not None:
        others = others.exclude(pk=besides.pk)
    paid = others.exclude(kind__in=Order.Kind.BY_PAYING).exclude(state__in=NEVER_PAID)
    # Cancelled while it waited its turn, it is as if it could not be delivered.
    paid = paid.exclude(state=Order.State.REFUNDED, confirmed_at=None)
    return paid.exists() or Redemption.objects.live().filter(user=user, is_first_purchase=True).exists()
