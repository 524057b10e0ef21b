"""A renewal was refused, and its subscriber agrees to something else: that is what is charged and delivered, once."""

from datetime import timedelta

import pytest

from billing import agreements, charges, expiry, ledger, renewals
from billing.models import Charge, Order, Subscription
from esim.models import Allowance
from plans.models import Plan
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

pytestmark = pytest.mark.usefixtures("books_are_right")

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
CARD, BALANCE, BOTH = Subscription.PayFrom.METHOD, Subscription.PayFrom.WALLET, Subscription.PayFrom.WALLET_THEN_METHOD


@pytest.fixture
def tick(gateway, carrier):
    gateways = {gateway.name: gateway}

    def run(at):
        expiry.expire_unpaid_orders(gateways=gateways, now=at)
        renewals.renew_due(gateways=gateways, carrier=carrier, now=at)
        renewals.retry_declined(gateways=gateways, carrier=carrier, now=at)

    return run


@pytest.fixture
def refused(subscription, gateway, tick, now):
    """Refuse the renewal once, paid from what was agreed to; the card would pay from then on."""

    def with_code(code="insufficient_funds", *, pay_from=CARD):
        Subscription.objects.update(pay_from=pay_from)
        gateway.outcomes[subscription.method.reference] = code
        tick(now)
        gateway.outcomes.clear()
        subscription.refresh_from_db()
        return subscription

    return with_code


def agree(declined, *, now, **changes):
    consent = make.make_consent(**{"plan": declined.plan, "method": declined.method, **changes})
    return agreements.turn_on(line=declined.line, consent=consent, actor=declined.line.owner, now=now)


def states():
    return list(Order.objects.order_by("pk").values_list("state", "wallet_amount"))


@pytest.mark.parametrize(("balance", "ends_as"), [(2000, "fulfilled"), (500, "declined:balance_too_low")])
def test_the_balance_pays_in_place_of_a_refused_card(refused, tick, gateway, now, balance, ends_as):
    declined = refused()
    fund(declined.line.owner, Money(balance, "USD"))

    agree(declined, pay_from=BALANCE, method=None, now=now + MINUTE)
    tick(now + MINUTE)

    declined.refresh_from_db()
    last = Order.objects.latest("pk")
    assert gateway.taken == []
    assert ends_as in (declined.reason, last.state)
    assert Charge.objects.get().state == Charge.State.DECLINED, "no second attempt without a card"


def test_the_balance_comes_first_once_that_is_agreed_to(refused, tick, now):
    declined = refused()
    fund(declined.line.owner, Money(1000, "USD"))

    agree(declined, pay_from=BOTH, now=now + MINUTE)
    tick(now + MINUTE)

    assert states() == [("expired", 0), ("fulfilled", 1000)]


def test_a_card_alone_pays_all_once_that_is_agreed_to(subscription, refused, tick, now):
    owner = subscription.line.owner
    fund(owner, Money(1000, "USD"))
    declined = refused(pay_from=BOTH)

    agree(declined, now=now + MINUTE)
    tick(now + MINUTE)

    assert states() == [("expired", 1000), ("fulfilled", 0)]
    assert ledger.wallet_balance(owner, "USD") == Money(1000, "USD")


def test_what_is_retried_gives_what_was_agreed_to_last(refused, tick, plan, now):
    declined = refused()
    Plan.objects.update(data_bytes=20 * GB)
    plan.refresh_from_db()

    agree(declined, plan=plan, now=now + MINUTE)
    tick(now + MINUTE)

    assert Allowance.objects.latest("pk").data_bytes == 20 * GB


def test_another_name_for_the_same_goes_on_with_the_same_order(refused, tick, plan, now):
    declined = refused()
    Plan.objects.update(name="Europe, 10 gigabytes")
    plan.refresh_from_db()

    agree(declined, plan=plan, now=now + MINUTE)
    tick(now + MINUTE)

    assert states() == [("fulfilled", 0)]


def test_an_order_that_somebody_is_paying_stays_for_them(refused, gateway, now):
    declined = refused()
    charges.start_charge(order=Order.objects.get(), gateway_name=gateway.name, now=now)

    agree(declined, pay_from=BOTH, now=now + MINUTE)

    assert Order.objects.get().expires_at > now + 7 * DAY
