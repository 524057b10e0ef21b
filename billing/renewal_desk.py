"""Writes down how far renewals have got: plain ones in sets, the others one by one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from billing import charges, plain_renewals
from billing.gateways.base import Gateways
from billing.models import Charge, Order, Subscription
from billing.plain_renewals import PlainRenewal
from billing.plain_terms import OnSale
from billing.renewal_endings import deliver_and_conclude, each
from billing.renewal_orders import Renewal
from billing.renewal_run import Attempt, Stride
from esim.carriers.base import Carrier
from portal.lib.ticks import Clock

InHand: TypeAlias = Renewal | PlainRenewal
Tell: TypeAlias = Callable[[Sequence[int]], None]
"""Hears which subscriptions (by id) have just been moved on."""


def silent(_ids: Sequence[int]) -> None:
    """Tell nobody."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """One sweep's gateways, carrier and clock, what is on sale, and what it has settled but not delivered yet."""

    gateways: Gateways
    carrier: Carrier
    clock: Clock
    stride: Stride
    tell: Tell
    on_sale: OnSale = field(default_factory=OnSale)
    _accounts: plain_renewals.Accounts = field(default_factory=dict)
    _plain: list[PlainRenewal] = field(default_factory=list)
    _others: list[Renewal] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock.now

    def write_prepared(self, attempts: Sequence[Attempt[InHand]]) -> Sequence[Attempt[InHand]]:
        """Commit how far they have got; what was turned off until now is called off instead."""
        may_go_on = plain_renewals.write_prepared(attempts, now=self.now)
        if len(may_go_on) < len(attempts):
            going_on = {one.charge_id for one in may_go_on}
            each([one for one in attempts if one.charge_id not in going_on], self._call_off)
        return may_go_on

    def settle(self, attempts: Sequence[Attempt[InHand]]) -> None:
        paid = plain_renewals.settle(attempts, accounts=self._accounts, now=self.now)
        self._plain += paid
        in_set = {one.charge_id for one in paid}
        each([one for one in attempts if one.charge_id not in in_set], self._settle_one)

    def deliver(self) -> None:
        plain, self._plain = self._plain, []
        others, self._others = self._others, []
        done, left = plain_renewals.deliver(plain, carrier=self.carrier, at_once=self.stride.at_once, now=self.now)
        if done:
            self.tell([one.subscription_id for one in done])
        self.go_on([*others, *each(left, _taken_over)])

    def go_on(self, renewals: Sequence[Renewal]) -> None:
        """Deliver and conclude one by one."""
        if renewals:
            deliver_and_conclude(renewals, carrier=self.carrier, now=self.now)
            self.tell([one.subscription.pk for one in renewals])

    def _call_off(self, attempt: Attempt[InHand]) -> None:
        charge = charges.call_off(
            charge_id=attempt.charge_id, payment_id=attempt.request.payment_id, gateway=attempt.gateway, now=self.now
        )
        if charge.state == Charge.State.ABANDONED:
            self._others.append(_as_one_of_many(attempt.about))

    def _settle_one(self, attempt: Attempt[InHand]) -> None:
        self._others.append(_as_one_of_many(attempt.about))
        charge = Charge.objects.select_related("order__owner", "method").get(pk=attempt.charge_id)
        if attempt.answer is not None:
            charges.record_answer(charge=charge, answer=attempt.answer, now=self.now)


def _as_one_of_many(about: InHand) -> Renewal:
    return _taken_over(about) if isinstance(about, PlainRenewal) else about


def _taken_over(plain: PlainRenewal) -> Renewal:
    """Return as one of many others what has left the plain way; the claim on it stays as old as it is."""
    subscription = Subscription.objects.select_related("line__owner", "plan", "method").get(pk=plain.subscription_id)
    subscription.fence = plain.due.row.fence
    return Renewal(subscription=subscription, order=Order.objects.get(pk=plain.order_id))
