"""The audit trail is written and never rewritten."""

import pytest
from django.db import IntegrityError, connection, transaction

from accounts import audit
from accounts.models import AuditEvent


@pytest.fixture
def event(subscriber, now):
    audit.record(actor=subscriber, subject=subscriber, action="account.signed_in", ip="203.0.113.9", now=now)
    return AuditEvent.objects.get()


def test_record_keeps_who_what_whence_and_when(event, subscriber, now):
    assert (event.actor, event.subject, event.action) == (subscriber, subscriber, "account.signed_in")
    assert (event.ip_address, event.at, event.detail) == ("203.0.113.9", now, {})


def rewrite(statement, *values):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def test_event_cannot_be_updated(event):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(action="nothing happened")

    assert AuditEvent.objects.get().action == "account.signed_in"


def test_event_cannot_be_deleted(event):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditEvent.objects.all().delete()

    assert AuditEvent.objects.count() == 1


def test_table_cannot_be_emptied_in_one_stroke(event):
    statement = "TRUNCATE" if connection.vendor == "postgresql" else "DELETE FROM"
    connection.check_constraints()  # else PostgreSQL refuses for a reason that would pass

    with pytest.raises(IntegrityError, match="append-only"):
        rewrite(f"{statement} accounts_auditevent")

    assert AuditEvent.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "sqlite", reason="INSERT OR REPLACE is SQLite's")
@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
def test_event_cannot_be_replaced(event, recursive_triggers):
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA recursive_triggers={recursive_triggers}")

    with pytest.raises(IntegrityError, match="append-only"):
        rewrite(
            "INSERT OR REPLACE INTO accounts_auditevent (id, at, action, target, detail) VALUES (%s, %s, '', '', '{}')",
            event.pk,
            "2026-01-01",
        )

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA recursive_triggers=ON")
    assert AuditEvent.objects.get().action == "account.signed_in"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="ON CONFLICT DO UPDATE of one row")
def test_event_cannot_be_upserted(event):
    with pytest.raises(IntegrityError, match="append-only"):
        rewrite(
            "INSERT INTO accounts_auditevent (id, at, action, target, detail) VALUES (%s, now(), '', '', '{}')"
            " ON CONFLICT (id) DO UPDATE SET action = ''",
            event.pk,
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [1, 2])
def test_clean_up_after_a_transactional_test_leaves_the_guard_in_place(run, subscriber, now):
    audit.record(actor=None, subject=subscriber, action="account.signed_in", now=now)

    with pytest.raises(IntegrityError, match="append-only"):
        AuditEvent.objects.all().delete()

    assert AuditEvent.objects.count() == 1
