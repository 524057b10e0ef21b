"""Tables that only grow: the database itself refuses to change or delete their rows.

    operations = [*append_only_operations("billing_ledgerentry")]

Hazard: on SQLite a later migration that alters the table rebuilds it and drops its triggers.
Such a migration must list `append_only_operations` again; the tests that attack the table tell.
"""

from collections.abc import Callable

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps

# `recursive_triggers` (see settings) makes INSERT OR REPLACE fire the delete trigger. The insert
# trigger holds on a connection that forgot the pragma, too, for a row replaced by its id.
SQLITE = [
    "DROP TRIGGER IF EXISTS {table}_no_update",
    "DROP TRIGGER IF EXISTS {table}_no_delete",
    "DROP TRIGGER IF EXISTS {table}_no_replace",
    """CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
       BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END""",
    """CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
       BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END""",
    """CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
       WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)
       BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END""",
]
SQLITE_UNDO = SQLITE[:3]
POSTGRESQL = [
    """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
           RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
       END $$""",
    "DROP TRIGGER IF EXISTS {table}_no_change ON {table}",
    "DROP TRIGGER IF EXISTS {table}_no_truncate ON {table}",
    """CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
       FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
       FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
]
POSTGRESQL_UNDO = POSTGRESQL[1:3]


def append_only_operations(table: str) -> list[Operation]:
    """Return the migration operations after which rows of `table` can be added and read, nothing else."""
    return [
        migrations.RunPython(
            _run(table, sqlite=SQLITE, postgresql=POSTGRESQL),
            _run(table, sqlite=SQLITE_UNDO, postgresql=POSTGRESQL_UNDO),
            elidable=False,
        )
    ]


def _run(
    table: str, *, sqlite: list[str], postgresql: list[str]
) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    by_vendor = {"sqlite": sqlite, "postgresql": postgresql}

    def run(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        for statement in by_vendor[schema_editor.connection.vendor]:
            schema_editor.execute(statement.replace("{table}", table), params=None)  # a plain % stays one

    return run
