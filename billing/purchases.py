"""What can be bought here and now, and at which price: the look-ups behind the pages that sell."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing import discounts, ledger
from billing.checkout import TooLittleForCard, wallet_share
from billing.gateways import smallest_charge
from billing.models import Order, PaymentMethod, Subscription
from esim import allowances, stock
from esim.allowances import AfterPurchase
from esim.carriers.base import Carrier
from esim.models import Allowance, Line
from plans import catalogue
from plans.models import Plan, PlanPrice, PlanPriceQuerySet
from plans.promoting import Promoted
from plans.terms import PlanTerms
from portal.lib.kept_sql import KeptQuery, Slot
from portal.lib.money import CURRENCIES, Money
from portal.lib.public_ids import is_public_id


class NotOnSale(Exception):
    """This plan can't be bought: withdrawn, or without a price in the buyer's currency."""

    sentence = _("This plan is no longer sold. Nothing was charged. Choose another one.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plan at the price that counts now; `promoted` says what a promotion does to it, where one does."""

    plan: Plan
    price: Money
    promoted: Promoted | None = None

    @property
    def promoted_price(self) -> Money:
        return self.price - self.promoted.effect.off if self.promoted else self.price

    @property
    def terms(self) -> PlanTerms:
        return PlanTerms.of(self.plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What a line can be renewed with: its present plan first, then its neighbours, then the rest."""

    current: Offer | None
    near: list[Offer]
    others: list[Offer]

    @property
    def is_empty(self) -> bool:
        return not (self.current or self.near or self.others)

    def led_by(self, plan_id: str | None) -> "Shelf":
        """Return it with the plan that was chosen in front: the first one of a shelf is the one that is checked."""
        offers = [offer for offer in [self.current, *self.near, *self.others] if offer is not None]
        chosen = [offer for offer in offers if offer.plan.public_id == plan_id]
        if not chosen or chosen == [self.current]:
            return self
        others = [offer for offer in self.others if offer not in chosen]
        rest = [offer for offer in offers if offer not in chosen and offer not in others]
        return Shelf(current=None, near=[*chosen, *rest], others=others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the buyer can pay with: kept cards, the default first, and the balance in the price's currency.

    `wallet_part` is what the balance pays where a card pays the rest; no card pays less than `least`.
    """

    methods: list[PaymentMethod]
    balance: Money
    price: Money
    wallet_part: Money
    least: Money

    @property
    def balance_covers(self) -> bool:
        return bool(self.balance) and self.balance >= self.price

    @property
    def balance_helps(self) -> bool:
        return bool(self.wallet_part) and self.wallet_part < self.price

    @property
    def left_to_card(self) -> Money:
        return self.price - self.wallet_part

    @property
    def is_too_little_for_card(self) -> bool:
        return self.price < self.least

    @property
    def leaves_the_least(self) -> bool:
        """Whether the balance would pay more, were it not for what a card is charged at least."""
        return self.leaves_some and self.left_to_card == self.least

    @property
    def leaves_some(self) -> bool:
        """Whether the balance would pay more, could a card be charged any amount."""
        return self.balance_helps and self.wallet_part < self.balance

    @property
    def is_out_of_reach(self) -> bool:
        """Whether nothing that they have can pay it: money has to be added first."""
        return self.is_too_little_for_card and not self.balance_covers


PLAN_KIND = {
    Order.Kind.RENEWAL: Plan.Kind.PLAN,
    Order.Kind.NEW_LINE: Plan.Kind.PLAN,
    Order.Kind.TOP_UP: Plan.Kind.DATA_PACK,
}

PLAN_WITH_PRICE = KeptQuery(
    lambda: Plan.objects.filter(public_id=Slot("public_id")).annotate(
        amount=Subquery(
            PlanPrice.objects.filter(plan=OuterRef("pk"), currency=Slot("currency"), valid_from__lte=Slot("now"))
            .order_by("-valid_from")
            .values("amount")[:1]
        )
    )
)
OTHER_PRICES = KeptQuery(
    lambda: (
        PlanPrice.objects.filter(plan=Slot("plan"), valid_from__lte=Slot("now"))
        .exclude(currency=Slot("currency"))
        .order_by("currency", "valid_from")
    )
)
LINE_IN_USE = KeptQuery(
    lambda: (
        Line.objects.payable_by(Slot("buyer"))
        .in_use()
        .filter(public_id=Slot("public_id"))
        .annotate(
            is_being_renewed=Exists(
                Subscription.objects.filter(line=OuterRef("pk"), state=Subscription.State.IN_FLIGHT)
            )
        )
    )
)


def is_sold_out(*, carrier: Carrier) -> bool:
    """Tell whether a new line could not be delivered: all that is in stock is spoken for by those who have paid."""
    if not carrier.capabilities.order_by_iccid:
        return False
    left = stock.left_for_sale(carrier=carrier.name, profile_type=carrier.capabilities.profile_type)
    waiting = [Order.State.PAID, Order.State.FULFILLING]
    paid = Order.objects.filter(kind=Order.Kind.NEW_LINE, state__in=waiting).values_list("public_id", flat=True)
    return left <= stock.count_without_card(list(paid))


def find_line(*, public_id: str, buyer: User) -> Line | None:
    """Return the line that this person may buy for: their own, or one whose owner lets them pay. One query.

    `is_being_renewed` is set: auto-renewal pays for its next period at this moment.
    """
    return LINE_IN_USE.first(buyer=buyer.pk, public_id=public_id) if is_public_id(public_id) else None


def find_offer(*, plan_id: str, kind: Order.Kind, currency: str, now: datetime) -> Offer:
    """Return the plan of this public id with its price; raise NotOnSale. One query."""
    if not is_public_id(plan_id) or currency not in CURRENCIES:
        raise NotOnSale
    plan = PLAN_WITH_PRICE.first(public_id=plan_id, currency=currency, now=now)
    amount = getattr(plan, "amount", None)
    if plan is None or amount is None or plan.kind != PLAN_KIND[kind] or not plan.is_sold(now):
        raise NotOnSale
    return Offer(plan=plan, price=Money(amount, currency))


def shelf(*, line: Line, kind: Order.Kind, currency: str, now: datetime) -> Shelf:
    """Return the plans or data packs to choose from, in the order staff arranged them. Two queries."""
    offers = [Offer(plan=price.plan, price=price.money) for price in _prices(kind=kind, currency=currency, now=now)]
    plans = Allowance.objects.standing().filter(line=line, is_data_pack=False)
    last = plans.order_by("-ends_at").select_related("plan").first()
    current = next((offer for offer in offers if last and offer.plan == last.plan), None)
    rest = [offer for offer in offers if offer is not current]
    near = [offer for offer in rest if last and offer.plan.region == last.plan.region]
    if current is None and not near:
        return Shelf(current=None, near=rest, others=[])
    return Shelf(current=current, near=near, others=[offer for offer in rest if offer not in near])


def with_promotions(shelf: Shelf, *, now: datetime) -> Shelf:
    """Return a shelf with what promotions do to each of its plans: for purchases by hand."""
    running = catalogue.running_promotions(now=now)

    def promoted(offer: Offer) -> Offer:
        found = discounts.promotion_for(running, terms=offer.terms, price=offer.price, now=now)
        return replace(offer, promoted=found)

    return Shelf(
        current=promoted(shelf.current) if shelf.current else None,
        near=[promoted(offer) for offer in shelf.near],
        others=[promoted(offer) for offer in shelf.others],
    )


def other_prices(offer: Offer, *, now: datetime) -> list[Money]:
    """Return what a plan costs in the other currencies, promotions taken off, in the order they are offered. One query."""
    rows = OTHER_PRICES.all(plan=offer.plan.pk, currency=offer.price.currency, now=now)
    latest = {row.currency: row.money for row in rows}
    running = catalogue.running_promotions(now=now)
    found = []
    for price in (latest[code] for code in settings.PORTAL_CURRENCIES if code in latest):
        promoted = discounts.promotion_for(running, terms=offer.terms, price=price, now=now)
        found.append(price - promoted.effect.off if promoted else price)
    return found


def can_top_up(line: Line, *, now: datetime) -> bool:
    """Tell whether a plan is running that a data pack could add to."""
    return Allowance.objects.filter(line=line, is_data_pack=False).running(now).exists()


def means(*, user: User, price: Money, now: datetime) -> Means:
    """Return what this person can pay this price with. Two queries."""
    methods = PaymentMethod.objects.owned_by(user).chargeable(now.date()).order_by("-is_default", "-pk")
    balance = ledger.wallet_balance(user, price.currency)
    try:
        wallet_part = wallet_share(balance=balance, price=price, rest_is_charged=True)
    except TooLittleForCard:
        wallet_part = Money.zero(price.currency)
    return Means(
        methods=list(methods),
        balance=balance,
        price=price,
        wallet_part=wallet_part,
        least=smallest_charge(price.currency),
    )


def after_purchase(*, line: Line, terms: PlanTerms, now: datetime) -> AfterPurchase:
    """Say what the line would have after buying these terms; raises NothingToTopUp."""
    return allowances.preview(line=line, terms=terms, now=now)


def _prices(*, kind: Order.Kind, currency: str, now: datetime) -> PlanPriceQuerySet:
    on_sale = Plan.objects.on_sale(now).of_kind(PLAN_KIND[kind])
    prices = PlanPrice.objects.valid_at(now).filter(plan__in=on_sale, currency=currency)
    return prices.select_related("plan").order_by("plan__position", "plan_id")
