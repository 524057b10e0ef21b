"""Notices that waited, for the morning or for a mail server, are held against what is so when they leave."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import Notification

logger = logging.getLogger(__name__)

FRESH = timedelta(minutes=10)
"""What was written so lately needs no second look."""
NO_LONGER_SO = "Left out: it is no longer so."

Facts = Mapping[str, Any]


class Anew(Protocol):
    """What NOTICES_ANEW names: what notices are about is known further up."""

    def __call__(self, *, notices: Sequence[Notification], now: datetime) -> Mapping[int, Facts | None]:
        """Return by id what each notice has to say now; None where it is no longer so, nothing where it stays as it is."""


def facts_now(notices: Iterable[Notification], *, now: datetime) -> Mapping[int, Facts | None]:
    """Return what those that waited have to say now, by id; nobody goes without a message because that fails."""
    waited = [notice for notice in notices if now - notice.created_at > FRESH]
    if not waited:
        return {}
    try:
        return cast("Anew", import_string(settings.NOTICES_ANEW))(notices=waited, now=now)
    except Exception:
        logger.exception("What %d notices say could not be looked at again", len(waited))
        return {}
