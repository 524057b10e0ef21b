"""Emptying the database after a transactional test: rows are deleted, and what migrating would bring back stays.

Django truncates every table and then makes all permissions again, which takes longer than most of the tests.
"""

import re
from contextlib import contextmanager
from unittest import mock

from django.core.management.commands import flush
from django.db import transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from tests.append_only import triggers_resting

ALWAYS_THERE = {"django_content_type", "auth_permission"}


@contextmanager
def in_place_of_flush():
    """Let the flush after a test, and only it, delete also from the ledger and the audit trail."""
    with (
        mock.patch.object(BaseDatabaseOperations, "execute_sql_flush", _empty),
        mock.patch.object(flush, "emit_post_migrate_signal"),
    ):
        yield


def _empty(operations, sql_list):
    connection = operations.connection
    tables = set(re.findall(r'"(\w+)"', " ".join(sql_list))) - ALWAYS_THERE
    # Keys are looked at when all are empty, so that the order is nobody's business.
    with transaction.atomic(using=connection.alias), triggers_resting(connection), connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f'DELETE FROM "{table}"')  # noqa: S608 - a name that Django quoted
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
