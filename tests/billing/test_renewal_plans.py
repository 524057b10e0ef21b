"""What the scheduler looks for is found by one index, which a claim does not write."""

import pytest
from django.db import connection

from billing import plain_writes, renewals
from billing.asking_again import FIRST_CHECK
from billing.models import Charge, Subscription
from portal.lib.set_sql import array, texts
from tests import make

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

rows = Subscription.objects


@pytest.mark.parametrize("wanted", [rows.due, rows.to_retry, rows.second_cards_turn, rows.in_flight])
def test_what_it_looks_for_is_found_in_the_order_of_claims(wanted, now):
    with connection.cursor() as cursor:
        # Empty tables are read from end to end, unless that is forbidden; sorting would be, too.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")

    plan = wanted(now).order_by("charge_due_at", "pk")[:500].explain()

    assert "using subscription_due" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize("mode", ["automatic", "ask", "off"])
def test_what_a_dead_worker_left_is_found_whatever_was_chosen_since(subscription, mode, now):
    claimed = renewals.claim(rows.due(now), now=now, limit=10)
    rows.update(mode=mode)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert list(rows.in_flight(now + renewals.LEASE)) == claimed


def test_a_claim_writes_no_index_and_turning_off_in_flight_does(subscription, now):
    written, without_index = updates(Subscription)

    renewals.claim(rows.due(now), now=now, limit=10)
    assert updates(Subscription) == (written + 1, without_index + 1)

    rows.update(mode="off")
    assert updates(Subscription) == (written + 2, without_index + 1), "the control"


def test_the_id_of_a_payment_is_committed_without_an_index_and_its_end_is_not(subscription, now):
    order = make.make_order(owner=subscription.line.owner, line=subscription.line)
    charge = make.make_charge(order=order, state="created", off_session=True, check_due_at=now + FIRST_CHECK)
    written, without_index = updates(Charge)
    asked = {"charges": array([charge.pk]), "payments": texts(["pay_1"]), "not_before": now + FIRST_CHECK / 2}

    assert plain_writes.await_answer(asked) == {charge.pk}
    assert updates(Charge) == (written + 1, without_index + 1)

    Charge.objects.filter(pk=charge.pk).update(state="declined")
    assert updates(Charge) == (written + 2, without_index + 1), "the control"


def updates(model):
    """Count the updates of a table by this connection, and those among them that wrote no index."""
    counts = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = %s"
    with connection.cursor() as cursor:
        cursor.execute(counts, [model._meta.db_table])
        return cursor.fetchone()
