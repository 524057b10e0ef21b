"""No card is charged less than gateways charge: the balance leaves so much, whoever buys and however."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Notification
from accounts.notifications import deliver_due
from billing import gateways, ledger, renewals, top_up_run
from billing.checkout import TooLittleForCard, UnevenForCard, wallet_share
from billing.credit_amounts import amounts_in
from billing.discounts import quote
from billing.foretelling import foresee
from billing.forms import AmountForm
from billing.gateways.stripe_money import check_chargeable
from billing.ledger import InsufficientBalance
from billing.models import Order, Subscription
from billing.reminders import send_reminders
from billing.timeline import timeline
from billing.top_up_forms import LowBalanceForm
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, buy, fund
from tests.fakes.gateway import FakeGateway

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_are_right")]

DAY = timedelta(days=1)
LEAST = 50
BALANCE = 1480


def usd(minor):
    return Money(minor, "USD")


@pytest.mark.parametrize(
    ("balance", "price", "share"),
    [
        (0, 1490, 0),
        (1000, 1490, 1000),
        (1440, 1490, 1440),
        (1441, 1490, 1440),
        (1489, 1490, 1440),
        (1490, 1490, 1490),
        (9999, 1490, 1490),
        (49, 50, 0),
        (49, 49, 49),
        (0, 0, 0),
    ],
)
def test_the_balance_leaves_the_card_the_least_it_is_charged(balance, price, share):
    assert wallet_share(balance=usd(balance), price=usd(price), rest_is_charged=True) == usd(share)


@pytest.mark.parametrize(
    ("currency", "balance", "price", "share"),
    [
        ("KWD", 3333, 5000, 3330),
        ("KWD", 3330, 5000, 3330),
        ("KWD", 9, 5000, 0),
        ("KWD", 4999, 5000, 4950),
        ("KWD", 5000, 5000, 5000),
        ("KWD", 7, 4995, 5),
        ("ISK", 12345, 150000, 12300),
        ("ISK", 149999, 150000, 149900),
        ("UGX", 99, 500000, 0),
        ("BHD", 1001, 2000, 1000),
    ],
)
def test_the_balance_leaves_the_card_whole_steps(currency, balance, price, share):
    given = {"balance": Money(balance, currency), "price": Money(price, currency)}

    assert wallet_share(**given, rest_is_charged=True) == Money(share, currency)


@given(
    currency=st.sampled_from(["USD", "JPY", "KWD", "OMR", "ISK", "UGX", "TWD"]),
    balance=st.integers(0, 10**6),
    price=st.integers(0, 10**6),
)
def test_whatever_the_balance_the_card_can_be_charged_the_rest(currency, balance, price):
    money, whole = Money(balance, currency), Money(price, currency)
    try:
        share = wallet_share(balance=money, price=whole, rest_is_charged=True)
    except TooLittleForCard:
        cannot = whole < gateways.smallest_charge(currency) or (whole - money).in_whole_steps() > whole
        assert cannot
        return
    assert Money.zero(currency) <= share <= min(money, whole)
    assert share == whole or gateways.is_chargeable(whole - share)


def test_a_price_that_is_no_whole_step_needs_the_balance():
    price = Money(4995, "KWD")

    assert not gateways.is_chargeable(price)
    with pytest.raises(UnevenForCard):
        wallet_share(balance=Money(4, "KWD"), price=price, rest_is_charged=True)


class InSteps(FakeGateway):
    """Refuses what Stripe refuses."""

    def prepare(self, charge):
        check_chargeable(charge.money)
        return super().prepare(charge)


@pytest.fixture
def in_dinars(line):
    """Auto-renewal for 5 dinars, balance first: 3.333 of them are there."""
    line.owner.currency = "KWD"
    line.owner.save()
    plan = make.make_plan(prices={"KWD": 5000})
    make.make_allowance(line=line, plan=plan, starts_at=NOW - 29 * DAY, ends_at=NOW + DAY)
    fund(line.owner, Money(3333, "KWD"))
    fields = {"currency": "KWD", "consent_amount": 5000, "pay_from": "wallet_then_method"}
    return make.make_subscription(line=line, plan=plan, anchor_at=NOW - 29 * DAY, **fields)


def test_a_renewal_in_steps_is_told_and_charged_alike(in_dinars, line, carrier):
    send_reminders(now=NOW - DAY)
    notice = Notification.objects.get(kind="charge_notice")
    assert (notice.context["share"]["minor"], notice.context["rest"]["minor"]) == (3330, 1670)
    deliver_due(now=NOW)
    look = timeline(line=line, now=NOW).decisive
    assert (look.wallet_part, look.card_part) == (Money(3330, "KWD"), Money(1670, "KWD"))

    gateway = InSteps()
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)

    order = Order.objects.get()
    assert (order.state, order.wallet_part, order.to_charge) == ("fulfilled", Money(3330, "KWD"), Money(1670, "KWD"))
    assert ledger.wallet_balance(line.owner, "KWD") == Money(3, "KWD")


@pytest.mark.usefixtures("at_now")
def test_the_page_shows_the_split_in_steps(in_dinars, as_subscriber, check_page):
    shown = as_subscriber.get(check_page(in_dinars.plan)).content.decode()

    assert "Use KWD 3.330 of my balance; the card pays KWD 1.670, in whole steps" in shown


@pytest.mark.parametrize(("amount", "errors"), [("6.010", []), ("6.005", ["Cards are charged in steps of KWD 0.010."])])
def test_money_is_added_in_steps(in_dinars, line, card, amount, errors):
    once = AmountForm({"own_amount": amount}, amounts=amounts_in("KWD"))
    wishes = {"low_mark": "5.005", "amount": amount, "source": card.public_id, "max_times": "1"}
    by_itself = LowBalanceForm(wishes, owner=line.owner, now=NOW)

    assert once.errors.get("own_amount", []) == errors
    assert by_itself.errors.get("amount", []) == errors


def test_what_neither_can_pay_is_refused():
    with pytest.raises(TooLittleForCard):
        wallet_share(balance=usd(48), price=usd(49), rest_is_charged=True)
    with pytest.raises(InsufficientBalance):
        wallet_share(balance=usd(1489), price=usd(1490), rest_is_charged=False)


def test_the_operator_may_know_of_a_higher_one_and_none_is_lower_than_the_gateways(settings):
    settings.PORTAL_SMALLEST_CARD_PAYMENTS = {"USD": usd(60), "EUR": Money(10, "EUR")}

    assert [gateways.smallest_charge(one) for one in ("USD", "EUR")] == [usd(60), Money(50, "EUR")]


def by_click(line, plan):
    buy(line, plan, use_wallet=True)


def into_the_queue(line, plan, running):
    buy(line, plan, use_wallet=True, is_queued=True)


def with_a_coupon(line, plan):
    make.make_coupon(code="AUTUMN10")
    reduced = quote(user=line.owner, plan=plan, price=usd(1656), code="AUTUMN10", ip=None, now=NOW)
    assert reduced.price == usd(1490), "ten percent less, parts of a cent for the buyer"
    buy(line, plan, use_wallet=True, price=reduced.price, quote=reduced)


def by_itself(line, plan, gateway, carrier, subscription):
    Subscription.objects.update(pay_from="wallet_then_method")
    [look] = foresee(Subscription.objects.select_related("line__owner", "plan", "method"), now=NOW)
    assert (look.wallet_part, look.card_part) == (usd(1440), usd(LEAST)), "told as it is done"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)


def as_data_runs_low(line, gateway, carrier, running):
    pack = make.make_data_pack(prices={"USD": 1490})
    make.make_top_up_rule(line=line, plan=pack, pay_from="wallet_then_method", consent_amount=1490, max_amount=9000)
    type(running).objects.update(used_bytes=running.data_bytes)
    top_up_run.top_up_low(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)


@pytest.mark.parametrize("buying", [by_click, with_a_coupon, into_the_queue, by_itself, as_data_runs_low])
def test_all_ways_of_buying_split_alike(buying, request, line, plan, gateway, carrier):
    fund(line.owner, usd(BALANCE))
    named = buying.__code__.co_varnames[: buying.__code__.co_argcount]
    world = {name: request.getfixturevalue(name) for name in named}

    buying(**world)

    order = Order.objects.get()
    assert (order.wallet_part, order.to_charge) == (usd(1440), usd(LEAST))
    assert order.charges.get().money == usd(LEAST)
    assert ledger.wallet_balance(line.owner, "USD") == usd(BALANCE - 1440)


@pytest.mark.parametrize(
    ("price", "pays", "share"), [(1490, "both", 1440), (49, "balance", 49)], ids=["split", "nothing for a card"]
)
def test_the_notice_before_a_charge_says_the_real_split(line, price, pays, share):
    plan = make.make_plan(prices={"USD": price})
    make.make_allowance(line=line, plan=plan, starts_at=NOW - 23 * DAY, ends_at=NOW + 7 * DAY)
    make.make_subscription(
        line=line,
        plan=plan,
        anchor_at=NOW - 23 * DAY,
        charge_due_at=NOW + 6 * DAY,
        consent_amount=price,
        pay_from="wallet_then_method",
    )
    fund(line.owner, usd(price - 1))

    send_reminders(now=NOW)

    told = Notification.objects.get(kind="charge_notice").context
    rest = {"minor": price - share, "currency": "USD"} if price > share else None
    assert (told["pays"], told["share"]["minor"], told.get("rest")) == (pays, share, rest)


@pytest.fixture
def cheap():
    return make.make_plan(prices={"USD": 49})


@pytest.mark.parametrize("use_wallet", [True, False])
def test_what_a_card_cannot_pay_is_not_ordered(line, cheap, use_wallet):
    fund(line.owner, usd(48))

    with pytest.raises(TooLittleForCard):
        buy(line, cheap, price=usd(49), use_wallet=use_wallet)

    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("pay_from", "reason"), [("method", "too_little_for_card"), ("wallet_then_method", "balance_too_low")]
)
def test_auto_renewal_says_why_it_could_not_charge_so_little(line, cheap, gateway, carrier, pay_from, reason):
    make.make_allowance(line=line, plan=cheap, ends_at=NOW)
    subscription = make.make_subscription(
        line=line, plan=cheap, pay_from=pay_from, charge_due_at=NOW, consent_amount=49, anchor_at=NOW
    )
    [look] = foresee(Subscription.objects.select_related("line__owner", "plan", "method"), now=NOW)

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)

    subscription.refresh_from_db()
    assert (subscription.reason, look.is_covered, gateway.calls) == (f"declined:{reason}", False, [])
    assert not Order.objects.exists()


@pytest.fixture
def check_page(line, at_now):
    return lambda plan: reverse("billing:renew", args=[line.public_id]) + f"?plan={plan.public_id}"


def test_the_page_shows_the_real_split_before_payment(as_subscriber, line, plan, check_page):
    fund(line.owner, usd(BALANCE))

    shown = as_subscriber.get(check_page(plan)).content.decode()
    sent = {"form_key": str(uuid4()), "price_seen": "USD:1490", "pay_with": "new", "use_balance": "on"}
    as_subscriber.post(check_page(plan), sent)

    assert "Use US$14.40 of my balance; the card pays US$0.50, the least that a card can be charged" in shown
    assert Order.objects.get().to_charge == usd(LEAST)


def test_a_balance_that_leaves_enough_is_used_up(as_subscriber, line, plan, check_page):
    fund(line.owner, usd(1000))

    assert (
        "Use my balance of US$10.00 first; the card pays US$4.90"
        in as_subscriber.get(check_page(plan)).content.decode()
    )


def test_what_nothing_can_pay_leads_to_adding_money(as_subscriber, line, cheap, check_page):
    fund(line.owner, usd(20))

    shown = as_subscriber.get(check_page(cheap)).content.decode()
    sent = {"form_key": str(uuid4()), "price_seen": "USD:49", "pay_with": "new"}
    refused = as_subscriber.post(check_page(cheap), sent)
    asked = as_subscriber.post(check_page(cheap), sent | {"ask_somebody": "1"})

    assert "charged less than US$0.50, and your balance of US$0.20 does not cover it" in shown
    assert reverse("billing:add_money") in shown
    assert "Ask somebody else" not in shown
    assert 'name="pay_with"' not in shown
    assert [refused.status_code, asked.status_code] == [422, 422]
    assert not Order.objects.exists()


def test_what_the_balance_covers_is_paid_from_it(as_subscriber, line, cheap, check_page):
    fund(line.owner, usd(49))

    shown = as_subscriber.get(check_page(cheap)).content.decode()

    assert shown.count('name="pay_with"') == 1
    assert "Your balance pays this" in shown


@pytest.mark.usefixtures("at_now")
def test_nobody_agrees_to_a_renewal_that_no_card_can_pay(proven, line, cheap, card):
    make.make_allowance(line=line, plan=cheap)
    url = reverse("billing:agree", args=[line.public_id])
    wishes = {"plan": cheap.public_id, "mode": "automatic"}

    by_card = proven.get(url, wishes | {"source": card.public_id}, follow=True).text
    by_both = proven.get(url, wishes | {"source": f"balance+{card.public_id}"}, follow=True).text

    assert ["pay for it." in shown for shown in (by_card, by_both)] == [True, False]
    assert "An amount this small can" in by_card
