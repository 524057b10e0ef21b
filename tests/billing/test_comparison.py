"""Our books and the gateway's, compared by day and both ways."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import AuditEvent
from billing import charges, refund_requests, refunds
from billing.comparison import compare, days_due
from billing.discrepancies import AGREED, compare_days, resolve
from billing.gateways.base import Movement
from billing.models import Charge, ComparedDay, Discrepancy, LedgerEntry, Order, Refund
from billing.refund_requests import Wish
from portal.lib.money import Money
from tests.billing.books import NOW, PRICE, buy, delivered, kinds

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 21)
AFTER = datetime(2026, 11, 22, 2, 20, tzinfo=UTC)
A_DAY = timedelta(days=1)


def opened(line, plan, gateway, now):
    """Return a charge whose payer is on the page."""
    charge = buy(line, plan, now=now).charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)
    return charge


def paid(line, plan, gateway, now, *, settled_at=None):
    """Return a charge that was paid, and settled unless `settled_at` is never."""
    charge = opened(line, plan, gateway, now)
    gateway.clock = now
    gateway.bank_says(charge.gateway_payment_id, "paid")
    if settled_at != "never":
        result = gateway.look_up(payment_id=charge.gateway_payment_id, key="")
        charges.settle(charge_id=charge.pk, result=result, now=settled_at or now)
    return charge


def found(gateway, now=AFTER, *, day=DAY):
    compare_days(gateway=gateway, days=[day], now=now)
    return list(Discrepancy.objects.filter(resolved_at=None).order_by("pk").values_list("kind", "movement_id"))


def test_books_that_agree_show_nothing(line, plan, gateway, now):
    for minutes in range(3):
        paid(line, plan, gateway, now + timedelta(minutes=minutes))

    assert found(gateway) == []
    assert ComparedDay.objects.get().movements == 3


def test_control_each_of_many_is_missed_on_either_side(line, plan, gateway, now):
    """Take away one movement, and one charge, of twenty: just these are told."""
    made = [paid(line, plan, gateway, now + timedelta(minutes=minutes)) for minutes in range(20)]
    lost_there = gateway.moved.pop(7)
    gateway.payments[lost_there.id] = replace(gateway.payments[lost_there.id], state="pending")
    stranger = Movement(id="fake_stranger", money=Money(500, "EUR"), at=now)
    gateway.moved.append(stranger)

    assert found(gateway) == [("unknown_here", stranger.id), ("unknown_there", made[7].gateway_payment_id)]
    there, here = Discrepancy.objects.order_by("pk")
    assert (there.money, there.known) == (Money(500, "EUR"), "")
    assert (here.money, here.known) == (PRICE, f"We booked it as {made[7].public_id}.")


def test_money_that_carries_our_key_is_settled_before_it_is_reported(line, plan, gateway, now):
    paid(line, plan, gateway, now, settled_at="never")

    assert found(gateway) == []
    assert Order.objects.get().state == "paid"


def test_late_money_for_an_order_that_is_over_becomes_balance(line, plan, gateway, now):
    charge = opened(line, plan, gateway, now)
    Charge.objects.update(state="abandoned", settled_at=now)
    Order.objects.update(state="expired")
    gateway.bank_says(charge.gateway_payment_id, "paid")

    assert found(gateway) == []
    assert kinds(Order.objects.get()) == ["received", "returned"]


def test_money_that_cannot_be_settled_is_reported(line, plan, gateway, now):
    charge = paid(line, plan, gateway, now, settled_at="never")
    gateway.down = {"look_up"}

    assert found(gateway) == [("unknown_here", charge.gateway_payment_id)]
    assert Discrepancy.objects.get().known == f"We know it as {charge.public_id}: USD 14.90, pending."


def test_an_amount_that_differs_is_told_and_not_settled(line, plan, gateway, now):
    charge = opened(line, plan, gateway, now)
    gateway.misreport(charge.gateway_payment_id, Money(1, "USD"))
    gateway.bank_says(charge.gateway_payment_id, "paid")

    assert found(gateway) == [("amount_differs", charge.gateway_payment_id)]
    assert Discrepancy.objects.get().money == Money(1, "USD")
    assert not LedgerEntry.objects.exists()


def test_a_second_payment_under_our_key_is_not_taken_for_the_first(line, plan, gateway, now):
    charge = paid(line, plan, gateway, now)
    gateway.moved.append(Movement(id="fake_again", money=PRICE, at=now, key=charge.public_id))

    assert found(gateway) == [("unknown_here", "fake_again")]
    assert Discrepancy.objects.get().known == f"It carries the key {charge.public_id}."


def test_money_is_known_by_its_own_id_where_its_page_has_another(line, plan, gateway, now):
    charge = paid(line, plan, gateway, now)
    Charge.objects.update(gateway_transaction_id="money_1")
    gateway.moved = [Movement(id="money_1", money=PRICE, at=now)]

    assert found(gateway) == []
    gateway.moved.append(Movement(id="money_2", money=PRICE, at=now, key=charge.public_id))
    assert found(gateway) == [("unknown_here", "money_2")]


def test_what_is_paid_before_midnight_and_booked_after_it_agrees_on_both_days(line, plan, gateway, now):
    last_second = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
    paid(line, plan, gateway, last_second, settled_at=last_second + timedelta(seconds=7))

    assert found(gateway) == []
    assert found(gateway, AFTER + A_DAY, day=DAY + A_DAY) == []
    assert [day.movements for day in ComparedDay.objects.order_by("day")] == [1, 0]


def test_what_moved_days_before_it_was_booked_is_asked_about(line, plan, gateway, now):
    paid(line, plan, gateway, now - 5 * A_DAY, settled_at=now)
    gateway.calls.clear()

    assert found(gateway) == []
    assert gateway.calls == ["movements", "look_up"]


def test_a_gateway_that_does_not_answer_accuses_nobody(line, plan, gateway, now):
    charge = paid(line, plan, gateway, now)
    gateway.moved.clear()
    gateway.payments[charge.gateway_payment_id] = replace(
        gateway.payments[charge.gateway_payment_id], state="abandoned"
    )
    assert found(gateway) == [("unknown_there", charge.gateway_payment_id)]

    gateway.down = {"look_up"}
    assert found(gateway) == [("unknown_there", charge.gateway_payment_id)]

    Discrepancy.objects.all().delete()
    assert found(gateway) == []


def test_only_so_many_are_asked_about_one_by_one(line, plan, gateway, now):
    for _number in range(4):
        paid(line, plan, gateway, now)
    gateway.moved.clear()
    gateway.calls.clear()

    told = compare(gateway=gateway, day=DAY, now=AFTER, most_questions=2)

    assert len(told.differences) == 2
    assert gateway.calls.count("look_up") == 2


def test_a_gateway_that_does_not_tell_is_compared_later(line, plan, gateway, now):
    gateway.down = {"movements"}
    assert compare_days(gateway=gateway, now=AFTER) == []
    assert DAY in days_due(gateway_name="sandbox", now=AFTER)

    gateway.down = set()

    assert [one.day for one in compare_days(gateway=gateway, now=AFTER)][-1] == DAY
    assert days_due(gateway_name="sandbox", now=AFTER) == []


def test_a_day_is_compared_twice(gateway):
    compare_days(gateway=gateway, now=AFTER)
    due = {hours: days_due(gateway_name="sandbox", now=AFTER + timedelta(hours=hours)) for hours in (1, 23, 24, 25)}

    assert due == {1: [], 23: [], 24: [DAY, DAY + A_DAY], 25: [DAY, DAY + A_DAY]}
    compare_days(gateway=gateway, now=AFTER + A_DAY)
    assert days_due(gateway_name="sandbox", now=AFTER + A_DAY) == []
    compare_days(gateway=gateway, now=AFTER + 2 * A_DAY)
    assert days_due(gateway_name="sandbox", now=AFTER + 2 * A_DAY) == []


def test_after_a_standstill_the_last_week_is_made_up_for(gateway):
    due = days_due(gateway_name="sandbox", now=AFTER)

    assert due == [DAY - back * A_DAY for back in range(6, -1, -1)]


def test_a_day_is_not_compared_before_its_late_payments_are_settled():
    too_early = datetime(2026, 11, 22, 1, 59, tzinfo=UTC)

    assert DAY not in days_due(gateway_name="sandbox", now=too_early)


def test_a_discrepancy_that_is_gone_resolves_itself(line, plan, gateway, now):
    charge = paid(line, plan, gateway, now, settled_at="never")
    gateway.down = {"look_up"}
    assert len(found(gateway)) == 1
    gateway.down = set()

    assert found(gateway, AFTER + A_DAY) == []

    kept = Discrepancy.objects.get()
    assert (kept.resolved_at, kept.resolved_by, kept.note) == (AFTER + A_DAY, None, AGREED)
    assert Charge.objects.get(pk=charge.pk).state == "succeeded"


def test_a_discrepancy_of_another_day_is_left_alone(gateway, now):
    gateway.moved.append(Movement(id="fake_stranger", money=PRICE, at=now))

    assert len(found(gateway)) == 1
    assert len(found(gateway, AFTER + A_DAY, day=DAY + A_DAY)) == 1


def test_a_discrepancy_that_comes_back_is_open_again_unless_a_person_resolved_it(gateway, staff, now):
    stranger = Movement(id="fake_stranger", money=PRICE, at=now)
    gateway.moved = [stranger]
    assert len(found(gateway)) == 1
    gateway.moved = []
    assert found(gateway) == []

    gateway.moved = [stranger]
    assert len(found(gateway)) == 1

    assert resolve(discrepancy=Discrepancy.objects.get(), note="Another shop of ours", actor=staff, ip=None, now=AFTER)
    assert found(gateway) == []
    assert Discrepancy.objects.get().resolved_by == staff


def test_resolving_is_on_record_and_happens_once(gateway, staff, now):
    gateway.moved = [Movement(id="fake_stranger", money=PRICE, at=now)]
    found(gateway)
    discrepancy = Discrepancy.objects.get()

    done = [
        resolve(discrepancy=discrepancy, note=note, actor=staff, ip="203.0.113.9", now=AFTER) for note in ("One", "Two")
    ]

    assert done == [True, False]
    event = AuditEvent.objects.get(action="discrepancy.resolved")
    assert event.actor == staff
    assert event.detail == {"money": "sandbox fake_stranger", "kind": "unknown_here", "note": "One"}


def test_comparing_twice_keeps_one_row(gateway, now):
    gateway.moved = [Movement(id="fake_stranger", money=PRICE, at=now)]

    assert found(gateway) == found(gateway)
    assert Discrepancy.objects.count() == ComparedDay.objects.count() == 1


def test_looking_only_changes_nothing(line, plan, gateway, now):
    charge = paid(line, plan, gateway, now, settled_at="never")

    told = compare(gateway=gateway, day=DAY, now=AFTER, look_only=True)

    assert [one.movement_id for one in told.differences] == [charge.gateway_payment_id]
    assert Order.objects.get().state == "pending"
    assert not Discrepancy.objects.exists()


@pytest.fixture
def delivered_order(line, plan, gateway, carrier):
    """A renewal that was paid by card at ten in the morning of the day, and delivered."""
    return delivered(line, plan, gateway=gateway, carrier=carrier)


def give_back(order, gateway, staff, minor=500):
    """Give money back by our own refund, and return the refund."""
    wish = Wish(
        order=order,
        money=Money(minor, "USD"),
        goes_to=Refund.Destination.PAYER,
        reason=Refund.Reason.COMPLAINT,
        note="Slow",
    )
    (refund,) = refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": Money(10_000, "USD")}, now=NOW)
    return refunds.send(refund=refund, gateway=gateway, now=NOW)


def test_refunds_that_agree_show_nothing(delivered_order, gateway, staff):
    give_back(delivered_order, gateway, staff)

    assert found(gateway) == []
    assert ComparedDay.objects.get().movements == 2


def test_a_refund_made_past_us_is_booked_before_it_is_reported(delivered_order, gateway):
    gateway.give_back(delivered_order.charges.get().gateway_payment_id, Money(500, "USD"))

    assert found(gateway) == []
    refund = Refund.objects.get()
    assert (refund.state, refund.reason, refund.money) == ("succeeded", "gateway", Money(500, "USD"))


def test_a_refund_of_nothing_of_ours_is_reported(gateway, now):
    gateway.moved.append(Movement(id="re_stranger", money=Money(500, "USD"), at=now, is_refund=True))

    assert found(gateway) == [("unknown_here", "re_stranger")]
    assert Discrepancy.objects.get().is_refund


def test_a_refund_the_gateway_does_not_know_is_reported(delivered_order, gateway, staff):
    refund = give_back(delivered_order, gateway, staff)
    gateway.moved = [one for one in gateway.moved if not one.is_refund]
    gateway.refunds.clear()

    assert found(gateway) == [("unknown_there", refund.gateway_refund_id)]


def test_a_refund_of_another_amount_is_reported(delivered_order, gateway, staff):
    refund = give_back(delivered_order, gateway, staff)
    gateway.moved = [replace(one, money=Money(400, "USD")) if one.is_refund else one for one in gateway.moved]

    assert found(gateway) == [("amount_differs", refund.gateway_refund_id)]


def test_one_that_cannot_be_settled_does_not_stop_the_comparison(line, plan, gateway, now, caplog):
    broken = paid(line, plan, gateway, now, settled_at="never")
    fine = paid(line, plan, gateway, now, settled_at="never")

    def look_up(*, payment_id, **_named):
        if payment_id == broken.gateway_payment_id:
            raise ValueError("an answer nobody understands")
        return gateway.payments[payment_id]

    gateway.look_up = look_up

    assert found(gateway) == [("unknown_here", broken.gateway_payment_id)]
    assert Charge.objects.get(pk=fine.pk).state == "succeeded"
    assert "an answer nobody understands" in caplog.text


@pytest.mark.parametrize("count", [1, 5])
def test_comparing_costs_the_same_for_one_payment_and_five(
    line, plan, gateway, now, django_assert_max_num_queries, count
):
    for _number in range(count):
        paid(line, plan, gateway, now)

    with django_assert_max_num_queries(3):
        compare(gateway=gateway, day=DAY, now=AFTER)
