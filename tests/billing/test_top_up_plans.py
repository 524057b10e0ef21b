"""The look for what runs low walks the rules that watch, and reads of each line and balance its own rows only."""

import pytest
from django.db import connection

from billing.models import TopUpRule
from billing.top_up_due import due

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


@pytest.mark.parametrize(
    ("kind", "indexes"),
    [
        (
            TopUpRule.Kind.DATA,
            ["top_up_rule_watching", "allowance_by_line", "order_by_top_up_rule", "billing_order_line"],
        ),
        (TopUpRule.Kind.BALANCE, ["top_up_rule_watching", "ledger_one_wallet_a_currency", "order_one_a_form"]),
    ],
)
def test_what_runs_low_is_found_by_indexes(kind, indexes, now):
    with connection.cursor() as cursor:
        # Empty tables are read from end to end, unless that is forbidden.
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off"
        )

    plan = due(kind, now=now).order_by("pk")[:100].explain()

    assert "Seq Scan" not in plan
    assert "Sort" not in plan
    assert [index for index in indexes if f"using {index}" not in plan] == []
