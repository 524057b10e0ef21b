from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.urls import reverse
from django.utils import timezone

from portal import celery, heartbeat


def test_alive_without_asking_the_database(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok")


def test_ready_when_database_and_cache_answer(client, db):
    response = client.get(reverse("readyz"))

    assert response.status_code == 200
    assert response.json() == {
        "database": "ok",
        "migrations": "ok",
        "cache": "ok",
        "scheduler": "unknown",
        "last_tick_seconds": None,
    }


def test_not_ready_without_the_database(client, db):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("connection refused")

    with connection.execute_wrapper(refuse):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert (response.json()["database"], response.json()["migrations"]) == ("unavailable", "unknown")


def test_ready_without_the_cache(client, db, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    response = client.get("/readyz")

    assert response.status_code == 200
    assert (response.json()["database"], response.json()["cache"]) == ("ok", "unavailable")


def test_not_ready_before_the_tables_are_what_the_code_expects(client, db):
    newest = next(iter(MigrationLoader(None).graph.leaf_nodes("billing")))
    MigrationRecorder(connection).record_unapplied(*newest)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["migrations"] == "pending"


@pytest.mark.parametrize(("ago", "word"), [(59, "ok"), (181, "late")])
def test_a_scheduler_that_stands_still_is_told_and_pages_go_on(client, db, now, ago, word):
    heartbeat.remember("billing.renew_due", now=now - timedelta(seconds=ago))

    with time_machine.travel(now, tick=False):
        response = client.get("/readyz")

    assert response.status_code == 200
    assert (response.json()["scheduler"], response.json()["last_tick_seconds"]) == (word, ago)


def test_each_job_that_ran_is_remembered(db):
    celery.app.tasks["billing.renew_due"].delay()

    assert heartbeat.ages(celery.JOBS, now=timezone.now()).keys() == {"billing.renew_due"}


def test_probes_are_never_cached(client, db):
    assert all("no-store" in client.get(path)["Cache-Control"] for path in ("/healthz", "/readyz"))
