import select
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.postgresql.schema import DatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.models import CharField, EmailField, Field, Model
from psycopg import RawCursor
from psycopg.abc import Buffer
from psycopg.pq import TransactionStatus
from psycopg.types.datetime import TimestamptzLoader


class SchemaEditor(DatabaseSchemaEditor):
    """Takes a unique text for a code: compared byte by byte, not by a language's rules, which take several times as long.

    An address of e-mail is no code: people read lists in its order, and it is in lower case, whatever its letters.

    It makes one index for a code, not two: nothing here looks a row up by how such a text begins.
    """

    def _create_like_index_sql(self, _model: type[Model], _field: Field[Any, Any]) -> None:
        return None

    def _iter_column_sql(  # noqa: PLR0917 - as in Django
        self,
        column_db_type: str,
        params: list[Any],
        model: type[Model],
        field: Field[Any, Any],
        field_db_params: dict[str, Any],
        include_default: bool,  # noqa: FBT001 - as in Django
    ) -> Iterator[str]:
        is_code = isinstance(field, CharField) and not isinstance(field, EmailField) and field.unique
        if is_code and not field_db_params.get("collation"):
            field_db_params = {**field_db_params, "collation": "C"}
        yield from super()._iter_column_sql(column_db_type, params, model, field, field_db_params, include_default)  # type: ignore[misc]


class Operations(DatabaseOperations):
    """Looks for words, whatever their case, by the rules of a language in codes, too.

    Byte by byte, no letter but A to Z has another case, and what was typed would be changed to one that the column lacks.
    """

    def lookup_cast(self, lookup_type: str, internal_type: str | None = None) -> str:
        cast: str = super().lookup_cast(lookup_type, internal_type)
        return cast.replace("UPPER(%s::text)", 'UPPER(%s::text COLLATE "default")')


class MomentLoader(TimestamptzLoader):
    """Reads a moment as ISO text, a tenth of the time that the driver's regular expression takes."""

    timezone = UTC
    """What Django asks of a connection's loader: in which zone its moments are."""

    def load(self, data: Buffer) -> datetime:
        try:
            return datetime.fromisoformat(bytes(data).decode()).astimezone(UTC)
        except ValueError:
            return super().load(data)  # before our era, without end, or past the year 9999


class NumberedCursor(base.CursorMixin, RawCursor[Any]):
    """Takes statements with `$1`, as PostgreSQL reads them.

    The driver turns `%s` into that, and forgets how for statements with more than fifty values: a fifth of a
    millisecond each time.
    """


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks at the socket where Django asks `SELECT 1`, once a request and before its first statement.

    A server that restarted or hung up has closed the connection, and then there is something to read: the end.
    Nothing else can be waiting, for between requests nothing was asked.
    """

    SchemaEditorClass = SchemaEditor
    ops_class = Operations

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        if self.timezone is UTC:
            connection.adapters.register_loader("timestamptz", MomentLoader)
        return connection

    def is_usable(self) -> bool:
        if self.connection is None or self.connection.closed or self.errors_occurred:
            return False
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            return False
        watch = select.poll()
        watch.register(self.connection.fileno(), select.POLLIN)
        return not watch.poll(0)

    def planning_cursor(self) -> CursorWrapper:
        """Return a cursor whose statements PostgreSQL plans once a connection (see the option `prepare_threshold`).

        Hazard: the values travel beside the statement, so an integer that Django has given a width (`F("used") + n`)
        is cut to it in silence. That is why `server_side_binding`, which does this to every query, stays off.
        """
        return self._cursor_of(base.ServerBindingCursor)

    def numbered_cursor(self) -> CursorWrapper:
        """Return a planning cursor for statements whose places are numbered (`$1`)."""
        return self._cursor_of(NumberedCursor)

    def _cursor_of(self, kind: Any) -> CursorWrapper:
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor: CursorWrapper = self._prepare_cursor(kind(self.connection))  # type: ignore[attr-defined]
            return cursor
