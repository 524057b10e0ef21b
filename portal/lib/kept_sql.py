"""SQL of the busiest requests: written once a process by Django, and planned once a connection by PostgreSQL.

    line_of = KeptQuery(lambda: Line.objects.filter(owner=Slot("owner"), public_id=Slot("public_id")))
    line_of.first(owner=user.pk, public_id=public_id)

To write the `SELECT` of a look-up by a unique column takes Django several times as long as the answer takes
PostgreSQL. What is kept is still written from the models, so it follows them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import Any, Generic, TypeVar

from django.db import connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, Model, QuerySet
from django.db.models.query import RelatedPopulator, get_related_populators

from portal.lib.columns import written_fields

ModelT = TypeVar("ModelT", bound=Model)
DependentT = TypeVar("DependentT", bound=Model)


class Slot(Expression):
    """Stands in a kept query for a value that comes with each request."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, _compiler: object, _connection: object) -> tuple[str, list["Slot"]]:  # type: ignore[override]
        return "%s", [self]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Select:
    model: Any
    sql: str
    parameters: Sequence[object]
    own: slice
    columns: list[str]
    annotations: dict[str, int]
    related: list[RelatedPopulator]
    converters: dict[int, tuple[list[Callable[..., Any]], Expression]]


class KeptQuery(Generic[ModelT]):
    """A query for rows of a model, with annotations and `select_related` but without `prefetch_related`.

    Given as a function, because where modules are imported the models and the database are not ready yet.
    """

    def __init__(self, query: Callable[[], QuerySet[ModelT]]) -> None:
        self._query = query

    def all(self, **values: object) -> list[ModelT]:
        """Return the rows these values find. One query."""
        select = self._select
        bound = (values[one.name] if isinstance(one, Slot) else one for one in select.parameters)
        with _cursor() as cursor:
            cursor.execute(select.sql, _adapted(bound))
            return [_instance(select, list(row)) for row in cursor.fetchall()]

    def first(self, **values: object) -> ModelT | None:
        """Return the row these values find, if there is one. One query."""
        return next(iter(self.all(**values)), None)

    @cached_property
    def _select(self) -> _Select:
        queryset = self._query()
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        columns = [column for column, _sql, _alias in compiler.select]
        positions = compiler.klass_info["select_fields"]
        own = slice(positions[0], positions[-1] + 1)
        related = get_related_populators(compiler.klass_info, compiler.select, connection.alias)  # type: ignore[call-arg]
        return _Select(
            model=queryset.model,
            sql=_as_sent(sql),
            parameters=parameters,
            own=own,
            columns=[column.target.attname for column in columns[own]],
            annotations=compiler.annotation_col_map,
            related=related,
            converters=compiler.get_converters(columns),
        )


def _instance(select: _Select, row: list[Any]) -> Any:
    """Make a row into an instance, as Django's `ModelIterable` does."""
    for position, (converters, column) in select.converters.items():
        for convert in converters:
            row[position] = convert(row[position], column, connection)
    instance = select.model.from_db(connection.alias, select.columns, row[select.own])
    for related in select.related:
        related.populate(row, instance)
    for name, position in select.annotations.items():
        setattr(instance, name, row[position])
    return instance


class KeptInsert(Generic[ModelT]):
    """Adds rows like `save(force_insert=True)`, but sends no signals and lets no field prepare its value."""

    def __init__(self, model: type[ModelT]) -> None:
        self._model = model

    def add(self, row: ModelT) -> None:
        """Insert a row and give it its id. One statement; raises IntegrityError like `save`."""
        with _cursor() as cursor:
            cursor.execute(self._sql, self.values(row))
            _saved(row, cursor.fetchone()[0])

    def values(self, row: ModelT, *, without: str = "") -> list[Any]:
        return _adapted(getattr(row, field.attname) for field in self.fields if field.name != without)

    @cached_property
    def fields(self) -> list[Any]:
        return written_fields(self._model)

    @cached_property
    def target(self) -> str:
        quote = connection.ops.quote_name
        table = self._model._meta.db_table  # noqa: SLF001 - the documented way to ask for it
        return f"{quote(table)} ({', '.join(quote(field.column) for field in self.fields)})"

    @cached_property
    def _sql(self) -> str:
        places = ", ".join("%s" for _field in self.fields)
        return _as_sent(f"INSERT INTO {self.target} VALUES ({places}) RETURNING id")  # noqa: S608 - names of models


class KeptPair(Generic[ModelT, DependentT]):
    """Adds a row together with one that points to it by the foreign key `link`.

    PostgreSQL does it in one statement, which needs no transaction around it: three trips less.
    """

    def __init__(self, model: type[ModelT], dependent: type[DependentT], *, link: str) -> None:
        self._first, self._second = KeptInsert(model), KeptInsert(dependent)
        self._link = link

    def add(self, row: ModelT, dependent: DependentT) -> None:
        """Insert both or neither, and give them their ids; raises IntegrityError like `save`."""
        if connection.vendor != "postgresql" or connection.in_atomic_block:
            with transaction.atomic():
                self._first.add(row)
                setattr(dependent, self._link, row)
                self._second.add(dependent)
            return
        values = [*self._first.values(row), *self._second.values(dependent, without=self._link)]
        with _cursor() as cursor:
            cursor.execute(self._sql, values)
            ids = cursor.fetchone()
        _saved(row, ids[0])
        setattr(dependent, self._link, row)
        _saved(dependent, ids[1])

    @cached_property
    def _sql(self) -> str:
        link = next(field for field in self._second.fields if field.name == self._link)
        places = ", ".join("%s" for _field in self._first.fields)
        selected = ", ".join("first.id" if field is link else "%s" for field in self._second.fields)
        return _as_sent(
            f"WITH first AS (INSERT INTO {self._first.target} VALUES ({places}) RETURNING id)"  # noqa: S608 - names
            f" INSERT INTO {self._second.target} SELECT {selected} FROM first"
            f" RETURNING {connection.ops.quote_name(link.column)}, id"
        )


def _saved(row: Model, pk: int) -> None:
    """Leave a row as `save` leaves it."""
    row.pk = pk
    row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001


def _as_sent(sql: str) -> str:
    """Number the places for values where the database does it so (`$1`)."""
    if not hasattr(connection, "numbered_cursor"):
        return sql
    numbers = count(1)
    return re.sub("%[%s]", lambda mark: f"${next(numbers)}" if mark[0] == "%s" else "%", sql)


def _cursor() -> CursorWrapper:
    # SQLite keeps statements by itself.
    numbered: Callable[[], CursorWrapper] = getattr(connection, "numbered_cursor", connection.cursor)
    return numbered()


def _adapted(values: Iterable[object]) -> list[Any]:
    """Make numbers, texts, moments and JSON ready for the database.

    Integers stay as they are. Django would give each the width of its column, and psycopg cuts a larger one to that
    in silence; like this, the database refuses it.
    """
    ops = connection.ops
    return [_adapt(value, ops) for value in values]


def _adapt(value: object, ops: BaseDatabaseOperations) -> object:
    if isinstance(value, datetime):
        return ops.adapt_datetimefield_value(value)
    return ops.adapt_json_value(value, None) if isinstance(value, dict | list) else value
