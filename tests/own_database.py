"""A PostgreSQL database and a Redis database for one run of a command: made for it, gone after it."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

SERVER = "postgres://postgres@127.0.0.1:5432/postgres"
LARGE_BYTES = 1 << 30


@contextmanager
def own_database(purpose: str, *, redis_number: int, **environ: str) -> Iterator[None]:
    """Point the settings at a fresh database and an empty Redis database, and clear both up in the end.

    Two runs at once measure each other's load, but do not lose their data to each other.
    """
    name = f"portal_{purpose}_{os.getpid()}"
    server = os.environ.get("DATABASE_URL") or SERVER
    redis_url = (os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379").rstrip("/")
    with tempfile.TemporaryDirectory(prefix=f"portal-{purpose}-") as data:
        os.environ.update(
            DATABASE_URL=urlunsplit(urlsplit(server)._replace(path=f"/{name}")),
            REDIS_URL=redis_url,
            PORTAL_DATA_DIR=data,
            DEBUG="0",
            PORTAL_DEMO="1",
            SECRET_KEY=secrets.token_hex(32),
            **environ,
        )
        _run(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield
        finally:
            _run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            with redis.Redis.from_url(f"{redis_url}/{redis_number}") as client:
                client.flushdb()


@contextmanager
def copy_of(name: str) -> Iterator[str]:
    """Copy a database that nobody is connected to, and yield the address of the copy, which is gone in the end."""
    server, copy = os.environ["DATABASE_URL"], f"{name}_copy"
    desk = urlunsplit(urlsplit(server)._replace(path="/postgres"))
    _run(
        desk,
        sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
            sql.Identifier(copy), sql.Identifier(name), sql.Identifier(_strategy(desk, name))
        ),
    )
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{copy}"))
    finally:
        _run(desk, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy)))


def _strategy(server: str, name: str) -> str:
    """Copy what is large by its files: page by page, all of it would go through the log."""
    with psycopg.connect(server) as connection:
        [size] = connection.execute("SELECT pg_database_size(%s)", [name]).fetchone() or (0,)
        return "file_copy" if size > LARGE_BYTES else "wal_log"


def _run(server: str, statement: sql.Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
