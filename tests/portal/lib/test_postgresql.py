"""The health check of a connection that is kept between requests."""

import time

import psycopg
import pytest
from django.db import connection

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def hang_up(backend_pid):
    """End the connection from the server's side, as a restart does."""
    with psycopg.connect(**connection.get_connection_params() | {"autocommit": True}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [backend_pid])
    time.sleep(0.2)


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
