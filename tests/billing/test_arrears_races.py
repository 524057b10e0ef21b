"""Many settle the same debt at once: one order, one charge."""

import pytest
from django.db.models import QuerySet

from billing import arrears
from billing.models import Order
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, purchase_of
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 10


@pytest.fixture
def line(subscriber):
    """A line for whose delivered order the bank took US$14.90 back."""
    line = make.make_line(owner=subscriber)
    order = make.make_order(owner=subscriber, line=line, state="fulfilled", paid_at=NOW, confirmed_at=NOW)
    make.make_dispute(charge=make.make_charge(order=order), state="lost", is_withdrawn=True, closed_at=NOW)
    return line


def settle_together(line):
    def one(_number):
        wish = purchase_of(line, None, kind=Order.Kind.ARREARS, plan=None, price=Money(1490, "USD"))
        return arrears.place_order(purchase=wish, now=NOW)

    with slowed("billing_order", "INSERT", seconds=0.05):
        return together(CROWD, one)


def test_a_crowd_that_settles_places_one_order(line):
    answers = settle_together(line)

    assert len({order.pk for order in answers}) == 1
    assert Order.objects.filter(kind="arrears").count() == 1


def test_control_without_the_lock_several_are_placed(line, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)

    settle_together(line)

    assert Order.objects.filter(kind="arrears").count() > 1
