"""The stock: one purchase holds one card, and no card is given twice."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from esim import stock
from esim.models import ProfileOrder, SimCard
from esim.stock import NotReserved, SoldOut
from tests import make
from tests.fakes.crowd import slowed, together

pytestmark = pytest.mark.django_db

KIND = {"carrier": "simulated", "profile_type": "DATA"}


def reserve(key, now, **kind):
    return stock.reserve(key=key, now=now, **{**KIND, **kind})


def test_a_purchase_gets_the_oldest_card_and_the_same_one_again(now):
    first, _second = make.make_card(), make.make_card()

    card = reserve("ord_1", now)

    assert card == first
    assert (card.state, card.reserved_for, card.reserved_at) == (SimCard.State.RESERVED, "ord_1", now)
    assert reserve("ord_1", now) == first
    assert SimCard.objects.filter(state=SimCard.State.AVAILABLE).count() == 1


def test_sold_out_is_said_with_a_sentence(now):
    make.make_card(profile_type="VOICE")
    make.make_card(carrier="other")
    make.make_card(pin="4711")
    make.make_card(form="physical")
    make.make_card(state=SimCard.State.WITHDRAWN)

    assert stock.left_for_sale(**KIND) == 0
    with pytest.raises(SoldOut):
        reserve("ord_1", now)
    assert "sold out" in SoldOut.sentence


def test_a_used_card_is_the_lines_for_good(subscriber, now):
    card, line = make.make_card(), make.make_line(owner=subscriber)
    reserve("ord_1", now)

    stock.use(key="ord_1", line=line, now=now)
    stock.use(key="ord_1", line=line, now=now)

    card.refresh_from_db()
    assert (card.state, card.line, card.used_at) == (SimCard.State.USED, line, now)
    assert not stock.release(key="ord_1")
    assert not stock.put_aside(key="ord_1")
    assert reserve("ord_1", now) == card


def test_a_card_that_nobody_reserved_cannot_be_used(subscriber, now):
    make.make_card()

    with pytest.raises(NotReserved):
        stock.use(key="ord_1", line=make.make_line(owner=subscriber), now=now)


def test_a_card_given_back_is_sold_to_the_next(now):
    card = make.make_card()
    reserve("ord_1", now)

    assert stock.release(key="ord_1")
    assert not stock.release(key="ord_1")

    assert reserve("ord_2", now) == card


def test_a_spoilt_profile_is_sold_to_nobody(now):
    make.make_card()
    reserve("ord_1", now)

    assert stock.put_aside(key="ord_1")

    with pytest.raises(SoldOut):
        reserve("ord_2", now)


def test_the_database_gives_no_purchase_two_cards(now):
    make.make_card()
    reserve("ord_1", now)

    with pytest.raises(IntegrityError), transaction.atomic():
        make.make_card(state=SimCard.State.RESERVED, reserved_for="ord_1")


def test_an_empty_key_takes_nothing(now):
    make.make_card()

    with pytest.raises(ValueError, match="no name"):
        reserve("", now)
    assert not stock.release(key="")


def test_what_a_dead_process_reserved_is_for_sale_again(subscriber, now):
    line = make.make_line(owner=subscriber)
    for number, state in enumerate(["", "asked", "in_doubt", "refused", "ready"]):
        make.make_card(state="reserved", reserved_for=f"ord_{number}", reserved_at=now)
        if state:
            ProfileOrder.objects.create(key=f"ord_{number}", line=line, carrier="simulated", state=state)

    assert stock.release_forgotten(now=now) == 0
    assert stock.release_forgotten(now=now + timedelta(hours=2)) == 2

    held = set(SimCard.objects.filter(state="reserved").values_list("reserved_for", flat=True))
    assert held == {"ord_1", "ord_2", "ord_4"}


def test_a_purchase_that_goes_on_after_an_outage_keeps_its_card(now):
    card = make.make_card()
    later = now + timedelta(hours=2)
    reserve("ord_1", now)

    assert reserve("ord_1", later) == card
    assert stock.release_forgotten(now=later) == 0
    with pytest.raises(stock.SoldOut):
        reserve("ord_2", later)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
class TestMany:
    def test_the_last_card_goes_to_one_of_many(self, now):
        make.make_card()

        with slowed("esim_simcard", "UPDATE"):
            got = together(8, lambda number: reserve(f"ord_{number}", now))

        assert sum(isinstance(one, SimCard) for one in got) == 1
        assert sum(isinstance(one, SoldOut) for one in got) == 7

    def test_one_purchase_served_by_many_workers_takes_one_card(self, now):
        for _ in range(8):
            make.make_card()

        with slowed("esim_simcard", "UPDATE"):
            got = together(8, lambda _number: reserve("ord_1", now))

        assert len({card.pk for card in got}) == 1
        assert SimCard.objects.exclude(state=SimCard.State.AVAILABLE).count() == 1

    def test_many_workers_take_different_cards_without_waiting(self, now):
        for _ in range(8):
            make.make_card()

        with slowed("esim_simcard", "UPDATE"):
            got = together(8, lambda number: reserve(f"ord_{number}", now))

        assert len({card.pk for card in got}) == 8

    def test_control_without_the_condition_one_card_is_given_twice(self, now, monkeypatch):
        make.make_card()
        monkeypatch.setattr(stock, "_reserved", taken_without_a_look)
        monkeypatch.setattr(stock, "_locked", lambda free, **_: free)

        with slowed("esim_simcard", "UPDATE"):
            got = together(8, lambda number: reserve(f"ord_{number}", now))

        assert sum(isinstance(one, SimCard) for one in got) > 1


def taken_without_a_look(card, *, key, now):
    """Take a card whatever became of it since it was chosen."""
    return SimCard.objects.filter(pk=card.pk).update(state=SimCard.State.RESERVED, reserved_for=key, reserved_at=now)
