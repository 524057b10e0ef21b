from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from billing import ledger
from billing.models import Order
from billing.orders import fulfil, fulfil_due
from esim.models import Allowance, Line
from portal.lib.money import Money
from tests import make
from tests.billing.books import PRICE, buy, kinds, paid_order

pytestmark = pytest.mark.django_db


def test_a_paid_renewal_reaches_the_network_and_the_line(line, plan, carrier, subscriber, now):
    order = paid_order(line, plan)

    done = fulfil(order_id=order.pk, carrier=carrier, now=now)

    allowance = Allowance.objects.get(granted_for=order.public_id)
    assert (done.state, done.accepted_at, done.sent_at, done.confirmed_at) == ("fulfilled", now, now, now)
    assert (allowance.line, allowance.starts_at, allowance.ends_at) == (line, now, now + timedelta(days=30))
    assert carrier.grants[order.public_id]["ends_at"] == allowance.ends_at
    assert subscriber.notifications.filter(kind="order_fulfilled").count() == 1


def test_fulfilling_twice_grants_once(line, plan, carrier, subscriber, now):
    order = paid_order(line, plan)

    fulfil(order_id=order.pk, carrier=carrier, now=now)
    fulfil(order_id=order.pk, carrier=carrier, now=now + timedelta(hours=1))

    assert Allowance.objects.count() == 1
    assert len(carrier.asked) == 1
    assert subscriber.notifications.count() == 1


def test_an_unpaid_order_is_not_delivered(line, plan, carrier, now):
    order = buy(line, plan)

    assert fulfil(order_id=order.pk, carrier=carrier, now=now).state == "pending"
    assert carrier.grants == {}


def test_renewing_early_goes_on_from_the_current_end(line, plan, carrier, now):
    running = make.make_allowance(line=line, plan=plan)

    fulfil(order_id=paid_order(line, plan).pk, carrier=carrier, now=now)

    renewal = Allowance.objects.latest("pk")
    assert (renewal.starts_at, renewal.ends_at) == (running.ends_at, running.ends_at + timedelta(days=30))


def test_two_renewals_follow_each_other(line, plan, carrier, now):
    first, second = paid_order(line, plan), paid_order(line, plan)

    assert fulfil_due(carrier=carrier, now=now) == 2

    ends = Allowance.objects.get(granted_for=first.public_id).ends_at
    assert Allowance.objects.get(granted_for=second.public_id).starts_at == ends


def test_a_second_renewal_waits_while_the_first_is_in_doubt(line, plan, carrier, now):
    first, second = paid_order(line, plan), paid_order(line, plan)
    carrier.losing = {"grant"}
    fulfil(order_id=first.pk, carrier=carrier, now=now)
    carrier.losing = set()

    waiting = fulfil(order_id=second.pk, carrier=carrier, now=now)
    fulfil_due(carrier=carrier, now=now + timedelta(hours=1))
    fulfil_due(carrier=carrier, now=now + timedelta(hours=1))

    assert waiting.state == "paid"
    ends = Allowance.objects.get(granted_for=first.public_id).ends_at
    assert Allowance.objects.get(granted_for=second.public_id).starts_at == ends


def test_an_automatic_renewal_keeps_the_day_of_its_anchor(subscriber, carrier):
    zone_line = make.make_line(owner=subscriber)
    make.make_profile(line=zone_line)
    monthly = make.make_plan(period_unit="month", period_count=1)
    anchor = datetime(2027, 1, 31, 10, tzinfo=UTC)
    end_of_february = datetime(2027, 2, 28, 10, tzinfo=UTC)
    make.make_allowance(line=zone_line, plan=monthly, starts_at=anchor, ends_at=end_of_february)
    agreement = make.make_subscription(line=zone_line, plan=monthly, anchor_at=anchor)
    order = paid_order(zone_line, monthly, now=end_of_february, subscription=agreement, period_index=1)

    fulfil(order_id=order.pk, carrier=carrier, now=end_of_february)

    renewal = Allowance.objects.get(granted_for=order.public_id)
    assert renewal.ends_at == datetime(2027, 3, 31, 10, tzinfo=UTC)


