"""One worker process renews what is due, and says what that took: `python -m tests.benchmarks.renewals.worker`.

A process of its own, because its memory is measured. The first batch warms it up and is not measured.
"""

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import connection

from billing import renewals
from billing.models import Order
from esim import carriers
from portal.lib.pacing import Pace, Rate
from portal.lib.ticks import always
from tests.benchmarks.measures import Watch
from tests.benchmarks.renewals.gateways import InstantGateway, SlowGateway

SLOW_SECONDS = 0.3
ALLOWED_PER_SECOND = 100
PATIENCE_SECONDS = 10.0
"""As that of the Stripe gateway's transport."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--now", type=datetime.fromisoformat, required=True)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--group", type=int)
    parser.add_argument(
        "--slow", action="store_true", help="a gateway that takes 300 ms and allows 100 charges a second"
    )
    asked = parser.parse_args()
    gateway = slow_gateway() if asked.slow else InstantGateway()
    wishes = {name: value for name, value in (("batch", asked.batch), ("group", asked.group)) if value}
    renew = partial(
        renewals.renew_due,
        gateways={gateway.name: gateway},
        carrier=carriers.chosen(),
        now=asked.now,
        **({"stride": renewals.Stride(**wishes)} if wishes else {}),
    )
    renew(in_time=lambda: False)
    before = times_renewed(asked.now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [backend] = cursor.fetchone() or (0,)
    watch = Watch(backend)
    renew(in_time=always)
    spent = watch.stop(0)
    json.dump({**asdict(spent), "count": times_renewed(asked.now) - before}, sys.stdout)


def slow_gateway() -> SlowGateway:
    pace = Pace(Rate(per_second=ALLOWED_PER_SECOND), redis_url=settings.PACING_REDIS_URL)
    return SlowGateway(seconds=SLOW_SECONDS, pace=pace, patience_seconds=PATIENCE_SECONDS)


def times_renewed(now: datetime) -> int:
    return Order.objects.filter(created_at__gte=now, state=Order.State.FULFILLED).count()
