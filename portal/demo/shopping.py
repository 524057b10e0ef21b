"""Buys like a subscriber would, through the workflows of the shop, at moments of the past."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from billing import discounts
from billing.charges import charge_saved, open_charge, open_page, settle, start_charge
from billing.checkout import Purchase, place_order
from billing.gateways import sandbox_bank as bank
from billing.gateways.base import PaymentGateway
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR
from billing.models import Charge, Order, PaymentMethod, Refund, SandboxPayment
from billing.orders import fulfil
from billing.purchases import PLAN_KIND
from billing.refunds import send_all
from billing.taking_back import take_back, undo
from esim.carriers.base import Carrier
from esim.models import Line
from plans.models import Plan, PlanPrice
from portal.lib.money import Money

GOOD_CARD = "4242"
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Whom we pay through and who delivers."""

    gateway: PaymentGateway
    carrier: Carrier

    def buy(
        self, owner: User, code: str, *, at: datetime, line: Line | None = None, nickname: str = "", **how: str
    ) -> Line:
        """Buy the plan of this code and return the line it works on.

        `how` is card="4242" to pay on the gateway's page and keep the card; otherwise the kept card is charged. With
        coupon="…" its code is used.
        """
        order = self._order(owner, code, line=line, nickname=nickname, at=at, coupon=how.get("coupon", ""))
        self._pay(order, card=how.get("card", ""), at=at)
        return self._deliver(order, at=at)

    def buy_from_balance(self, owner: User, code: str, *, nickname: str, at: datetime) -> Line:
        order = self._order(owner, code, nickname=nickname, at=at, use_wallet=True, charged=False)
        return self._deliver(order, at=at)

    def queue(self, owner: User, code: str, *, line: Line, at: datetime) -> None:
        """Buy a plan for later with the kept card; it waits until those before it have ended."""
        order = self._order(owner, code, line=line, at=at, is_queued=True)
        self._pay(order, at=at)

    def buy_at_second_try(self, owner: User, code: str, *, line: Line, declined: str, at: datetime) -> None:
        """Have one card declined, then pay with the kept one."""
        order = self._order(owner, code, line=line, at=at)
        self._pay(order, card=declined, at=at)
        start_charge(order=order, gateway_name=self.gateway.name, method=_kept(owner), now=at + A_MINUTE)
        self._pay(order, at=at + A_MINUTE)
        self._deliver(order, at=at + A_MINUTE)

    def buy_by_mistake(self, owner: User, code: str, *, line: Line, at: datetime) -> None:
        """Buy, and give it back unused some minutes later."""
        order = self._order(owner, code, line=line, at=at)
        self._pay(order, at=at)
        self._deliver(order, at=at)
        later = at + 5 * A_MINUTE
        undo(
            order=order,
            goes_to=Refund.Destination.PAYER,
            ip=None,
            carrier=self.carrier,
            within=5 * A_MINUTE,
            now=later,
        )
        take_back(order_id=order.pk, carrier=self.carrier, now=later)
        send_all(order_id=order.pk, gateways={self.gateway.name: self.gateway}, now=later)

    def add_money(self, owner: User, amount: Money, *, at: datetime) -> None:
        purchase = Purchase(
            owner=owner,
            kind=Order.Kind.CREDIT,
            price=amount,
            form_key=f"demo-credit-{at:%Y%m%d%H%M}",
            gateway=self.gateway.name,
            method=_kept(owner),
        )
        self._pay(place_order(purchase=purchase, now=at), at=at)

    def _order(
        self,
        owner: User,
        code: str,
        *,
        at: datetime,
        line: Line | None = None,
        nickname: str = "",
        use_wallet: bool = False,
        charged: bool = True,
        coupon: str = "",
        is_queued: bool = False,
    ) -> Order:
        plan = Plan.objects.get(code=code)
        price = PlanPrice.objects.valid_at(at).get(plan=plan, currency=owner.currency)
        kinds = [
            kind for kind, sold in PLAN_KIND.items() if sold == plan.kind and (kind == "new_line") == (line is None)
        ]
        quote = discounts.quote(user=owner, plan=plan, price=price.money, code=coupon, now=at)
        purchase = Purchase(
            owner=owner,
            kind=kinds[0],
            price=quote.price,
            quote=quote,
            form_key=f"demo-{code}-{at:%Y%m%d%H%M}",
            line=line,
            plan=plan,
            nickname=nickname,
            use_wallet=use_wallet,
            gateway=self.gateway.name if charged else "",
            method=_kept(owner) if charged else None,
            is_queued=is_queued,
        )
        return place_order(purchase=purchase, now=at)

    def _pay(self, order: Order, *, at: datetime, card: str = "") -> None:
        charge = open_charge(order)
        if charge is None:
            return
        if card:
            self._pay_on_page(charge, card=card, at=at)
        else:
            charge_saved(charge=charge, gateway=self.gateway, now=at)

    def _pay_on_page(self, charge: Charge, *, card: str, at: datetime) -> None:
        open_page(charge=charge, gateway=self.gateway, return_url="/", locale="en", now=at)
        charge.refresh_from_db()
        payment = SandboxPayment.objects.get(reference=charge.gateway_payment_id)
        bank.pay_with(payment, CARDS_BY_LAST_FOUR[card], keep=card == GOOD_CARD)
        result = self.gateway.look_up(payment_id=payment.reference, key=charge.public_id)
        if result is not None:
            settle(charge_id=charge.pk, result=result, now=at + A_MINUTE)

    def _deliver(self, order: Order, *, at: datetime) -> Line:
        delivered = fulfil(order_id=order.pk, carrier=self.carrier, now=at + A_MINUTE)
        if delivered.line is None:
            raise RuntimeError(f"Order {order.public_id} opened no line: {delivered.note or delivered.state}.")
        return delivered.line


def _kept(owner: User) -> PaymentMethod | None:
    return PaymentMethod.objects.owned_by(owner).usable().filter(is_default=True).first()
