"""Filling a database by SQL: as many copies of a row as wanted, with ids of their own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import connection
from django.db.models import Model

from portal.lib.public_ids import DATED, MOMENT_LENGTH, PublicIdField

FIRST = 1_000
"""Where the ids of copies begin: above those of the examples."""
OWN = f"{FIRST} + copy.n"
# Hexadecimal, but spread over the whole alphabet of public ids, as random ones are.
RANDOM = "translate(left(md5('{prefix}' || copy.n), 16), '0123456789abcdef', '02468acegjmpqtvy')"
MOMENT = f"lpad(to_hex(copy.n / 3000), {MOMENT_LENGTH}, '0')"
"""For ids that begin with their second: some thousand were made in each, long ago."""


@contextmanager
def seeding() -> Iterator[None]:
    """Let foreign keys and triggers rest meanwhile: what is copied obeys them, and millions of rows take minutes."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = DEFAULT")
        # Without statistics foreign keys are checked by reading whole tables, by a plan that is remembered.
        cursor.execute("VACUUM ANALYZE")


def multiply(model: type[Model], example: Model, count: int, changes: Mapping[str, str]) -> None:
    """Copy a row; what `changes` doesn't name stays, but ids, public ids are new."""
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    fresh = {field.column: public_id(field.prefix) for field in fields if isinstance(field, PublicIdField)}
    expressions = {field.column: f'"{field.column}"' for field in fields} | fresh | {"id": OWN} | dict(changes)
    table, columns = model._meta.db_table, ", ".join(f'"{name}"' for name in expressions)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" ({columns}) SELECT {", ".join(expressions.values())} FROM "{table}",'
            " generate_series(1, %s) AS copy(n) WHERE id = %s",
            [count, example.pk],
        )
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def public_id(prefix: str, *, salt: str = "") -> str:
    beginning = f"'{prefix}_' || {MOMENT}" if prefix in DATED else f"'{prefix}_'"
    return f"{beginning} || {RANDOM.format(prefix=prefix + salt)}"
