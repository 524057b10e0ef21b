"""What the scheduler looks for is found by one index, which a claim does not write."""

import pytest
from django.db import connection

from billing import renewals
from billing.models import Subscription

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
    written, without_index = updates()

    renewals.claim(rows.due(now), now=now, limit=10)
    assert updates() == (written + 1, without_index + 1)

    rows.update(mode="off")
    assert updates() == (written + 2, without_index + 1), "the control"


def updates():
    """Count the updates of this connection, and those among them that wrote no index."""
    counts = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'billing_subscription'"
    with connection.cursor() as cursor:
        cursor.execute(counts)
        return cursor.fetchone()
