"""Monitoring reads figures that rows tell, the same from every process, and nobody else does."""

import re
from datetime import timedelta
from ipaddress import ip_network

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError, connection
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import Notification
from billing import charging_stops
from billing.models import GatewayEvent, InvariantReport, Subscription
from portal import heartbeat
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(now):
    with time_machine.travel(now, tick=False):
        yield


def figures(client):
    """Return what monitoring reads: (name, labels) → value."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def subscribe(owner, plan, **fields):
    return make.make_subscription(line=make.make_line(owner=owner), plan=plan, **fields)


def renew(subscription, now, *, state="fulfilled", seconds=3):
    """Make an order of the renewal, begun half an hour ago and charged within so many seconds."""
    begun = now - timedelta(minutes=30)
    order = make.make_order(
        owner=subscription.line.owner,
        plan=subscription.plan,
        subscription=subscription,
        period_index=1,
        state=state,
        created_at=begun,
        paid_at=begun + timedelta(seconds=seconds) if state != "pending" else None,
        confirmed_at=begun + timedelta(seconds=2 * seconds) if state == "fulfilled" else None,
    )
    declined = {"state": "declined", "decline_code": "insufficient_funds"} if state == "pending" else {}
    make.make_charge(
        order=order, off_session=True, created_at=begun, settled_at=begun + timedelta(seconds=seconds), **declined
    )


@pytest.fixture
def world(subscriber, now):
    """One row of each kind that is counted, and beside it one that is not."""
    plan = make.make_plan()
    minute = timedelta(minutes=1)
    subscribe(subscriber, plan, charge_due_at=now - 7 * minute)
    subscribe(subscriber, plan, charge_due_at=now + minute)
    subscribe(subscriber, plan, state="in_flight", charge_due_at=now - 2 * minute, lease_until=now + minute)
    subscribe(subscriber, plan, state="past_due", declines=2, charge_due_at=now + 60 * minute)
    subscribe(subscriber, plan, state="paused", reason="price_changed")
    subscribe(subscriber, plan, state="paused", reason="Asked for it on the phone")
    subscribe(subscriber, plan, state="paused", mode=Subscription.Mode.OFF)
    renew(subscribe(subscriber, plan, charge_due_at=now + 60 * minute), now)
    renew(subscribe(subscriber, plan, charge_due_at=now + 60 * minute), now, seconds=40, state="pending")
    lost = make.make_order(owner=subscriber, plan=plan)
    make.make_charge(order=lost, state="unknown", off_session=True, created_at=now - 3 * minute, settled_at=None)
    make.make_order(owner=subscriber, plan=plan, state="paid", paid_at=now - 5 * minute)
    for number, state in enumerate(["queued", "sent"]):
        Notification.objects.create(
            user=subscriber, channel="sms", kind="x", key=str(number), state=state, due_at=now - minute
        )
    for state in ("received", "done"):
        GatewayEvent.objects.create(
            gateway="sandbox", event_id=state, kind="x", payload={}, state=state, received_at=now - minute
        )
    InvariantReport.objects.create(broken={"I8": ["x"]}, stops_money=False)
    heartbeat.remember("billing.renew_due", now=now - minute)


def test_each_figure_tells_of_its_rows(client, world):
    told = figures(client)

    assert told.items() >= {
        ("portal_renewals_due",): 1,
        ("portal_renewals_due_oldest_seconds",): 420,
        ("portal_renewals_in_flight",): 1,
        ("portal_renewals_in_flight_oldest_seconds",): 120,
        ("portal_renewals_past_due", "2"): 1,
        ("portal_renewals_paused", "price_changed"): 1,
        ("portal_renewals_paused", "by_staff"): 1,
        ("portal_renewals_last_hour", "begun"): 2,
        ("portal_renewals_last_hour", "paid"): 1,
        ("portal_renewals_last_hour", "open"): 1,
        ("portal_charges_in_doubt",): 1,
        ("portal_charges_in_doubt_oldest_seconds",): 180,
        ("portal_charges_declined_last_hour", "soft"): 1,
        ("portal_charge_seconds_bucket", "2.5"): 0,
        ("portal_charge_seconds_bucket", "5.0"): 1,
        ("portal_charge_seconds_bucket", "+Inf"): 1,
        ("portal_charge_seconds_gsum",): 3,
        ("portal_orders_unfulfilled",): 1,
        ("portal_orders_unfulfilled_oldest_seconds",): 300,
        ("portal_fulfilment_seconds_bucket", "1.0"): 0,
        ("portal_fulfilment_seconds_bucket", "5.0"): 1,
        ("portal_notifications_due",): 1,
        ("portal_notifications_due_oldest_seconds",): 60,
        ("portal_gateway_events_waiting",): 1,
        ("portal_invariants_broken",): 1,
        ("portal_charging_stopped", "staff"): 0,
        ("portal_charging_stopped", "books"): 0,
        ("portal_job_age_seconds", "billing.renew_due"): 60,
        ("portal_scrape_failed", "renewals"): 0,
    }.items()  # fmt: skip


def test_of_nothing_it_tells_nothing(client):
    told = figures(client)

    assert told["portal_renewals_due",] == told["portal_renewals_due_oldest_seconds",] == 0
    assert not any(value for (name, *_labels), value in told.items() if "failed" in name)


def test_the_switch_is_told(client, staff, now):
    charging_stops.stop(reason="x", actor=staff, ip=None, now=now)

    assert figures(client)["portal_charging_stopped", "staff"] == 1


def test_it_costs_the_same_for_many_rows(
    client, subscriber, world, now, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(60) as few:
        client.get("/metrics")
    plan = make.make_plan()
    for _number in range(20):
        renew(subscribe(subscriber, plan), now)

    with django_assert_num_queries(len(few)):
        client.get("/metrics")


def test_what_cannot_be_counted_is_left_out_and_named(client, world):
    def failing(execute, sql, params, many, context):
        if "billing_charge" in sql:
            raise OperationalError("canceling statement due to statement timeout")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(failing):
        told = figures(client)

    assert told["portal_scrape_failed", "charges"] == 1
    assert ("portal_charges_in_doubt",) not in told
    assert told["portal_renewals_due",] == 1


@pytest.mark.parametrize(
    ("token", "networks", "header", "status"),
    [
        ("", [], "", 404),
        ("", [], "Bearer ", 404),
        ("s3cret-token", [], "", 403),
        ("s3cret-token", [], "Bearer s3cret-tokem", 403),
        ("s3cret-token", [], "Basic s3cret-token", 403),
        ("s3cret-token", [], "Bearer s3cret-token", 200),
        ("", [ip_network("192.0.2.0/24")], "", 403),
        ("", [ip_network("192.0.2.0/24")], "Bearer ", 403),
        ("", [ip_network("127.0.0.0/8")], "", 200),
        ("", [ip_network("127.0.0.0/8"), ip_network("::1/128")], "", 200),
    ],
)
def test_only_monitoring_reads_it(client, settings, token, networks, header, status):
    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = token, networks

    answer = client.get("/metrics", headers={"Authorization": header} if header else {})

    assert answer.status_code == status
    assert (b"portal_renewals_due" in answer.content) is (status == 200)
    assert "no-store" in answer["Cache-Control"]


def test_a_visitor_behind_the_proxy_is_not_near(client, settings):
    """The proxy itself stands on the same host."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1

    answer = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})

    assert answer.status_code == 403


def test_alerts_ask_for_figures_that_exist(client, world):
    texts = [settings.BASE_DIR / "deploy" / "prometheus-rules.yaml", settings.BASE_DIR / "docs" / "scaling.md"]

    asked = {name for text in texts for name in re.findall(r"\bportal_\w+", text.read_text(encoding="utf-8"))}

    assert asked <= {name for name, *_labels in figures(client)}
