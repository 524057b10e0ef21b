"""What monitoring is told, read from rows at the moment it asks.

Several web processes and hosts would each count a part, and forget it when they restart; rows know it all. So what
happened is told as gauges over the last hour, not as counters: every process answers the same, and one is asked.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, F, Max, Min, Model, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from accounts.models import Notification, Ticket
from billing import renewal_figures
from billing.charging_stops import standing_stop
from billing.declines import explain
from billing.models import Charge, GatewayEvent, InvariantReport, Order
from billing.renewal_figures import Pile
from portal import heartbeat
from portal.build import build_facts

logger = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
QUERY_MILLISECONDS = 2000
NEWEST = 10_000
"""So many of the newest rows are looked at for how long things take: bounded, however large the tables."""
CHARGE_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
FULFILMENT_BUCKETS = (1, 5, 15, 60, 300, 900, 1800)


class RowsCollector(Collector):
    """Counts group after group; one that fails or takes too long is left out and named."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        began = time.monotonic()
        failed = GaugeMetricFamily(
            "portal_scrape_failed", "1 where a group of figures could not be counted.", labels=["group"]
        )
        for group in GROUPS:
            found: list[Metric] = []
            try:
                with _quick_queries():
                    found = list(group(self._now))
            except DatabaseError:
                logger.exception("Figures about %s could not be counted", group.__name__)
            failed.add_metric([group.__name__], float(not found))
            yield from found
        yield failed
        yield _gauge("portal_scrape_seconds", "How long counting took.", time.monotonic() - began)


