"""Probes: is this process alive, and can it serve a subscriber?"""

import logging

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive; asks nobody, so that a database outage does not make every process restart."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready while the database answers. The cache is told but not required: pages do without it."""
    database = _database_answers()
    state = {"database": _word(answers=database), "cache": _word(answers=_cache_answers())}
    return JsonResponse(state, status=200 if database else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("The database does not answer.")
        return False
    return True


def _cache_answers() -> bool:
    # Our cache swallows an outage; what was just written and cannot be read tells it all the same.
    cache.set("readyz", "ok", timeout=10)
    return bool(cache.get("readyz") == "ok")


def _word(*, answers: bool) -> str:
    return "ok" if answers else "unavailable"
