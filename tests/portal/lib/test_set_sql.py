from datetime import UTC, datetime, timedelta

from portal.lib.set_sql import moments

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_moments_are_written_in_their_order_also_where_some_come_again():
    later = NOW + timedelta(days=1)

    text = moments([None, NOW, NOW, None, later, NOW])

    today, tomorrow = "2026-11-22T09:00:00+00:00", "2026-11-23T09:00:00+00:00"
    assert text.strip("{}").split(",") == ["NULL", today, today, "NULL", tomorrow, today]
