"""The health check of a connection that is kept between requests."""

import select
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import DataError, connection

from accounts.models import ReplyTemplate
from portal.lib.set_sql import arrays, run, texts

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def hang_up(backend_pid):
    """End the connection from the server's side, as a restart does."""
    with psycopg.connect(**connection.get_connection_params() | {"autocommit": True}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [backend_pid])
    heard, _, _ = select.select([connection.connection], [], [], 10)
    assert heard, "the server said goodbye"


@pytest.fixture
def backend_pid():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_connection_in_order_is_usable_at_no_cost(backend_pid, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert connection.is_usable()


def test_a_connection_the_server_ended_is_not_usable(backend_pid):
    hang_up(backend_pid)

    assert not connection.is_usable()
    connection.close()


def test_the_next_request_finds_a_new_connection(backend_pid, client, settings, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", 1)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
    connection.close()
    assert client.get("/readyz").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        hang_up(cursor.fetchone()[0])

    connection.close_if_unusable_or_obsolete()  # what the beginning of a request does

    assert client.get("/readyz").status_code == 200


def test_a_connection_in_a_failed_transaction_is_not_usable(backend_pid):
    connection.set_autocommit(False)
    with pytest.raises(psycopg.Error), connection.connection.cursor() as cursor:
        cursor.execute("SELECT nonsense")

    assert not connection.is_usable()
    connection.close()


def test_moments_are_read_as_they_were_written():
    moments = [
        datetime(2026, 11, 21, 14, 5, 9, 120_000, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]
    with connection.cursor() as cursor:
        for moment in moments:
            cursor.execute("SELECT %s::timestamptz", [moment])
            assert cursor.fetchone() == (moment,)


def test_a_moment_beyond_our_calendar_is_refused_as_by_the_driver():
    with pytest.raises(DataError):
        run("SELECT 'infinity'::timestamptz", {})


def test_texts_of_others_travel_in_an_array_unchanged():
    words = ["", "plain", 'a "quoted" one', "back\\slash", "{a,b}", "NULL", "two\nlines, 逗號"]

    [(found,)] = run(f"SELECT {arrays(words='text')}", {"words": texts(words)})

    assert found == words


def test_words_are_found_in_codes_whatever_their_case(db):
    ReplyTemplate.objects.create(name="Réponse à Zoé", text="Thank you.")

    for word in ("réponse", "RÉPONSE", "Zoé"):
        assert ReplyTemplate.objects.filter(name__icontains=word).exists()
    assert ReplyTemplate.objects.filter(name__iexact="RÉPONSE À ZOÉ").exists()


def test_codes_are_compared_byte_by_byte_and_addresses_as_people_read_them(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name, collation_name FROM information_schema.columns"
            " WHERE table_name = 'accounts_user' AND column_name IN ('public_id', 'email')"
        )
        assert dict(cursor.fetchall()) == {"public_id": "C", "email": None}
