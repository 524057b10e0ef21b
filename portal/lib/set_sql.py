"""Pieces of SQL that write many rows in one statement: PostgreSQL only, for the few hot places that need it.

    every_column(Charge, {"order_id": "placed.id", "amount": "placed.amount"})

What is not given is what the model says, as where `Model(…).save()` writes the row; a column added to a model
needs no change here.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from portal.lib.columns import written_fields

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper


def every_column(model: type[Model], given: Mapping[str, str]) -> tuple[str, str]:
    """Return all columns of a model but its id and generated ones, and an expression for each: what is `given`, or else its default.

    Raises ValueError for a column that `given` names and the model lacks, and for a default that is a function which
    SQL does not know: such a column has to be given.
    """
    fields = written_fields(model)
    if unknown := given.keys() - {field.column for field in fields}:
        raise ValueError(f"{model.__name__} has no {', '.join(sorted(unknown))}")
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return columns, ", ".join(given.get(field.column) or _default(field) for field in fields)


def run(statement: str, values: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement that PostgreSQL plans once a connection, and return its rows."""
    planning: Callable[[], CursorWrapper] = getattr(connection, "planning_cursor", connection.cursor)
    with planning() as cursor:
        cursor.execute(statement, values)  # type: ignore[arg-type]
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def arrays(**kinds: str) -> str:
    """Return the parameters of these names for `unnest`, as arrays of such elements.

    Each stands in a query of its own, so that a plan does not hang on how many elements there are: PostgreSQL would
    otherwise think of a new one for each short array.
    """
    return ", ".join(f"(SELECT %({name})s::{kind}[])" for name, kind in kinds.items())


def array(values: Iterable[object]) -> str:
    """Return the text of an array of ids, keys, numbers or moments: nothing in them needs quoting.

    psycopg would adapt them one by one, which takes it longer than PostgreSQL takes to write the rows.
    """
    return "{" + ",".join(map(str, values)) + "}"


def moments(values: Iterable[datetime | None]) -> str:
    """Return the text of an array of moments; None is NULL."""
    return array(_as_texts(values))


def _as_texts(moments: Iterable[datetime | None]) -> Iterator[str]:
    last, text = None, "NULL"
    for moment in moments:
        # Most of them are the very moment of the sweep.
        if moment is not last:
            last, text = moment, "NULL" if moment is None else moment.isoformat()
        yield text


def texts(values: Iterable[str]) -> str:
    """Return the text of an array of what others wrote, quoted; NUL has no place in PostgreSQL."""
    return array('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)


def _default(field: Any) -> str:
    if not field.has_default():
        return "NULL" if field.null else "''"
    value = field.default
    if value is timezone.now:
        return "statement_timestamp()"
    if callable(value):
        if value not in (dict, list):
            raise ValueError(f"{field} gives itself a value; it has to be given")
        value = value()
    match value:
        case bool() | int():
            return str(value)
        case dict() | list():
            return _quoted(json.dumps(value))
        case str():
            return _quoted(value)
    raise ValueError(f"{field} has a default that is not plain: {value!r}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"
