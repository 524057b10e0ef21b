"""Rows that say themselves when they are to be looked at next: walked in that order, a page at a time.

The memory used doesn't grow with the number due, and what isn't due is not read.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from portal.lib.set_sql import array
from portal.lib.ticks import InTime, always

ModelT = TypeVar("ModelT", bound=Model)

PAGE = 500
FEW = 200
"""Of whole rows that are gone through one by one."""


def walk(
    due: QuerySet[Any], *, order: Sequence[str], look: Callable[[list[int]], None], in_time: InTime = always
) -> None:
    """Call `look` with the ids of each page of `due`, ordered by `order`, in a transaction that holds the rows.

    Of two workers at once each gets other rows where the database can tell them apart. `look` moves the rows out of
    `due`, or they come again at the next walk; the walk itself only goes on.
    """
    skip_locked = connection.features.has_select_for_update_skip_locked
    after = Q()
    while True:
        with transaction.atomic():
            rows = due.filter(after).order_by(*order).select_for_update(skip_locked=skip_locked)
            page = list(rows.values_list(*order)[:PAGE])
            if page:
                look([row[-1] for row in page])
        if len(page) < PAGE or not in_time():
            return
        after = _behind(order, page[-1])


def peruse(due: QuerySet[Any], *, order: Sequence[str], look: Callable[[list[int]], None]) -> None:
    """Call `look` like `walk` does, but hold nothing: for a dry run."""
    after = Q()
    while page := list(due.filter(after).order_by(*order).values_list(*order)[:PAGE]):
        look([row[-1] for row in page])
        after = _behind(order, page[-1])


def in_pages(due: QuerySet[ModelT], *, order: Sequence[str], size: int = FEW) -> Iterator[list[ModelT]]:
    """Yield whole rows of `due` a page at a time, and hold nothing; what becomes due again behind waits for the next run."""
    after = Q()
    while page := list(due.filter(after).order_by(*order)[:size]):
        after = _behind(order, [getattr(page[-1], name) for name in order])
        yield page
        if len(page) < size:
            return


def in_turn(
    due: QuerySet[ModelT], *, order: Sequence[str], in_time: InTime = always, size: int = FEW
) -> Iterator[ModelT]:
    """Yield the rows of `due` one by one until none is left or `in_time` says no."""
    for page in in_pages(due, order=order, size=size):
        for row in page:
            if not in_time():
                return
            yield row


def among(values: Collection[object], *, kind: Literal["bigint", "text"] = "bigint") -> Any:
    """Return what `pk__in` is given for a whole page: an array on PostgreSQL, where a thousand values are a burden.

    Texts of the kind "text" are ids or numbers like an ICCID: nothing in them needs quoting.
    """
    if connection.vendor != "postgresql":
        return values
    return RawSQL(f"SELECT unnest(%s::{kind}[])", [array(values)])  # noqa: S611 - one of two words


def set_times(model: type[Model], column: str, times: Mapping[int, datetime | None]) -> None:
    """Write one moment, or none, for each of many rows; one statement on PostgreSQL."""
    if not times:
        return
    if connection.vendor != "postgresql":
        rows = [model(pk=pk, **{column: moment}) for pk, moment in times.items()]
        model._default_manager.bulk_update(rows, [column], batch_size=100)  # noqa: SLF001 - the documented name
        return
    quote = connection.ops.quote_name
    statement = (
        f"UPDATE {quote(model._meta.db_table)} AS target SET {quote(column)} = times.moment"  # noqa: S608, SLF001
        " FROM unnest(%s::bigint[], %s::timestamptz[]) AS times (id, moment) WHERE target.id = times.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [array(times), array(moment or "NULL" for moment in times.values())])


def _behind(order: Sequence[str], last: Sequence[Any]) -> Q:
    """Return what comes after a row: by its one column, or by a moment and the id."""
    if len(order) == 1:
        return Q(**{f"{order[0]}__gt": last[0]})
    moment, pk = order
    return Q(**{f"{moment}__gte": last[0]}) & (
        Q(**{f"{moment}__gt": last[0]}) | Q(**{moment: last[0], f"{pk}__gt": last[1]})
    )
