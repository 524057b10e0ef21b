"""What follows a declined renewal."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.letters import write_email
from accounts.models import Notification
from billing import agreements, card_consent, dunning, ledger, orders, paying, renewals
from billing.charges import settle, start_charge
from billing.expiry import cancel_order, expire_unpaid_orders
from billing.gateways.base import KeptCard
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Subscription
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund, paid_order, pay
from tests.fakes.gateway import FakeGateway

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def declined(subscription, gateway, carrier, now):
    """A renewal that the bank has just declined for want of funds."""
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    subscription.refresh_from_db()
    return subscription


@pytest.fixture
def retry(gateway, carrier):
    return lambda at: renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=at)


def test_a_declined_renewal_is_told_at_once_and_put_on_the_ladder(declined, now):
    notice = Notification.objects.get()

    assert (declined.state, declined.declines) == (Subscription.State.PAST_DUE, 1)
    assert declined.charge_due_at == now + 6 * HOUR
    assert (notice.kind, notice.context["code"]) == ("renewal_declined", "insufficient_funds")


def test_the_ladder_is_climbed_once_a_rung_and_ends_in_a_pause(declined, retry, now):
    attempts = [now + rung for rung in dunning.LADDER]

    for at in attempts:
        retry(at - timedelta(seconds=1))
        retry(at)
        retry(at)

    declined.refresh_from_db()
    assert Charge.objects.filter(state=Charge.State.DECLINED).count() == 1 + len(dunning.LADDER)
    assert Order.objects.count() == 1
    assert declined.state == Subscription.State.PAUSED
    assert Notification.objects.count() == 2, "told at the first refusal and at the last"


def climb(retry, now):
    """Be refused on each rung of the ladder; return when the last one was."""
    for rung in dunning.LADDER:
        retry(now + rung)
    return now + dunning.LADDER[-1]


def end_unpaid(gateway, at):
    return expire_unpaid_orders(gateways={gateway.name: gateway}, now=at)


def test_an_order_ends_with_its_ladder(declined, retry, gateway, now):
    before = end_unpaid(gateway, now + dunning.LADDER[-2])
    at = climb(retry, now)

    ended = end_unpaid(gateway, at)

    letter = Notification.objects.latest("pk").context
    assert (before, ended, Order.objects.get().state) == (0, 1, Order.State.EXPIRED)
    assert letter["order_id"] == "", "what can't be paid any more is not offered to be paid"
    assert broken_invariants(now=at).keys() <= {"I9"}, "only letters have not left"


def test_who_is_paying_it_when_the_ladder_ends_may_finish(declined, retry, gateway, now):
    for rung in dunning.LADDER[:-1]:
        retry(now + rung)
    at = now + dunning.LADDER[-1]
    declined.refresh_from_db()
    order = Order.objects.get()
    page = start_charge(order=order, gateway_name=gateway.name, now=at)

    dunning.give_up(order, now=at)

    assert end_unpaid(gateway, at) == 0
    pay(page, gateway=gateway, now=at + HOUR / 2)
    assert Order.objects.get().state == Order.State.PAID


def test_money_that_comes_when_it_is_given_up_is_balance(declined, retry, gateway, subscriber, now):
    at = climb(retry, now)
    last = Charge.objects.latest("pk")
    end_unpaid(gateway, at)

    gateway.bank_says(last.gateway_payment_id, "paid")
    settle(charge_id=last.pk, result=gateway.look_up(payment_id=last.gateway_payment_id, key=""), now=at + DAY)

    assert Order.objects.get().state == Order.State.EXPIRED
    assert ledger.wallet_balance(subscriber, "USD") == last.money
    assert broken_invariants(now=at).keys() <= {"I9"}, "only letters have not left"


def test_what_only_the_subscriber_can_mend_stays_payable(subscription, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "lost_card"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    ended = end_unpaid(gateway, now + 6 * DAY)

    assert (ended, Notification.objects.get().context["order_id"]) == (0, Order.objects.get().public_id)


def test_a_scheduler_that_was_off_takes_one_rung_not_all(declined, retry, gateway, now):
    retry(now + 4 * DAY)

    declined.refresh_from_db()
    assert declined.declines == 2
    assert declined.charge_due_at == now + 4 * DAY + 18 * HOUR


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "expired_card", "authentication_required"])
def test_what_time_will_not_heal_is_never_tried_again(subscription, retry, gateway, carrier, now, code):
    gateway.outcomes[subscription.method.reference] = code
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    for days in range(1, 30):
        retry(now + days * DAY)
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now + days * DAY)

    subscription.refresh_from_db()
    assert gateway.calls.count("charge_saved") == 1
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, f"declined:{code}")
    assert Notification.objects.get().kind == "renewal_declined"


def test_a_payment_that_needs_confirming_waits_for_its_payer(subscription, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "needs_action"

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    subscription.refresh_from_db()
    assert subscription.reason == "declined:authentication_required"
    assert Charge.objects.get().state == Charge.State.NEEDS_ACTION


def test_a_card_that_pays_again_ends_the_ladder(declined, retry, gateway, now):
    gateway.outcomes.clear()

    retry(now + 6 * HOUR)

    declined.refresh_from_db()
    assert len(gateway.taken) == 1
    assert Order.objects.get().state == Order.State.FULFILLED
    assert (declined.state, declined.declines, declined.reason) == (Subscription.State.ACTIVE, 0, "renewed")
    assert declined.charge_due_at == now + 30 * DAY


def test_a_renewal_by_hand_ends_the_ladder(declined, line, plan, retry, gateway, carrier, now):
    by_hand = paid_order(line, plan, now=now + HOUR)
    orders.fulfil(order_id=by_hand.pk, carrier=carrier, now=now + HOUR)
    declined.refresh_from_db()

    retry(now + 6 * HOUR)

    assert (declined.state, declined.declines) == (Subscription.State.ACTIVE, 0)
    assert declined.charge_due_at == now + 30 * DAY
    assert gateway.taken == []


def test_a_renewal_by_hand_does_not_revive_a_lost_card(subscription, line, plan, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "lost_card"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    by_hand = paid_order(line, plan, now=now + HOUR)
    orders.fulfil(order_id=by_hand.pk, carrier=carrier, now=now + HOUR)

    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.PAUSED


def test_one_line_in_arrears_does_not_block_another(declined, subscriber, plan, gateway, carrier, now):
    other = make.make_line(owner=subscriber)
    make.make_profile(line=other)
    make.make_allowance(line=other, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
    make.make_subscription(line=other, plan=plan, anchor_at=now - 29 * DAY, charge_due_at=now)

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    assert len(gateway.taken) == 1


def test_a_page_that_the_subscriber_is_opening_is_not_taken_for_our_attempt(declined, retry, gateway, now):
    order = declined.orders.get()
    start_charge(order=order, gateway_name=gateway.name, now=now + 6 * HOUR)

    retry(now + 6 * HOUR)

    declined.refresh_from_db()
    assert order.charges.latest("pk").state == Charge.State.CREATED
    assert (declined.state, declined.declines) == (Subscription.State.IN_FLIGHT, 1)


def test_a_no_to_the_payers_own_try_is_no_rung_of_the_ladder(declined, retry, gateway, carrier, now):
    rung = now + 6 * HOUR
    page = start_charge(order=declined.orders.get(), gateway_name=gateway.name, now=rung - HOUR / 6)
    retry(rung)
    gateway.outcomes.clear()
    pay(page, gateway=gateway, answer="lost_card", now=rung + HOUR / 60)

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=rung + HOUR)
    retry(rung + HOUR)

    declined.refresh_from_db()
    assert (declined.state, len(gateway.taken)) == (Subscription.State.ACTIVE, 1)
    assert Notification.objects.filter(kind="renewal_declined").count() == 1


def cancel(order, gateway, now):
    return cancel_order(order=order, gateways={gateway.name: gateway}, now=now)


def test_cancelling_a_declined_renewal_ends_the_ladder_and_places_nothing_anew(declined, retry, gateway, carrier, now):
    cancel(Order.objects.get(), gateway, now)

    for days in range(1, 10):
        retry(now + days * DAY)
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now + days * DAY)

    declined.refresh_from_db()
    assert (declined.state, declined.reason) == (Subscription.State.PAUSED, "skipped")
    assert [order.state for order in Order.objects.all()] == [Order.State.CANCELLED]
    assert gateway.calls.count("charge_saved") == 1


def test_auto_renewal_goes_on_when_the_cancelled_period_is_bought_by_hand(declined, line, plan, gateway, carrier, now):
    cancel(Order.objects.get(), gateway, now)
    order = paid_order(line, plan)
    orders.fulfil(order_id=order.pk, carrier=carrier, now=now)

    declined.refresh_from_db()
    due = declined.charge_due_at
    gateway.outcomes.clear()
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=due)

    assert (declined.state, declined.reason) == (Subscription.State.ACTIVE, "")
    assert due == now + 30 * DAY
    assert Order.objects.latest("pk").state == Order.State.FULFILLED


@pytest.fixture
def half_declined(subscription, gateway, carrier, now):
    """A renewal of which the balance was to pay US$4.00, and whose card has just refused the rest."""
    fund(subscription.line.owner, Money(400, "USD"))
    Subscription.objects.update(pay_from="wallet_then_method")
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    subscription.refresh_from_db()
    return subscription


def turned_off(declined, carrier, now):
    agreements.turn_off(subscription=declined, actor=declined.line.owner, ip=None, now=now)


def renewed_by_hand(declined, carrier, now):
    order = paid_order(declined.line, declined.plan, now=now)
    orders.fulfil(order_id=order.pk, carrier=carrier, now=now)


@pytest.mark.parametrize("ended_by", [turned_off, renewed_by_hand])
def test_the_share_of_the_balance_is_free_again_once_nothing_more_is_tried(
    half_declined, gateway, carrier, now, ended_by
):
    owner, refused = half_declined.line.owner, Order.objects.get()
    assert ledger.wallet_balance(owner, "USD") == Money(0, "USD")

    ended_by(half_declined, carrier, now + HOUR)
    expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + HOUR)

    refused.refresh_from_db()
    assert (refused.state, ledger.wallet_balance(owner, "USD")) == (Order.State.EXPIRED, Money(400, "USD"))
    assert broken_invariants(now=now) == {}


def test_refused_when_it_was_turned_off_meanwhile_nothing_is_tried_or_told(subscription, carrier, now):
    class TurnsOff(FakeGateway):
        def charge_saved(self, charge):
            turned_off(Subscription.objects.get(), carrier, now)
            return super().charge_saved(charge)

    gateway, second = TurnsOff(), make.make_method(owner=subscription.line.owner, is_default=False)
    Subscription.objects.update(backup_method=second, pay_from="wallet_then_method")
    fund(subscription.line.owner, Money(400, "USD"))
    gateway.outcomes[subscription.method.reference] = "insufficient_funds"

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    expire_unpaid_orders(gateways={gateway.name: gateway}, now=now)

    assert (gateway.taken, Order.objects.get().state) == ([], Order.State.EXPIRED)
    assert not Notification.objects.filter(kind="renewal_declined").exists()
    assert ledger.wallet_balance(subscription.line.owner, "USD") == Money(400, "USD")


@pytest.mark.parametrize("ended_by", [turned_off, renewed_by_hand])
def test_control_what_somebody_is_paying_stays_for_them(half_declined, gateway, carrier, now, ended_by):
    start_charge(order=Order.objects.get(), gateway_name=gateway.name, now=now)
    Charge.objects.filter(state="created").update(gateway_payment_id="elsewhere", state="pending")
    refused = Order.objects.get()

    ended_by(half_declined, carrier, now + HOUR)

    refused.refresh_from_db()
    assert refused.expires_at > now + DAY


def buy_pack(line, pack, *, carrier, now):
    order = paid_order(line, pack, kind=Order.Kind.TOP_UP, price=Money(600, "USD"), now=now)
    return orders.fulfil(order_id=order.pk, carrier=carrier, now=now)


def test_a_data_pack_does_not_bring_a_cancelled_renewal_back(declined, line, pack, gateway, carrier, now):
    cancel(Order.objects.get(), gateway, now)
    gateway.outcomes.clear()

    buy_pack(line, pack, carrier=carrier, now=now + HOUR)
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now + 2 * HOUR)

    declined.refresh_from_db()
    assert (declined.state, declined.reason) == (Subscription.State.PAUSED, "skipped")
    assert gateway.taken == []


def test_data_packs_leave_a_declined_renewal_on_its_rung(declined, line, pack, gateway, carrier, retry, now):
    for hours in (1, 2):
        buy_pack(line, pack, carrier=carrier, now=now + hours * HOUR)
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now + hours * HOUR)
        retry(now + hours * HOUR)

    declined.refresh_from_db()
    assert (declined.state, declined.declines) == (Subscription.State.PAST_DUE, 1)
    assert declined.charge_due_at == now + 6 * HOUR
    assert gateway.calls.count("charge_saved") == 1


@pytest.mark.parametrize(("days", "told_before"), [(1, 22 * HOUR), (3, 2 * DAY)])
def test_a_short_plan_bought_by_hand_brings_auto_renewal_back_with_time_to_tell(
    declined, line, gateway, carrier, now, days, told_before
):
    """The next charge would be due a day before the end: of a plan of one day, at once."""
    cancel(Order.objects.get(), gateway, now)
    gateway.outcomes.clear()
    later = now + 10 * DAY
    short = make.make_plan(period_count=days)

    order = paid_order(line, short, now=later)
    orders.fulfil(order_id=order.pk, carrier=carrier, now=later)
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=later + timedelta(minutes=1))

    declined.refresh_from_db()
    assert gateway.taken == []
    assert (declined.state, declined.charge_due_at) == (Subscription.State.ACTIVE, later + told_before)


def test_a_renewal_that_waits_for_its_payer_can_be_cancelled_too(subscription, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "needs_action"
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    cancel(Order.objects.get(), gateway, now)

    subscription.refresh_from_db()
    assert Order.objects.get().state == Order.State.CANCELLED
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, "skipped")


def test_a_renewal_being_charged_this_moment_is_not_cancelled(declined, gateway, now):
    renewals.claim(Subscription.objects.to_retry(now + 6 * HOUR), now=now + 6 * HOUR, limit=1)

    assert cancel(Order.objects.get(), gateway, now + 6 * HOUR).state == Order.State.PENDING


def test_cancelling_an_order_of_ones_own_leaves_auto_renewal_alone(subscription, line, plan, gateway, now):
    cancel(buy(line, plan), gateway, now)

    subscription.refresh_from_db()
    assert subscription.state == Subscription.State.ACTIVE


def test_a_pause_of_support_is_not_lifted_by_cancelling(declined, gateway, now):
    Subscription.objects.update(state=Subscription.State.PAUSED, reason="Asked by phone")

    cancel(Order.objects.get(), gateway, now)

    declined.refresh_from_db()
    assert declined.reason == "Asked by phone"


def test_turned_off_it_stays_off_when_its_order_is_cancelled(declined, gateway, now):
    Subscription.objects.update(mode=Subscription.Mode.OFF)

    cancel(Order.objects.get(), gateway, now)

    declined.refresh_from_db()
    assert (declined.mode, Order.objects.get().state) == (Subscription.Mode.OFF, Order.State.CANCELLED)


def test_cancelling_says_what_auto_renewal_does_then(as_subscriber, declined, line, now):
    order = Order.objects.get()
    url = reverse("billing:cancel", args=[order.public_id])

    asked = as_subscriber.get(url).content.decode()
    as_subscriber.post(url)
    shown = as_subscriber.get(reverse("billing:auto_renewal", args=[line.public_id])).content.decode()

    assert "Auto-renewal does not try this payment again." in asked
    assert "You cancelled the last renewal." in shown


def test_the_mail_leads_to_where_the_payment_is_confirmed(as_subscriber, subscription, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "needs_action"
    gateway.confirm_url = ""
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    notice, order = Notification.objects.get(), Order.objects.get()
    letter = write_email(kind=notice.kind, user=notice.user, context=notice.context)
    address = reverse("billing:order", args=[order.public_id])
    shown = as_subscriber.get(address).text

    assert f"Confirm the payment with your bank here: http://localhost:8000{address}" in letter.body
    assert reverse("billing:confirm", args=[order.public_id]) in shown


def test_a_confirmed_renewal_is_paid_once_and_auto_renewal_goes_on(subscription, gateway, carrier, now):
    gateway.outcomes[subscription.method.reference] = "needs_action"
    gateway.confirm_url = ""
    gateways = {gateway.name: gateway}
    renewals.renew_due(gateways=gateways, carrier=carrier, now=now)
    order = Order.objects.get()

    consent = card_consent.given(ip=None, now=now)
    paying.confirm_with_bank(order=order, card_consent=consent, gateway=gateway, gateways=gateways, now=now)
    paying.page_of(order=order, gateways=gateways, return_url="/", locale="en", now=now)
    page = order.charges.latest("pk")
    old = subscription.method
    again = KeptCard(
        reference="card_again",
        customer=old.owner.public_id,
        brand=old.brand,
        last_four=old.last_four,
        expires_month=old.expires_month,
        expires_year=old.expires_year,
    )
    gateway.bank_says(page.gateway_payment_id, "paid", card=again)
    settle(charge_id=page.pk, result=gateway.payments[page.gateway_payment_id], now=now)
    orders.fulfil(order_id=order.pk, carrier=carrier, now=now)
    subscription.refresh_from_db()
    renewals.renew_due(gateways=gateways, carrier=carrier, now=subscription.charge_due_at)

    subscription.refresh_from_db()
    assert len(gateway.taken) == 2, "the confirmed one and the next by itself"
    assert subscription.method.reference == "card_again", "confirmed, it pays without its owner"
    assert (subscription.state, subscription.reason) == (Subscription.State.ACTIVE, "renewed")


def test_a_refused_order_that_is_paid_late_gives_the_period_it_sold(declined, gateway, carrier, now):
    order, year = Order.objects.get(), make.make_plan(period_unit="year", period_count=1, prices={"USD": 10000})
    page = start_charge(order=order, gateway_name=gateway.name, now=now)
    Subscription.objects.update(plan=year, anchor_at=now + DAY, anchor_index=2, period_index=2)

    pay(page, gateway=gateway, now=now)
    orders.fulfil(order_id=order.pk, carrier=carrier, now=now)

    order.refresh_from_db()
    assert (order.starts_at, order.ends_at) == (now + DAY, now + 31 * DAY)
