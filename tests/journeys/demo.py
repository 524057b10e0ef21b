"""The demo of the portal: made once, and from then on laid out again from a copy, which takes a hundredth of the time."""

import sqlite3

from django.core.management import call_command
from django.db import connection

_copies: list[sqlite3.Connection] = []


def lay_out():
    """Fill the empty database with the demo."""
    if connection.vendor != "sqlite":
        call_command("seed_demo", verbosity=0)
        return
    connection.ensure_connection()
    if _copies:
        _copies[0].backup(connection.connection)
        return
    call_command("seed_demo", verbosity=0)
    copy = sqlite3.connect(":memory:", check_same_thread=False)
    connection.connection.backup(copy)
    _copies.append(copy)
