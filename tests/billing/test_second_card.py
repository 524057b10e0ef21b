"""A second card that the subscriber allowed: tried at once, on the same order, and told of truthfully."""

from datetime import timedelta

import pytest

from accounts.letters import write_email
from accounts.models import Notification
from billing import charges, dunning, methods, orders, renewals
from billing.models import Charge, Order, Subscription
from plans.terms import PlanTerms
from tests import make
from tests.billing.books import paid_order

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
State = Subscription.State


@pytest.fixture
def first(subscriber):
    return make.make_method(owner=subscriber)


@pytest.fixture
def second(subscriber):
    return make.make_method(owner=subscriber, brand="Mastercard", last_four="5454", is_default=False)


@pytest.fixture
def subscription(line, plan, first, second, now):
    make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
    return make.make_subscription(
        line=line, plan=plan, method=first, backup_method=second, anchor_at=now - 29 * DAY, charge_due_at=now
    )


@pytest.fixture
def renew(subscription, gateway, carrier):
    def run(at):
        renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=at)
        renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=at)
        subscription.refresh_from_db()
        return subscription

    return run


@pytest.fixture
def bank_says(gateway, first, second):
    def say(to_first, to_second="paid"):
        gateway.outcomes = {first.reference: to_first, second.reference: to_second}

    return say


def asked_cards():
    return [f"{charge.method.brand} {charge.state}" for charge in Charge.objects.order_by("pk")]


def letter(subscriber):
    notice = Notification.objects.order_by("pk").last()
    return notice.kind, write_email(kind=notice.kind, user=subscriber, context=notice.context).body


@pytest.mark.parametrize("code", ["insufficient_funds", "lost_card", "expired_card"])
def test_the_second_card_pays_at_once_and_the_letter_says_so(renew, bank_says, subscriber, now, code):
    bank_says(code)

    renewed = renew(now)

    kind, body = letter(subscriber)
    assert asked_cards() == ["Visa declined", "Mastercard succeeded"]
    assert Order.objects.get().state == Order.State.FULFILLED
    assert (renewed.state, renewed.declines) == (State.ACTIVE, 0)
    assert (kind, Notification.objects.count()) == ("order_fulfilled", 1)
    assert "Visa 4242 was declined, so Mastercard 5454 paid" in body


def test_both_refuse_and_the_letter_names_both_reasons(renew, bank_says, subscriber, now):
    bank_says("insufficient_funds", "lost_card")

    refused = renew(now)

    kind, body = letter(subscriber)
    assert (refused.state, refused.declines, refused.charge_due_at) == (State.PAST_DUE, 1, now + 6 * HOUR)
    assert (kind, Notification.objects.count()) == ("renewal_declined", 1)
    assert "Visa 4242: Your bank declined the card: not enough funds." in body
    assert "Mastercard 5454: Your bank declined the card." in body


def test_each_rung_begins_with_the_first_card_and_no_lost_card_is_asked_again(renew, bank_says, now):
    bank_says("insufficient_funds", "lost_card")
    for rung in (timedelta(), *dunning.LADDER, 30 * DAY):
        last = renew(now + rung)

    assert asked_cards().count("Mastercard declined") == 1
    assert asked_cards().count("Visa declined") == 1 + len(dunning.LADDER)
    assert last.state == State.PAUSED


def test_a_lost_first_card_leaves_the_ladder_to_the_second(renew, bank_says, now):
    bank_says("lost_card", "insufficient_funds")
    renew(now)
    bank_says("lost_card")

    renew(now + 6 * HOUR)
    renewed = renew(now + 30 * DAY)

    assert asked_cards() == ["Visa declined", "Mastercard declined", "Mastercard succeeded", "Mastercard succeeded"]
    assert renewed.uses_backup, "the next period begins with the card that pays"


def test_after_a_passing_refusal_the_next_period_begins_with_the_first_card(renew, bank_says, now):
    bank_says("insufficient_funds")
    renew(now)
    bank_says("paid")

    renew(now + 30 * DAY)

    assert asked_cards() == ["Visa declined", "Mastercard succeeded", "Visa succeeded"]


