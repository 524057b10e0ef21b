"""A page of the staff site offers what its row's state allows; a form that was open meanwhile is told so in words."""

import re

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, Ticket
from billing.models import Discrepancy, GatewayEvent, InvariantReport
from esim.models import ProfileOrder
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BUTTONS = [
    *(
        "pause",
        "resume",
        "suspend",
        "renew-now",
        "lift-lock",
        "end-waiting-time",
        "close",
        "name-profile",
        "order-anew",
    ),
    *("run-again", "resolve", "acknowledge"),
]
WARNING = "Nothing was changed: its state does not allow it."


def page_of(row):
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/"


def offered(client, row):
    """Return the ends of the addresses of the buttons on a row's page that its state has to do with."""
    page = client.get(f"{page_of(row)}change/").content.decode()
    return sorted(set(re.findall(rf"/{row.pk}/({'|'.join(BUTTONS)})/", page)))


def press(client, row, button):
    answer = client.post(
        f"{page_of(row)}{button}/",
        {"_form_submitted": "on", "reason": "Asked by phone"},
        headers={"hx-request": "true"},
    )
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.fixture
def subscribe(subscriber):
    def make_one(**fields):
        line = make.make_line(owner=subscriber)
        return make.make_subscription(line=line, plan=make.make_plan(), **{"mode": "automatic", **fields})

    return make_one


@pytest.mark.parametrize(
    ("fields", "buttons"),
    [
        ({"state": "active"}, ["pause", "renew-now"]),
        ({"state": "past_due"}, ["pause", "renew-now"]),
        ({"state": "in_flight"}, ["renew-now"]),
        ({"state": "paused"}, ["resume"]),
        ({"state": "paused", "mode": "off"}, []),
        ({"state": "active", "mode": "off"}, []),
    ],
)
def test_an_auto_renewal_is_paused_while_it_goes_on_and_resumed_while_it_is_paused(
    as_staff, subscribe, fields, buttons
):
    assert offered(as_staff, subscribe(**fields)) == buttons


@pytest.mark.parametrize(
    ("fields", "buttons"),
    [({}, ["pause"]), ({"state": "paused"}, ["resume"]), ({"state": "in_flight"}, []), ({"is_on": False}, [])],
)
def test_a_top_up_rule_offers_one_of_the_two_or_none(as_staff, subscriber, fields, buttons):
    rule = make.make_top_up_rule(line=make.make_line(owner=subscriber), plan=make.make_data_pack(), **fields)

    assert offered(as_staff, rule) == buttons


@pytest.mark.parametrize(
    ("fields", "buttons"),
    [
        ({"service_state": "pending"}, []),
        ({"service_state": "active"}, ["suspend"]),
        ({"service_state": "suspended", "suspended_for": "staff"}, ["resume"]),
        ({"service_state": "suspended", "suspended_for": "unpaid"}, ["resume", "suspend"]),
        ({"service_state": "active", "service_change": "suspending"}, ["resume", "suspend"]),
        ({"service_state": "active", "service_change": "terminating"}, []),
        ({"service_state": "terminated"}, []),
    ],
)
def test_a_line_offers_what_the_network_can_be_asked(as_staff, subscriber, now, fields, buttons):
    if "service_change" in fields:
        fields = {**fields, "service_change_at": now, "service_change_until": now}
    line = make.make_line(owner=subscriber, **fields)

    assert offered(as_staff, line) == buttons


def test_a_person_s_lock_is_lifted_where_there_is_one(as_staff, subscriber, now):
    assert offered(as_staff, subscriber) == []

    subscriber.locked_at = now
    subscriber.save()

    assert offered(as_staff, subscriber) == ["lift-lock"]


def test_the_time_to_wait_is_ended_while_somebody_waits(as_staff, subscriber):
    audit.record(actor=subscriber, subject=subscriber, action="account.email_changed", now=timezone.now())

    assert offered(as_staff, subscriber) == ["end-waiting-time"]


@pytest.mark.parametrize(("fields", "button"), [({"state": "in_flight"}, "pause"), ({"state": "paused"}, "pause")])
def test_a_form_that_was_open_while_the_row_moved_on_changes_nothing_and_says_so(as_staff, subscribe, fields, button):
    subscription = subscribe(**fields)

    assert press(as_staff, subscription, button) == [WARNING]

    subscription.refresh_from_db()
    assert subscription.state == fields["state"]
    assert not AuditEvent.objects.filter(action__startswith="auto_renewal.").exists()


def test_a_line_that_ended_meanwhile_is_not_suspended(as_staff, subscriber):
    line = make.make_line(owner=subscriber, service_state="terminated")

    assert press(as_staff, line, "suspend") == [WARNING]


def test_a_request_for_help_is_closed_while_it_is_open(as_staff, subscriber, now):
    ticket = make.make_ticket(owner=subscriber)
    assert offered(as_staff, ticket) == ["close"]

    Ticket.objects.filter(pk=ticket.pk).update(state="closed", closed_at=now)

    assert offered(as_staff, ticket) == []


@pytest.mark.parametrize(("state", "buttons"), [("in_doubt", ["name-profile", "order-anew"]), ("asked", [])])
def test_an_order_for_a_profile_is_settled_while_it_is_in_doubt(as_staff, subscriber, state, buttons):
    line = make.make_line(owner=subscriber)

    order = ProfileOrder.objects.create(key="ord_1", line=line, carrier="es2plus", state=state)

    assert offered(as_staff, order) == buttons


@pytest.mark.parametrize(("state", "buttons"), [("failed", ["run-again"]), ("not_ours", ["run-again"]), ("done", [])])
def test_an_event_is_run_again_unless_it_is_done(as_staff, state, buttons):
    event = GatewayEvent.objects.create(gateway="sandbox", event_id=state, kind="x", payload={}, state=state)

    assert offered(as_staff, event) == buttons


@pytest.mark.parametrize(("over_at", "buttons"), [(None, ["acknowledge"]), (make.NOW, [])])
def test_what_is_broken_is_acknowledged_until_it_is_over(as_staff, over_at, buttons):
    report = InvariantReport.objects.create(broken={"I2": ["x"]}, stops_money=True, over_at=over_at)

    assert offered(as_staff, report) == buttons


@pytest.mark.parametrize(("resolved_at", "buttons"), [(None, ["resolve"]), (make.NOW, [])])
def test_a_discrepancy_is_resolved_once(as_staff, resolved_at, buttons):
    told = {"gateway": "sandbox", "kind": "unknown_here", "movement_id": "pay_1", "currency": "USD", "amount": 1}
    discrepancy = Discrepancy.objects.create(**told, day=make.NOW.date(), resolved_at=resolved_at)

    assert offered(as_staff, discrepancy) == buttons
