"""The database a run works on: made for it, filled with the demo and a history, dropped after it."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from psycopg import sql

from tests.benchmarks.targets import FormReader

# Two runs at once measure each other's load, but must not lose their data to each other.
DATABASE = f"portal_bench_{os.getpid()}"
SERVER = "postgres://postgres@127.0.0.1:5432/postgres"


@contextmanager
def environment() -> Iterator[None]:
    """Point the settings at a fresh database and an empty Redis database, and clear both up in the end."""
    server = os.environ.get("DATABASE_URL") or SERVER
    redis_url = (os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379").rstrip("/")
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as data:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="tests.benchmarks.settings",
            DATABASE_URL=urlunsplit(urlsplit(server)._replace(path=f"/{DATABASE}")),
            REDIS_URL=redis_url,
            PORTAL_DATA_DIR=data,
            DEBUG="0",
            PORTAL_DEMO="1",
            SECRET_KEY=secrets.token_hex(32),
        )
        _run(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        try:
            yield
        finally:
            _drop(server)
            _flush(redis_url)


def _drop(server: str) -> None:
    _run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(DATABASE)))


def _run(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)


def _flush(redis_url: str) -> None:
    with redis.Redis.from_url(f"{redis_url}/5") as client:
        client.flushdb()


@dataclass(frozen=True, slots=True)
class Scene:
    """Who asks, and for what."""

    visitor: Client
    reader: Client
    buyer: Client
    plan: str
    renew_path: str
    renew_form: dict[str, str]


def build() -> Scene:
    """Fill the database with the demo and sign two subscribers in: one who reads, one who renews.

    Two, so that the dashboard of the first does not change with the orders of the second.
    """
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("seed_demo", stdout=StringIO())
    with connection.cursor() as cursor:
        # Without statistics the planner reads every small table from end to end, and remembers it.
        cursor.execute("ANALYZE")
    reader, buyer = _signed_in("demo@example.com"), _signed_in("stranger@example.com")
    line = apps.get_model("esim", "Line").objects.get(owner__email="stranger@example.com")
    path = reverse("billing:renew", args=[line.public_id])
    plan = line.allowances.get(is_data_pack=False).plan.public_id
    page = buyer.get(path, {"plan": plan}).content.decode()
    return Scene(
        Client(HTTP_HOST="127.0.0.1"),
        reader,
        buyer,
        plan,
        path,
        {"plan": plan, **FormReader(page, having="form_key").fields},
    )


def _signed_in(email: str) -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(get_user_model().objects.get(email=email), backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


def count_queries(ask: Callable[[], object]) -> int:
    """Count the statements of one request; the brackets of a transaction are not statements."""
    with CaptureQueriesContext(connection) as captured:
        ask()
    return sum(query["sql"] not in {"BEGIN", "COMMIT"} for query in captured.captured_queries)
