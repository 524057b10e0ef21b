"""Going through many people's rows: what is wrong with one is logged and doesn't stop the others."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from django.db import connection

from portal.lib.log_context import log_about

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")


def one_by_one(
    items: Iterable[T], step: Callable[[T], R], *, what: str, about: Callable[[T], Mapping[str, object]]
) -> list[R]:
    """Take a step for each, and return what came of those that went well.

    `what` names one in the log; `about` says which rows the lines logged meanwhile are about.
    """
    done = []
    for item in items:
        with log_about(**about(item)):
            try:
                done.append(step(item))
            except Exception:  # the loop over other people's rows must go on
                logger.exception("%s could not go on: %s", what, item)
    return done


def in_set(items: Sequence[T], step: Callable[[Sequence[T]], list[R]]) -> list[R]:
    """Take a step for all together; where it fails, for each alone, and leave out the one that is to blame.

    What `step` has done before it fails must not count: it commits all of it, or nothing. Raises where the
    connection to the database is lost, for then nobody is to blame.
    """
    try:
        return step(items) if items else []
    except Exception:
        if connection.connection is None or getattr(connection.connection, "closed", False):
            raise
        logger.exception("%d could not go on together", len(items))
    done: list[R] = []
    for item in items:
        try:
            done += step([item])
        except Exception:  # the loop over other people's rows must go on
            logger.exception("One of many could not go on: %s", item)
    return done
