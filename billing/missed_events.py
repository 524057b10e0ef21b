"""Reading on where the gateways keep their notices, for those whose webhook never came."""

import logging
from datetime import datetime

from billing.gateway_events import store
from billing.gateways.base import OutcomeUnknown, PaymentGateway
from billing.models import EventsCursor
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

MOST_PARTS = 100


def read_missed_events(*, gateway: PaymentGateway, now: datetime, in_time: InTime = always) -> int:
    """Put the notices that a gateway keeps since the last reading into the inbox; return how many had not come.

    The cursor moves when they are stored: after a crash in between they are read again, and each is kept once. Where
    the gateway fails, reading goes on from the same place next time.
    """
    missed = 0
    read_up_to = cursor_of(gateway.name)
    try:
        # A gateway may tell a part at a time, and has told all when its cursor stays.
        for _part in range(MOST_PARTS):
            told = gateway.notices_since(read_up_to or "", now=now)
            for notice in told.notices:
                missed += store(gateway_name=gateway.name, notice=notice, by_webhook=False, now=now)
            _move(gateway.name, from_=read_up_to, to=told.cursor, now=now)
            if told.cursor == read_up_to or not in_time():
                break
            read_up_to = told.cursor
    except OutcomeUnknown:
        logger.warning("Gateway %s did not tell its notices; it is asked again", gateway.name)
    except Exception:
        logger.exception("The notices of gateway %s could not be read; it is asked again", gateway.name)
    if missed:
        logger.info("Gateway %s: %d notices had not come by webhook", gateway.name, missed)
    return missed


def cursor_of(gateway_name: str) -> str | None:
    """Return up to where the notices of a gateway have been read; None where none have."""
    return EventsCursor.objects.filter(gateway=gateway_name).values_list("cursor", flat=True).first()


def _move(gateway_name: str, *, from_: str | None, to: str, now: datetime) -> None:
    if from_ is None:
        EventsCursor.objects.get_or_create(gateway=gateway_name, defaults={"cursor": to, "read_at": now})
    else:
        # Of two that read at once, the slower one does not move it back.
        EventsCursor.objects.filter(gateway=gateway_name, cursor=from_).update(cursor=to, read_at=now)
