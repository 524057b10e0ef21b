"""Charging auto-renewals by hand."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.core.management.base import CommandError

from accounts.notifications import deliver_due
from billing import gateways, renewal_report
from billing.charging_stops import ChargingStopped
from billing.renewal_run import Stride
from esim import carriers


def charge_by_hand(job: Callable[..., int], *, now: datetime, say: Callable[[Iterable[str]], None]) -> list[str]:
    """Run a job of `renewals`, saying where it moves each row while it goes on; send what it tells subscribers."""
    try:
        taken_up = job(
            gateways=gateways.by_name(),
            carrier=carriers.chosen(),
            now=now,
            stride=Stride.configured(),
            tell=lambda ids: say(renewal_report.moved(ids)),
        )
    except ChargingStopped as reason:
        raise CommandError(str(reason)) from reason
    told = deliver_due(now=now)
    return [*([] if taken_up else ["nothing was due"]), f"sent {told} notices"]