@contextmanager
def _quick_queries() -> Iterator[None]:
    """Bound each query: monitoring must not be what the database works on."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(QUERY_MILLISECONDS)])
        yield


def switches(_now: datetime) -> Iterator[Metric]:
    stopped = GaugeMetricFamily(
        "portal_charging_stopped", "1 while nothing is charged automatically, by whom.", labels=["by"]
    )
    stopped.add_metric(["staff"], float(standing_stop() is not None))
    stopped.add_metric(["books"], float(InvariantReport.objects.stopping_money().exists()))
    yield stopped
    broken = InvariantReport.objects.unseen().count()
    yield _gauge("portal_invariants_broken", "Reports that nobody has acknowledged.", broken)


def renewals(now: datetime) -> Iterator[Metric]:
    yield from _pile("portal_renewals_due", "Renewals due and not claimed", renewal_figures.due(now), now)
    yield from _pile("portal_renewals_in_flight", "Renewals being charged", renewal_figures.in_flight(now), now)
    yield _labelled(
        "portal_renewals_past_due", "Declined renewals, by declines in a row.", "declines", renewal_figures.past_due()
    )
    yield _labelled("portal_renewals_paused", "Paused renewals, by reason.", "reason", renewal_figures.paused())
    yield _labelled("portal_top_up_rules", "Rules that are on, by state.", "state", renewal_figures.top_up_rules())
    hour = renewal_figures.success(now - HOUR)
    yield _labelled(
        "portal_renewals_last_hour",
        "Renewals begun within the last hour: all, and of them those paid and those still open.",
        "outcome",
        [("begun", hour.begun), ("paid", hour.paid), ("open", hour.open)],
    )


def charges(now: datetime) -> Iterator[Metric]:
    yield from _pile("portal_charges_in_doubt", "Charges whose answer got lost", renewal_figures.in_doubt(), now)
    kinds: Counter[str] = Counter()
    for code, count in renewal_figures.declined(now - HOUR):
        kinds[explain(code).kind.value] += count
    yield _labelled(
        "portal_charges_declined_last_hour",
        "Charges without a payer present that banks refused, by kind.",
        "kind",
        sorted(kinds.items()),
    )
    settled = _newest(Charge).filter(state=Charge.State.SUCCEEDED, off_session=True, settled_at__gte=now - HOUR)
    yield _durations(
        "portal_charge_seconds",
        "From deciding to charge without a payer present to its outcome, last hour.",
        settled,
        start="created_at",
        end="settled_at",
        buckets=CHARGE_BUCKETS,
    )


def orders(now: datetime) -> Iterator[Metric]:
    # Of what waited its turn, the time counts from its turn.
    since = Min(Coalesce("queued_plan__decided_at", "paid_at"))
    waiting = Order.objects.being_delivered().aggregate(count=Count("pk"), since=since)
    pile = Pile(waiting["count"], waiting["since"])
    yield from _pile("portal_orders_unfulfilled", "Orders paid and not delivered", pile, now)
    yield _durations(
        "portal_fulfilment_seconds",
        "From paid to confirmed by the network, last hour.",
        _newest(Order).filter(confirmed_at__gte=now - HOUR, paid_at__isnull=False, queued_plan=None),
        start="paid_at",
        end="confirmed_at",
        buckets=FULFILMENT_BUCKETS,
    )


def queues(now: datetime) -> Iterator[Metric]:
    outbox = Notification.objects.due(now).aggregate(count=Count("pk"), since=Min("due_at"))
    yield from _pile("portal_notifications_due", "Messages to be sent", Pile(outbox["count"], outbox["since"]), now)
    unread = GatewayEvent.objects.filter(state__in=[GatewayEvent.State.RECEIVED, GatewayEvent.State.FAILED])
    inbox = unread.aggregate(count=Count("pk"), since=Min("received_at"))
    yield from _pile(
        "portal_gateway_events_waiting", "Notices of gateways not applied", Pile(inbox["count"], inbox["since"]), now
    )
    yield _gauge("portal_tickets_open", "Tickets that wait for staff.", Ticket.objects.for_staff().count())


def scheduler(now: datetime) -> Iterator[Metric]:
    # The timetable knows the jobs, and loads with the queue.
    from portal.celery import JOBS  # noqa: PLC0415

    ages = heartbeat.ages(JOBS, now=now)
    yield _labelled(
        "portal_job_age_seconds",
        "How long ago a job of the timetable ran; absent where the cache knows of no run.",
        "job",
        [(job, age.total_seconds()) for job, age in sorted(ages.items())],
    )


def build(_now: datetime) -> Iterator[Metric]:
    yield InfoMetricFamily("portal_build", "What runs here.", value=build_facts())


GROUPS: Sequence[Any] = (switches, renewals, charges, orders, queues, scheduler, build)


def _newest(model: type[Model]) -> QuerySet[Any]:
    rows = model._default_manager  # noqa: SLF001
    newest = rows.aggregate(newest=Max("pk"))["newest"] or 0
    return rows.filter(pk__gt=newest - NEWEST)


def _durations(name: str, text: str, rows: QuerySet[Any], *, start: str, end: str, buckets: Sequence[float]) -> Metric:
    counts = {
        f"le_{number}": Count("pk", filter=Q(**{f"{end}__lte": F(start) + timedelta(seconds=bound)}))
        for number, bound in enumerate(buckets)
    }
    found = rows.aggregate(total=Count("pk"), seconds=Sum(F(end) - F(start)), **counts)
    told = [(str(float(bound)), float(found[f"le_{number}"])) for number, bound in enumerate(buckets)]
    return GaugeHistogramMetricFamily(
        name,
        text,
        buckets=[*told, ("+Inf", float(found["total"]))],
        gsum_value=found["seconds"].total_seconds() if found["seconds"] else 0.0,
    )


def _pile(name: str, what: str, pile: Pile, now: datetime) -> Iterator[Metric]:
    yield _gauge(name, f"{what}.", pile.count)
    yield _gauge(f"{name}_oldest_seconds", f"{what}: how long the first has waited.", pile.age(now).total_seconds())


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _labelled(name: str, text: str, label: str, values: Iterable[tuple[object, float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in values:
        family.add_metric([str(value)], count)
    return family