def test_a_new_line_is_opened_with_its_name(line, plan, carrier, subscriber, now):
    order = paid_order(line, plan, kind=Order.Kind.NEW_LINE, line=None, owner=subscriber, nickname="Tablet")

    done = fulfil(order_id=order.pk, carrier=carrier, now=now)

    new_line = Line.objects.get(opened_for=order.public_id)
    assert (done.line, new_line.nickname, new_line.owner) == (new_line, "Tablet", subscriber)
    assert Allowance.objects.get().line == new_line


def test_a_refusal_returns_the_whole_price_to_the_balance(line, plan, carrier, subscriber, now):
    order = paid_order(line, plan)
    carrier.refusing = {"grant": "no_capacity"}

    refused = fulfil(order_id=order.pk, carrier=carrier, now=now)

    assert refused.state == "undeliverable"
    assert "no_capacity" in refused.note
    assert ledger.wallet_balance(subscriber, "USD") == PRICE
    assert kinds(order) == ["reserved", "sold", "returned"]
    assert subscriber.notifications.filter(kind="order_undeliverable").count() == 1
    assert not Allowance.objects.exists()


def test_data_for_a_line_whose_plan_ended_is_returned(line, carrier, subscriber, now):
    pack = make.make_data_pack()
    order = paid_order(line, pack, kind=Order.Kind.TOP_UP)

    assert fulfil(order_id=order.pk, carrier=carrier, now=now).state == "undeliverable"
    assert ledger.wallet_balance(subscriber, "USD") == PRICE


def test_a_lost_answer_is_asked_again_with_the_same_words(line, plan, carrier, now):
    order = paid_order(line, plan)
    carrier.losing = {"grant"}
    in_doubt = fulfil(order_id=order.pk, carrier=carrier, now=now)

    too_early = fulfil_due(carrier=carrier, now=now + timedelta(seconds=30))
    carrier.losing = set()
    done = fulfil_due(carrier=carrier, now=now + timedelta(minutes=2))

    assert (in_doubt.state, too_early, done) == ("fulfilling", 0, 1)
    first, second = carrier.asked
    assert first == second
    assert Allowance.objects.get().starts_at == now


@pytest.mark.parametrize(("first_answer", "revoked"), [("lost", 1), ("never asked", 0)])
def test_what_an_ended_line_may_have_got_is_taken_back(line, plan, carrier, subscriber, now, first_answer, revoked):
    order = paid_order(line, plan)
    if first_answer == "lost":
        carrier.losing = {"grant"}
        fulfil(order_id=order.pk, carrier=carrier, now=now)
    Line.objects.filter(pk=line.pk).update(service_state="terminated")

    ended = fulfil(order_id=order.pk, carrier=carrier, now=now + timedelta(hours=1))

    assert ended.state == Order.State.UNDELIVERABLE
    assert carrier.revoked == [order.public_id] * revoked
    assert ledger.wallet_balance(subscriber, "USD") == PRICE


def test_the_gaps_between_questions_grow(line, plan, carrier, now):
    order = paid_order(line, plan)
    carrier.losing = {"grant"}
    asked_at = []

    moment = now
    for _attempt in range(6):
        asked_at.append(moment)
        fulfil(order_id=order.pk, carrier=carrier, now=moment)
        moment = Order.objects.get(pk=order.pk).lease_until

    gaps = [(later - earlier).total_seconds() / 60 for earlier, later in pairwise(asked_at)]
    assert gaps == [1, 5, 30, 60, 60]


