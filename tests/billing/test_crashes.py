"""A process that dies at any point of a purchase: the sweepers finish it, and the money moves once."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection, transaction

from billing import charges, ledger, orders
from billing.checkout import place_order
from billing.invariants import broken_invariants
from billing.models import LedgerEntry, Order
from billing.reconciliation import reconcile_charges
from esim.models import Allowance
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund, purchase_of
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway

pytestmark = pytest.mark.django_db


class Crash(BaseException):
    """The process is gone: nothing that catches exceptions catches this."""


class Fuse:
    """Blows at the n-th statement or outside call it sees; `blown` says whether it came to that."""

    def __init__(self, count):
        self.left = count
        self.blown = False

    def burn(self):
        self.left -= 1
        if self.left == 0:
            self.blown = True
            raise Crash

    def around_statement(self, execute, sql, params, many, context):
        self.burn()
        return execute(sql, params, many, context)


class Dying:
    """An outside world that hears the call, and dies before or after it answers."""

    def __init__(self, world, fuse):
        self._world, self._fuse = world, fuse

    def __getattr__(self, name):
        found = getattr(self._world, name)
        if not callable(found):
            return found

        def call(*args, **kwargs):
            self._fuse.burn()
            answer = found(*args, **kwargs)
            self._fuse.burn()
            return answer

        return call


def renew(purchase, *, gateway, carrier):
    """Renew with balance and kept card, as the scheduler does."""
    order = place_order(purchase=purchase, now=NOW)
    charge = charges.open_charge(order)
    if charge is not None:
        charges.charge_saved(charge=charge, gateway=gateway, now=NOW)
    return orders.fulfil(order_id=order.pk, carrier=carrier, now=NOW)


def sweep(*, gateway, carrier):
    """Let the timetable come round twice."""
    for now in (NOW + timedelta(minutes=10), NOW + timedelta(minutes=20)):
        reconcile_charges(gateway=gateway, now=now)
        orders.fulfil_due(carrier=carrier, now=now)


def outcome(owner, gateway, carrier):
    return {
        "orders": list(Order.objects.values_list("state", flat=True)),
        "entries": Counter(LedgerEntry.objects.values_list("kind", flat=True)),
        "balance": ledger.wallet_balance(owner, "USD"),
        "taken": len(gateway.taken),
        "granted": len(carrier.grants),
        "allowances": Allowance.objects.count(),
        "notices": owner.notifications.filter(kind="order_fulfilled").count(),
    }


@pytest.mark.slow
def test_dying_at_any_point_of_a_renewal_ends_like_not_dying(line, plan, subscriber, sample):
    make.make_method(owner=subscriber, reference="card_ada")
    method = subscriber.payment_methods.get()
    fund(subscriber, Money(500, "USD"))
    purchase = purchase_of(line, plan, method=method, off_session=True, use_wallet=True)
    undisturbed = None

    for count in (0, *sample.of(range(1, 200))):
        fuse = Fuse(count)
        with transaction.atomic():
            gateway, carrier = FakeGateway(), FakeCarrier()
            try:
                with connection.execute_wrapper(fuse.around_statement):
                    renew(purchase, gateway=Dying(gateway, fuse), carrier=Dying(carrier, fuse))
            except Crash:
                pass
            # What was never committed never happened: the scheduler places the same order again.
            place_order(purchase=purchase, now=NOW)
            sweep(gateway=gateway, carrier=carrier)

            undisturbed = undisturbed or outcome(subscriber, gateway, carrier)
            assert outcome(subscriber, gateway, carrier) == undisturbed, f"after dying at point {count}"
            assert broken_invariants(now=NOW) == {}
            transaction.set_rollback(True)
        if count and not fuse.blown:
            break

    assert count > 30
    assert undisturbed["taken"] == undisturbed["granted"] == undisturbed["allowances"] == 1
    assert undisturbed["orders"] == ["fulfilled"]


def test_control_a_charge_under_a_new_key_is_taken_twice(line, plan, subscriber):
    make.make_method(owner=subscriber, reference="card_ada")
    gateway, carrier = FakeGateway(), FakeCarrier()
    purchase = purchase_of(line, plan, method=subscriber.payment_methods.get(), off_session=True)
    gateway.losing = {"charge_saved"}
    renew(purchase, gateway=gateway, carrier=carrier)
    gateway.losing = set()

    # What a retry that forgets the payment and its key does.
    charge = Order.objects.get().charges.get()
    charge.gateway_payment_id = None
    gateway.by_key.clear()
    gateway.payments.clear()
    charges.charge_saved(charge=charge, gateway=gateway, now=NOW)

    assert len(gateway.taken) == 2


def test_without_the_sweepers_a_dead_renewal_stays_dead(line, plan, subscriber):
    """A control: it is the sweepers that finish what died."""
    gateway, carrier = FakeGateway(), FakeCarrier()
    make.make_method(owner=subscriber, reference="card_ada")
    purchase = purchase_of(line, plan, method=subscriber.payment_methods.get(), off_session=True)
    gateway.losing = {"charge_saved"}

    renew(purchase, gateway=gateway, carrier=carrier)

    assert Order.objects.get().state == "pending"
