"""The terms of a top-up rule that a subscriber is asked to agree to, from what they wish for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from billing import purchases
from billing.models import Order, TopUpRule
from billing.purchases import Offer
from billing.top_up_consent import VERSION, balance_text, data_text
from billing.top_up_forms import LowBalanceForm, LowDataForm, TopUpForm
from billing.top_up_rules import TopUpConsent
from billing.ways_to_pay import source_of
from esim.models import Line
from portal.lib.money import Money


class WishesUnclear(Exception):
    """What was wished for can't be agreed to; `form` says beside each field why."""

    def __init__(self, form: TopUpForm) -> None:
        super().__init__(form.errors.as_json())
        self.form = form


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpTerms:
    """What the subscriber is asked to agree to; `chosen` is what the form sends again with the consent."""

    form: TopUpForm
    price: Money
    most: Money
    sentence: str
    owner: User
    line: Line | None = None
    offer: Offer | None = None
    low_percent: int | None = None
    low_mark: Money | None = None

    @property
    def chosen(self) -> dict[str, str]:
        return self.form.chosen

    @property
    def max_times(self) -> int:
        return int(self.form.cleaned_data["max_times"])

    def consent(self, *, ip: str | None) -> TopUpConsent:
        return TopUpConsent(
            owner=self.owner,
            line=self.line,
            plan=self.offer.plan if self.offer else None,
            price=self.price,
            low_percent=self.low_percent,
            low_mark=self.low_mark,
            pay_from=self.form.pay_from,
            method=self.form.method,
            max_times=self.max_times,
            max_amount=self.most,
            text=self.sentence,
            version=VERSION,
            ip=ip,
        )


def data_terms(*, line: Line, user: User, wishes: Mapping[str, str], now: datetime) -> TopUpTerms:
    """Return the terms of buying a data pack; raises NotOnSale and WishesUnclear."""
    offer = purchases.find_offer(
        plan_id=wishes.get("plan", ""), kind=Order.Kind.TOP_UP, currency=user.currency, now=now
    )
    form = LowDataForm(wishes, owner=user, now=now)
    most = form.most_a_month(offer.price) if form.is_valid() else None
    if most is None:
        raise WishesUnclear(form)
    low_percent = int(form.cleaned_data["low_percent"])
    sentence = data_text(
        offer=offer,
        low_percent=low_percent,
        pay_from=form.pay_from,
        method=form.method,
        max_times=form.cleaned_data["max_times"],
        max_amount=most,
    )
    return TopUpTerms(
        form=form,
        price=offer.price,
        most=most,
        sentence=sentence,
        owner=user,
        line=line,
        offer=offer,
        low_percent=low_percent,
    )


def balance_terms(*, user: User, wishes: Mapping[str, str], now: datetime) -> TopUpTerms:
    """Return the terms of adding money; raises WishesUnclear."""
    form = LowBalanceForm(wishes, owner=user, now=now)
    is_clear = form.is_valid()
    amount, low_mark = form.money_in("amount"), form.money_in("low_mark")
    most = form.most_a_month(amount) if is_clear and amount else None
    method = form.method if most else None
    if most is None or amount is None or low_mark is None or method is None:
        raise WishesUnclear(form)
    max_times = form.cleaned_data["max_times"]
    sentence = balance_text(amount=amount, low_mark=low_mark, method=method, max_times=max_times, max_amount=most)
    return TopUpTerms(form=form, price=amount, most=most, sentence=sentence, owner=user, low_mark=low_mark)


def wishes_of(rule: TopUpRule) -> dict[str, str]:
    """Write how a rule stands now the way its form does."""
    wishes = {
        "source": source_of(rule),
        "max_times": str(rule.max_times),
        "max_amount": f"{rule.most_a_month.decimal}",
    }
    if rule.low_mark is not None:
        return {**wishes, "amount": f"{rule.agreed_price.decimal}", "low_mark": f"{rule.low_mark.decimal}"}
    return {**wishes, "plan": rule.plan.public_id if rule.plan else "", "low_percent": str(rule.low_percent)}
