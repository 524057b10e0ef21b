"""Visiting many addresses in one world, each as if it were the first: far quicker than a world for each."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy, deepcopy

from django.core.cache import cache
from django.db import transaction
from django.test import Client

from plans import announcements, catalogue


@contextmanager
def first_visit(client: Client) -> Iterator[Client]:
    """Lend a client like the given one, and forget afterwards all that it did: rows, cache and cookies."""
    visitor = copy(client)
    visitor.cookies = deepcopy(client.cookies)
    with transaction.atomic():
        try:
            yield visitor
        finally:
            transaction.set_rollback(True)
            cache.clear()
            catalogue.at_hand.clear()
            announcements.at_hand.clear()