@pytest.mark.parametrize(("code", "next_card"), [("insufficient_funds", "Visa"), ("lost_card", "Mastercard")])
def test_bought_by_hand_at_the_second_cards_turn_the_next_period_begins_as_after_it_paid(
    subscription, second, line, plan, renew, bank_says, carrier, now, code, next_card
):
    Subscription.objects.update(backup_method=None)
    bank_says(code)
    renew(now)
    Subscription.objects.update(backup_method=second, uses_backup=True, state=State.PAST_DUE)
    bank_says("paid")

    orders.fulfil(order_id=paid_order(line, plan).pk, carrier=carrier, now=now)
    Subscription.objects.update(state=State.ACTIVE)
    renew(now + 30 * DAY)

    assert asked_cards() == ["Visa declined", f"{next_card} succeeded"]


def test_two_lost_cards_pause_it(renew, bank_says, now):
    bank_says("lost_card", "stolen_card")

    paused = renew(now)
    renew(now + DAY)

    assert paused.state == State.PAUSED
    assert len(asked_cards()) == 2


def test_an_answer_that_got_lost_is_waited_for_not_paid_twice(renew, gateway, first, now):
    gateway.losing = {"charge_saved"}

    renew(now)

    assert asked_cards() == ["Visa unknown"]


def test_a_payment_that_waits_for_its_payer_stays_the_only_open_one(renew, bank_says, now):
    bank_says("needs_action")

    refused = renew(now)

    assert asked_cards() == ["Visa needs_action"]
    assert refused.reason == "declined:authentication_required"


def test_a_crash_between_the_cards_counts_no_refusal_twice(subscription, renew, bank_says, gateway, carrier, now):
    bank_says("insufficient_funds")
    renewals.claim(Subscription.objects.due(now), now=now, limit=1)
    Subscription.objects.update(lease_until=now)
    order = make.make_order(
        owner=subscription.line.owner,
        line=subscription.line,
        plan=subscription.plan,
        subscription=subscription,
        period_index=1,
        expires_at=now + 8 * DAY,
        plan_terms=PlanTerms.of(subscription.plan).to_json(),
    )
    make.make_charge(
        order=order,
        method=subscription.method,
        state=Charge.State.DECLINED,
        settled_at=None,
        decline_code="insufficient_funds",
        created_at=now,
    )
    Subscription.objects.update(uses_backup=True, reason="declined:insufficient_funds")

    renewed = renew(now)

    assert asked_cards() == ["Visa declined", "Mastercard succeeded"]
    assert (renewed.state, renewed.declines) == (State.ACTIVE, 0)


def test_a_second_card_that_was_removed_is_not_asked(renew, bank_says, second, now):
    bank_says("insufficient_funds")
    methods.retire(method=second, now=now)

    refused = renew(now)

    assert asked_cards() == ["Visa declined"]
    assert refused.declines == 1


def test_a_second_card_that_wants_its_owner_does_not_keep_the_first_from_its_ladder(renew, bank_says, gateway, now):
    bank_says("insufficient_funds", "needs_action")
    renew(now)
    renew(now)
    bank_says("paid", "needs_action")

    renewed = renew(now + dunning.LADDER[0])

    assert asked_cards() == ["Visa declined", "Mastercard abandoned", "Visa succeeded"]
    assert (renewed.state, len(gateway.taken)) == ("active", 1)


def test_where_a_gateway_closes_no_attempt_the_first_card_waits_and_loses_no_rung(renew, bank_says, gateway, now):
    bank_says("insufficient_funds", "needs_action")
    renew(now)
    declines = renew(now).declines
    bank_says("paid", "needs_action")
    gateway.down = {"close_page", "look_up"}

    assert renew(now + dunning.LADDER[0]).declines == declines
    gateway.down = set()
    renewed = renew(now + dunning.LADDER[0] + timedelta(minutes=5))

    assert (renewed.state, len(gateway.taken)) == ("active", 1)


def test_an_own_card_left_at_its_banks_page_does_not_end_the_ladder(renew, bank_says, gateway, subscriber, now):
    bank_says("insufficient_funds", "insufficient_funds")
    renew(now)
    at = renew(now).charge_due_at - timedelta(minutes=10)
    own = make.make_method(owner=subscriber, brand="Amex", last_four="9999", is_default=False)
    gateway.outcomes[own.reference] = "needs_action"
    charge = charges.start_charge(order=Order.objects.get(), gateway_name=gateway.name, method=own, now=at)
    charges.charge_saved(charge=charge, gateway=gateway, now=at)
    bank_says("paid")

    renewed = renew(at + timedelta(minutes=10))

    assert (renewed.state, len(gateway.taken)) == ("active", 1)