def test_a_worker_that_died_is_replaced_when_its_lease_ends(line, plan, carrier, now):
    order = paid_order(line, plan)
    Order.objects.update(state="fulfilling", lease_until=now + timedelta(minutes=6), fulfil_attempts=1)

    assert fulfil_due(carrier=carrier, now=now) == 0
    assert fulfil_due(carrier=carrier, now=now + timedelta(minutes=7)) == 1
    assert Allowance.objects.get().granted_for == order.public_id


def test_a_worker_whose_lease_ran_out_writes_nothing(line, plan, carrier, subscriber, now):
    order = paid_order(line, plan)

    def another_worker_finishes(_call):
        carrier.before_answer = lambda _call: None
        fulfil(order_id=order.pk, carrier=carrier, now=now + timedelta(hours=1))

    carrier.before_answer = another_worker_finishes
    late = fulfil(order_id=order.pk, carrier=carrier, now=now)

    assert late.state == "fulfilled"
    assert late.confirmed_at == now + timedelta(hours=1)
    assert Allowance.objects.count() == 1
    assert subscriber.notifications.count() == 1


def test_a_refusal_that_comes_too_late_returns_nothing(line, plan, carrier, subscriber, now):
    order = paid_order(line, plan)

    def another_worker_finishes(_call):
        carrier.before_answer = lambda _call: None
        fulfil(order_id=order.pk, carrier=carrier, now=now + timedelta(hours=1))
        carrier.losing = {"grant"}

    carrier.before_answer = another_worker_finishes
    fulfil(order_id=order.pk, carrier=carrier, now=now)

    assert Order.objects.get().state == "fulfilled"
    assert ledger.wallet_balance(subscriber, "USD").minor == 0


def test_one_order_that_fails_does_not_stop_the_others(line, plan, carrier, now, caplog):
    broken, good = paid_order(line, plan), paid_order(make.make_line(owner=line.owner), plan)
    make.make_profile(line=good.line)
    Order.objects.filter(pk=broken.pk).update(plan_terms={"nonsense": True})

    assert fulfil_due(carrier=carrier, now=now) == 1
    assert "could not go on" in caplog.text


MINUTE = timedelta(minutes=1)


@pytest.fixture
def bought_pack(line, plan, pack, now):
    """A data pack, paid two minutes before the running plan ends."""
    make.make_allowance(line=line, plan=plan, starts_at=now - timedelta(days=30), ends_at=now + 2 * MINUTE)
    return paid_order(line, pack, kind=Order.Kind.TOP_UP, price=Money(600, "USD"))


def test_a_data_pack_bought_at_the_very_end_goes_on_with_the_period_that_is_paid(bought_pack, line, plan, carrier, now):
    following = fulfil(order_id=paid_order(line, plan).pk, carrier=carrier, now=now)

    done = fulfil(order_id=bought_pack.pk, carrier=carrier, now=now)

    assert (done.state, done.starts_at, done.ends_at) == ("fulfilled", now, following.ends_at)


def test_a_data_pack_that_comes_before_the_paid_plan_waits_for_it(bought_pack, line, plan, carrier, subscriber, now):
    late = now + 3 * MINUTE
    following = paid_order(line, plan)

    assert fulfil(order_id=bought_pack.pk, carrier=carrier, now=late).state == "fulfilling"
    for minutes in (5, 10):
        fulfil_due(carrier=carrier, now=now + minutes * MINUTE)

    following.refresh_from_db()
    bought_pack.refresh_from_db()
    assert (bought_pack.state, bought_pack.ends_at) == ("fulfilled", following.ends_at)
    assert ledger.wallet_balance(subscriber, "USD").minor == 0


def test_a_data_pack_that_comes_too_late_for_its_plan_goes_back(bought_pack, carrier, subscriber, now):
    done = fulfil(order_id=bought_pack.pk, carrier=carrier, now=now + 3 * MINUTE)

    assert done.state == "undeliverable"
    assert ledger.wallet_balance(subscriber, "USD").minor == 600
