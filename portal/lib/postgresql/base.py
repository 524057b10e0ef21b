import select

from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks at the socket where Django asks `SELECT 1`, once a request and before its first statement.

    A server that restarted or hung up has closed the connection, and then there is something to read: the end.
    Nothing else can be waiting, for between requests nothing was asked.
    """

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
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            plain = base.ServerBindingCursor(self.connection)  # type: ignore[call-arg]
            cursor: CursorWrapper = self._prepare_cursor(plain)  # type: ignore[attr-defined]
            return cursor
