"""Making the tables of a test database in a third of the time: what a migration creates in a row is rendered together.

Django renders a new model with whatever is related to it, all over again for each, and nearly everything is.
"""

from contextlib import contextmanager
from itertools import groupby
from unittest import mock

from django.db.migrations import CreateModel, Migration

_apply = Migration.apply


@contextmanager
def tables_together():
    """Let migrations that are applied meanwhile create the tables that follow one another together."""
    with mock.patch.object(Migration, "apply", _apply_in_runs):
        yield


def _apply_in_runs(migration, state, schema_editor, collect_sql=False):  # noqa: FBT002 - Django's signature
    whole = migration.operations
    try:
        for creates, operations in groupby(whole, key=lambda operation: type(operation) is CreateModel):
            if creates:
                _create(list(operations), migration.app_label, state, schema_editor)
            else:
                migration.operations = list(operations)
                state = _apply(migration, state, schema_editor, collect_sql)
    finally:
        migration.operations = whole
    return state


def _create(operations, app_label, state, schema_editor):
    # Without what is rendered, adding to the state renders nothing.
    apps = state.__dict__.pop("apps", None)
    before = state.clone()
    for operation in operations:
        operation.state_forwards(app_label, state)
    if apps is not None:
        state.apps = apps
        apps.render_multiple([state.models[app_label, operation.name_lower] for operation in operations])
    for operation in operations:
        operation.database_forwards(app_label, schema_editor, before, state)
