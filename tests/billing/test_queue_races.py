"""Many at once on one queued plan; each race has a control that shows it can be lost."""

from datetime import timedelta

import pytest
from django.db.models import QuerySet

from billing import orders, queue_endings, queueing, renewals
from billing.invariants import broken_invariants
from billing.models import LedgerAccount, Order, QueuedPlan, Refund, Subscription
from billing.plain_search import find_plain
from billing.plain_terms import OnSale
from billing.queueing import CannotStart, NotWaiting
from billing.renewal_claims import Claimed
from esim.models import Allowance
from plans.terms import PlanTerms
from tests import make
from tests.billing.books import NOW, paid_order
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 20
BALANCE = Refund.Destination.BALANCE


@pytest.fixture
def queued(line, plan):
    """A plan that waits behind another, paid from the balance."""
    make.make_allowance(line=line, plan=plan)
    LedgerAccount.objects.create(kind="refunding", currency="USD")
    return QueuedPlan.objects.get(order=paid_order(line, plan, is_queued=True))


def fresh(queued):
    return QueuedPlan.objects.select_related("line", "order__owner").get(pk=queued.pk)


def start(queued, *, carrier):
    seen = fresh(queued)
    queueing.start_now(queued=seen, actor=seen.order.owner, ip=None, now=NOW)
    orders.fulfil(order_id=seen.order_id, carrier=carrier, now=NOW)
    return "started"


def cancel(queued):
    seen = fresh(queued)
    queue_endings.cancel(queued=seen, goes_to=BALANCE, actor=seen.order.owner, ip=None, now=NOW)
    return "cancelled"


def some_start_and_some_cancel(queued, *, carrier):
    return together(CROWD, lambda number: start(queued, carrier=carrier) if number % 2 else cancel(queued))


def test_started_by_many_it_begins_once(queued, carrier):
    outcomes = together(CROWD, lambda _: start(queued, carrier=carrier))

    assert outcomes.count("started") == 1
    assert all(isinstance(one, NotWaiting | CannotStart) for one in outcomes if one != "started")
    assert Allowance.objects.filter(granted_for=queued.order.public_id).count() == 1
    assert broken_invariants(now=NOW) == {}


def test_of_starting_and_cancelling_exactly_one_wins(queued, carrier):
    with slowed("billing_queuedplan", "UPDATE", seconds=0.05):
        outcomes = some_start_and_some_cancel(queued, carrier=carrier)

    won = [one for one in outcomes if isinstance(one, str)]
    assert len(won) == 1
    is_delivered = Allowance.objects.filter(granted_for=queued.order.public_id).exists()
    assert is_delivered == (won == ["started"])
    assert Refund.objects.exists() == (won == ["cancelled"])
    assert broken_invariants(now=NOW) == {}


def clean_up():
    Refund.objects.all().delete()
    Order.objects.update(refunded_wallet_amount=0)


def test_control_without_lock_and_condition_it_is_cancelled_many_times(queued, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    monkeypatch.setattr(queue_endings, "_take_out", lambda *_args, **_kwargs: True)
    monkeypatch.setattr("billing.refundable.is_being_refunded", lambda *_: False)
    monkeypatch.setattr("billing.refundable._counted", lambda *_: True)

    with slowed("billing_refund", "INSERT", seconds=0.05):
        together(CROWD, lambda _: cancel(queued))

    assert Refund.objects.count() > 1
    clean_up()


def test_two_ticks_start_one_of_a_line(queued, line, plan, carrier):
    second = QueuedPlan.objects.get(order=paid_order(line, plan, is_queued=True))
    Allowance.objects.update(starts_at=NOW - timedelta(days=30), ends_at=NOW)

    started = together(CROWD, lambda _: queueing.start_due(now=NOW))

    assert sorted(map(len, started)) == [0] * (CROWD - 1) + [1]
    second.refresh_from_db()
    assert second.state == "waiting"


def test_changing_places_at_once_keeps_each_in_one_place(queued, line, plan):
    others = [QueuedPlan.objects.get(order=paid_order(line, plan, is_queued=True)) for _ in range(3)]

    together(CROWD, lambda number: queueing.swap(queued=fresh(others[number % 3]), earlier=number % 2 == 0))

    places = QueuedPlan.objects.filter(line=line).values_list("position", flat=True)
    assert sorted(places) == [1, 2, 3, 4]


def test_many_who_queue_at_once_get_places_of_their_own(line, plan):
    make.make_allowance(line=line, plan=plan)
    make.make_user()

    bought = together(CROWD, lambda _: paid_order(line, plan, is_queued=True))

    assert all(isinstance(one, Order) for one in bought)
    places = QueuedPlan.objects.filter(line=line).values_list("position", flat=True)
    assert sorted(places) == list(range(1, CROWD + 1))


def test_renewals_in_sets_leave_a_line_with_a_queue_alone(queued, line, plan, gateway, carrier):
    Allowance.objects.update(ends_at=NOW + timedelta(days=1), starts_at=NOW - timedelta(days=29))
    terms = PlanTerms.of(plan).to_json()
    subscription = make.make_subscription(
        line=line, plan=plan, anchor_at=NOW - timedelta(days=29), charge_due_at=NOW, consent_terms=terms, period_index=1
    )
    make.make_profile(line=line) if not line.profiles.exists() else None
    Subscription.objects.update(state="in_flight")
    claimed = [Claimed(subscription.pk, plan.pk)]
    assert find_plain(claimed, on_sale=OnSale(), now=NOW) == []
    QueuedPlan.objects.update(state="cancelled", decided_at=NOW)
    Order.objects.update(state="refunded")
    assert [due.row.subscription_id for due in find_plain(claimed, on_sale=OnSale(), now=NOW)] == [subscription.pk]
    QueuedPlan.objects.update(state="waiting", decided_at=None)
    Order.objects.update(state="paid")
    Subscription.objects.update(state="active")

    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)

    assert not Order.objects.filter(subscription=subscription).exists()
