"""Many workers at one order for a profile: the SM-DP+ is asked by one of them."""

import pytest
from django.db.models import F

from esim import profile_orders
from esim.carriers.base import OrderedProfile, OutcomeUnknown
from esim.models import Line, ProfileOrder
from tests import make
from tests.esim.es2plus import by_type, carrier_for, stock_of
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 8


@pytest.fixture
def line(subscriber):
    return make.make_line(owner=subscriber, carrier="es2plus", opened_for="ord_1")


def obtain_together(line, carrier, now):
    def one(_number):
        return profile_orders.obtain(line=Line.objects.get(pk=line.pk), key="ord_1", carrier=carrier, now=now)

    with slowed("esim_profileorder", "UPDATE", seconds=0.05):
        return together(CROWD, one)


def test_of_many_workers_one_asks(line, smdp, certificates, now):
    outcomes = obtain_together(line, by_type(smdp, certificates), now)

    got = {one.iccid for one in outcomes if isinstance(one, OrderedProfile)}
    assert got == {one.iccid for one in smdp.smdp.taken()}
    assert len(got) == 1
    assert all(isinstance(one, OrderedProfile | OutcomeUnknown) for one in outcomes)
    assert smdp.paths() == ["downloadOrder", "confirmOrder"]


def test_many_workers_reserve_one_card(line, smdp, certificates, now):
    stock_of(smdp.iccids)

    obtain_together(line, carrier_for(smdp, certificates), now)

    assert len(smdp.smdp.taken()) == 1
    assert ProfileOrder.objects.get().state == "ready"


def test_control_without_the_lease_they_take_several(line, smdp, certificates, now, monkeypatch):
    def claim(order, *, carrier, now):
        ProfileOrder.objects.filter(pk=order.pk).update(state="asked", attempts=F("attempts") + 1)
        order.refresh_from_db()
        return True

    monkeypatch.setattr(profile_orders, "_claim", claim)
    obtain_together(line, by_type(smdp, certificates), now)

    assert len(smdp.smdp.taken()) > 1
