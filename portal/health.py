"""Probes: is this process alive, and can it serve a subscriber?"""

import logging
from datetime import timedelta
from functools import cache as kept

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import heartbeat

logger = logging.getLogger(__name__)

TICK = "billing.renew_due"
LATE = timedelta(minutes=3)
"""Without a tick for so long, which comes each minute, neither beat nor a worker is about."""


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive; asks nobody, so that a database outage does not make every process restart."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready while the database answers, with the tables that this code expects.

    Cache and scheduler are told but not required: pages do without them.
    """
    database = _database_answers()
    migrated = database and _is_migrated()
    cached = _cache_answers()
    age = heartbeat.ages([TICK], now=timezone.now()).get(TICK)
    state = {
        "database": _word(answers=database),
        "migrations": "ok" if migrated else "pending" if database else "unknown",
        "cache": _word(answers=cached),
        "scheduler": "unknown" if age is None else "ok" if age < LATE else "late",
        "last_tick_seconds": None if age is None else round(age.total_seconds()),
    }
    return JsonResponse(state, status=200 if migrated else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("The database does not answer.")
        return False
    return True


def _is_migrated() -> bool:
    return _newest_migrations() <= MigrationRecorder(connection).applied_migrations().keys()


@kept
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """Return the last migrations on disk, which a running process does not see change."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _cache_answers() -> bool:
    # Our cache swallows an outage; what was just written and cannot be read tells it all the same.
    cache.set("readyz", "ok", timeout=10)
    return bool(cache.get("readyz") == "ok")


def _word(*, answers: bool) -> str:
    return "ok" if answers else "unavailable"
