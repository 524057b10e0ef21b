"""Why something was charged: what set it off, what was agreed to, at which price, and who had been told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing import redemptions
from billing.declines import explain
from billing.discount_words import OfferRow, rows_of
from billing.means import name_of
from billing.models import Agreement, Charge, Order, RenewalQuestion, Subscription
from billing.order_steps import Step
from billing.told_before import told_before
from esim.models import Allowance
from plans.models import PlanPrice
from portal.lib.money import Money
from portal.lib.saying import say_moment, say_money

CHARGE_STEPS: dict[str, tuple[str, Promise]] = {
    Charge.State.SUCCEEDED: ("done", gettext_lazy("Paid.")),
    Charge.State.UNKNOWN: ("current", gettext_lazy("The bank's answer got lost on the way. We are asking again.")),
    Charge.State.NEEDS_ACTION: ("current", gettext_lazy("Your bank wants you to confirm it. Nothing was charged yet.")),
    Charge.State.CREATED: ("current", gettext_lazy("Your bank is being asked.")),
    Charge.State.PENDING: ("current", gettext_lazy("Waiting for the payment.")),
    Charge.State.ABANDONED: ("failed", gettext_lazy("Not completed. Nothing was charged.")),
}
ENDED_UNPAID = frozenset({Order.State.EXPIRED, Order.State.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceVersion:
    """The price on the list when the order was placed; `is_agreed`: it is the very price agreed to."""

    money: Money
    since: datetime
    is_agreed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that led to an order. There is no `agreement` for a click, nor for an order older than agreements."""

    order: Order
    is_automatic: bool
    because: str
    outcome: str
    rule: str
    is_rule_on: bool
    agreement: Agreement | None
    price: PriceVersion | None
    list_price: Money
    offers: Sequence[OfferRow]
    attempts: Sequence[Step]
    notices: Sequence[Step]


def explanation_of(order: Order) -> Explanation:
    """Say why an order was placed and charged; for a click, that it was one."""
    is_automatic = order.trigger != Order.Trigger.CLICK
    charges = order.charges.select_related("method").order_by("pk")
    return Explanation(
        order=order,
        is_automatic=is_automatic,
        because=_because(order),
        outcome=_outcome(order),
        rule=_rule(order),
        is_rule_on=_is_rule_on(order),
        agreement=order.agreement,
        price=_price_version(order),
        list_price=redemptions.list_price_of(order),
        offers=rows_of(redemptions.shown_with(order)),
        attempts=[*_from_balance(order), *map(_attempt, charges)],
        notices=told_before(order) if is_automatic else [],
    )


def _because(order: Order) -> str:
    """Say in a sentence what set the order off."""
    values: dict[str, Any] = {"line": order.line, "day": say_moment(order.created_at)}
    match order.trigger:
        case Order.Trigger.EXPIRY:
            return _because_time_ends(order)
        case Order.Trigger.ANSWER:
            values["day"] = say_moment(_answered_at(order) or order.created_at)
            return _("You said yes to this renewal of %(line)s on %(day)s.") % values
        case Order.Trigger.LOW_DATA:
            values["percent"] = _set_then(order, "low_percent")
            return _("On %(day)s, %(percent)s%% of the data on %(line)s or less was left.") % values
        case Order.Trigger.LOW_BALANCE:
            values["money"] = say_money(Money(_set_then(order, "low_amount"), order.currency))
            return _("On %(day)s, less than %(money)s was left in your balance.") % values
    return _("You bought this yourself on %(day)s.") % values


def _outcome(order: Order) -> str:
    """Say whether money was taken."""
    if order.paid_at is not None:
        return _("Paid on %(day)s.") % {"day": say_moment(order.paid_at)}
    if order.state in ENDED_UNPAID:
        return _("It was not paid: nothing was charged.")
    return _("It is not paid yet.")


def _because_time_ends(order: Order) -> str:
    if order.starts_at is not None and order.starts_at > order.created_at:
        ends_at: datetime | None = order.starts_at
    else:
        before = Allowance.objects.filter(line=order.line_id, is_data_pack=False).exclude(granted_for=order.public_id)
        latest = before.filter(starts_at__lte=order.created_at).order_by("-ends_at")
        ends_at = latest.values_list("ends_at", flat=True).first()
    values = {"line": order.line, "end": say_moment(ends_at) if ends_at else ""}
    if ends_at is None:
        return _("%(line)s had no paid time left.") % values
    if ends_at > order.created_at:
        return _("The paid time of %(line)s was to end on %(end)s.") % values
    return _("The paid time of %(line)s had ended on %(end)s.") % values


def _answered_at(order: Order) -> datetime | None:
    asked = RenewalQuestion.objects.filter(subscription=order.subscription_id, period_index=order.period_index or 0)
    return asked.values_list("answered_at", flat=True).first()


def _set_then(order: Order, name: str) -> int:
    """Return a limit of the rule as it was agreed to; the rule itself may have been changed since."""
    agreed = order.agreement.limits.get(name) if order.agreement else None
    return agreed or getattr(order.top_up_rule, name, None) or 0


def _rule(order: Order) -> str:
    match order.trigger:
        case Order.Trigger.EXPIRY | Order.Trigger.ANSWER:
            return _("Auto-renewal of %(line)s") % {"line": order.line}
        case Order.Trigger.LOW_DATA:
            return _("More data for %(line)s when it runs low") % {"line": order.line}
        case Order.Trigger.LOW_BALANCE:
            return _("Money for your balance when it runs low")
    return ""


def _is_rule_on(order: Order) -> bool:
    if order.top_up_rule is not None:
        return order.top_up_rule.is_on
    return order.subscription is not None and order.subscription.mode in Subscription.Mode.ON


def _price_version(order: Order) -> PriceVersion | None:
    """Return the price that counted when the order was placed; adding money has none."""
    begun = PlanPrice.objects.filter(plan=order.plan_id, currency=order.currency, valid_from__lte=order.created_at)
    price = begun.order_by("-valid_from").first() if order.plan_id else None
    if price is None:
        return None
    agreed = order.agreement.price if order.agreement else None
    return PriceVersion(money=price.money, since=price.valid_from, is_agreed=price.money == agreed == order.total)


def _from_balance(order: Order) -> Iterator[Step]:
    if not order.wallet_amount:
        return
    state, text = ("done", _("Paid.")) if order.paid_at else ("current", _("Set aside for this order."))
    if order.state in ENDED_UNPAID:
        state, text = "failed", _("Given back: the order was not completed.")
    title = _("%(money)s from your balance") % {"money": say_money(order.wallet_part)}
    yield Step(state=state, title=title, text=text, at=say_moment(order.created_at))


def _attempt(charge: Charge) -> Step:
    """Say what one charge asked for, of which card, and how it ended."""
    if charge.state == Charge.State.DECLINED:
        state, text = "failed", explain(charge.decline_code).sentence
    else:
        state, text = CHARGE_STEPS[charge.state]
    values = {"money": say_money(charge.money), "means": charge.method or name_of(charge.paid_with)}
    return Step(state=state, title=_("%(money)s from %(means)s") % values, text=text, at=say_moment(charge.created_at))
