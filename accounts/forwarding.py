"""Requests that came through fewer proxies than the operator says stand in front."""

import logging
from functools import cache

from django.conf import settings
from django.http import HttpRequest

logger = logging.getLogger(__name__)


def is_cut_short(request: HttpRequest) -> bool:
    """Tell whether X-Forwarded-For names fewer addresses than there are trusted proxies, so that none of them is sure."""
    told = request.headers.get("X-Forwarded-For", "")
    return bool(told) and len(told.split(",")) < _promised()


def nearest_address(request: HttpRequest) -> str:
    """Return who really connected, the one address that no visitor can write; empty where it is none.

    On a unix socket nobody connects but our own proxy, and what it saw it wrote last.
    """
    _warn_once()
    return request.META.get("REMOTE_ADDR") or request.headers["X-Forwarded-For"].rpartition(",")[2].strip()


def _promised() -> int:
    return getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0)


@cache
def _warn_once() -> None:
    """Say it once a process: every visitor brings it about again."""
    logger.warning(
        "TRUSTED_PROXY_COUNT=%d is more than X-Forwarded-For has addresses: visitors share the one of the nearest proxy, "
        "and its rate limits",
        _promised(),
    )
