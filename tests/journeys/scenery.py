"""An account with money in every state, so that each page about money can be looked at as somebody would find it."""

from datetime import timedelta

from django.utils import timezone

from billing.invoices import issue
from billing.models import Charge, Order, Refund
from plans.terms import PlanTerms
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

LONG_NAME = "The tablet of the children in the old car"[:40]


class Account:
    """Somebody's money: kept cards, a balance, and orders paid, declined, on their way and given back."""

    def __init__(self, owner, plan, *, currency="USD", amount=1490):
        self.owner = owner
        self.plan = plan
        self.currency = currency
        self.amount = amount
        self.now = timezone.now()
        self.line = make.make_line(owner=owner, nickname=LONG_NAME)
        make.make_profile(line=self.line)
        self.card = make.make_method(owner=owner, gateway="stripe", is_default=True)
        self.expired = make.make_method(owner=owner, gateway="stripe", brand="American Express", expires_year=2025)
        fund(owner, Money(amount // 3, currency))

    def pages(self):
        """Make all of it, and return the path of each page by a word for it."""
        given_back, paid = self.with_refunds(), self.delivered()
        unpaid = {name: f"/orders/{one.public_id}/" for name, one in self.unpaid().items()}
        order, renew = f"/orders/{paid.public_id}/", f"/lines/{self.line.public_id}/renew/"
        return {
            **unpaid,
            "another_way": f"{unpaid['waiting']}another-way/",
            "cancel": f"{unpaid['waiting']}cancel/",
            "delivered": order,
            "refund": f"{order}refund/",
            "given_back": f"/orders/{given_back.public_id}/",
            "refund_impossible": f"/orders/{given_back.public_id}/refund/",
            "receipt": f"/orders/{given_back.public_id}/receipt/",
            "check": f"{renew}?plan={self.plan.public_id}",
            "overview": "/billing/",
            "charges": "/billing/charges/",
            "movements": "/billing/movements/",
            "documents": "/billing/documents/",
            "details": "/billing/details/",
            "methods": "/billing/methods/",
            "remove": f"/billing/methods/{self.card.public_id}/remove/",
        }

    def unpaid(self):
        """Make orders that wait, each for another reason."""
        order = self.order(Order.State.PENDING)
        orders = {
            "waiting": self.charged(Charge.State.PENDING, page_url="https://pay.example.com/"),
            "on_its_way": self.charged(Charge.State.PENDING, paid_with="alipay"),
            "declined": self.charged(Charge.State.DECLINED, decline_code="insufficient_funds", settled_at=self.now),
            "checking": self.charged(Charge.State.UNKNOWN, method=self.card),
            "to_confirm": self.charged(Charge.State.NEEDS_ACTION, method=self.card),
            "cancelled": self.order(Order.State.CANCELLED),
        }
        return {"unpaid": order, **orders}

    def delivered(self):
        """Make a renewal that nobody has used."""
        order = self.order(Order.State.FULFILLED, **self._times())
        make.make_charge(order=order, gateway="stripe", method=self.card, created_at=self.now, settled_at=self.now)
        allowance = make.make_allowance(
            line=self.line,
            plan=self.plan,
            starts_at=order.starts_at,
            ends_at=order.ends_at,
            granted_for=order.public_id,
        )
        assert allowance.used_bytes == 0
        issue(order_id=order.pk, now=self.now)
        return order

    def with_refunds(self):
        """Make a renewal of which parts went back, in every state that its owner may see."""
        order = self.order(Order.State.FULFILLED, **self._times())
        charge = make.make_charge(order=order, gateway="stripe", paid_with="wechat_pay", settled_at=self.now)
        for state in (Refund.State.SUCCEEDED, Refund.State.FAILED, Refund.State.PENDING):
            make.make_refund(
                charge=charge,
                amount=self.amount // 10,
                state=state,
                gateway_refund_id=f"re_{order.pk}_{state}",
                created_at=self.now,
                settled_at=None if state == Refund.State.PENDING else self.now,
            )
        issue(order_id=order.pk, now=self.now)
        return order

    def order(self, state, **fields):
        return make.make_order(
            owner=self.owner,
            line=self.line,
            plan=self.plan,
            plan_terms=PlanTerms.of(self.plan).to_json(),
            state=state,
            currency=self.currency,
            amount=self.amount,
            created_at=self.now,
            expires_at=self.now + timedelta(hours=1),
            **fields,
        )

    def charged(self, state, **fields):
        """Make an order with one attempt to pay it."""
        order = self.order(Order.State.PENDING)
        fields = {"gateway_payment_id": None, "settled_at": None, "created_at": self.now, **fields}
        make.make_charge(order=order, gateway="stripe", state=state, **fields)
        return order

    def _times(self):
        moments = ("paid_at", "accepted_at", "sent_at", "confirmed_at", "starts_at")
        return {**dict.fromkeys(moments, self.now), "ends_at": self.now + timedelta(days=30)}
