"""Staff can have one renewal taken up at once, by the scheduler's own way and not before its time."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission

from accounts.models import AuditEvent
from billing import charging_stops
from billing.models import Order, SandboxPayment, Subscription
from tests import make

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LATER = make.NOW + HOUR


@pytest.fixture(autouse=True)
def _clock(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def plan(db):
    return make.make_plan()


@pytest.fixture
def line(subscriber, plan, now):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    make.make_allowance(line=line, plan=plan, starts_at=now - 29 * 24 * HOUR, ends_at=now + 24 * HOUR)
    return line


def dialog(client, subscription, *, reason):
    address = f"/admin/billing/subscription/{subscription.pk}/renew-now/"
    return client.post(address, {"reason": reason, "_form_submitted": "on"}, headers={"hx-request": "true"})


@pytest.fixture
def renew_now(as_staff, line, plan, now, django_capture_on_commit_callbacks):
    """Have a renewal looked at, and return what staff are told."""

    def renew(*, reason="The subscriber is on the phone", **fields):
        given = {"anchor_at": now - 29 * 24 * HOUR, "method": make.make_paying_card(owner=line.owner), **fields}
        subscription = make.make_subscription(line=line, plan=plan, **given)
        with django_capture_on_commit_callbacks(execute=True):
            dialog(as_staff, subscription, reason=reason)
        page = as_staff.get(f"/admin/billing/subscription/{subscription.pk}/change/")
        return [str(message) for message in page.context["messages"]]

    return renew


def test_a_due_renewal_is_charged_and_delivered_at_once(renew_now, staff, subscriber):
    (told,) = renew_now()

    assert told == "Under way. The judge says: Charged. Reload the page in some seconds."
    assert Order.objects.get().state == "fulfilled"
    assert SandboxPayment.objects.count() == 1
    assert Subscription.objects.get().reason == "renewed"
    trace = AuditEvent.objects.get(action="auto_renewal.run_by_staff")
    assert (trace.actor, trace.subject) == (staff, subscriber)
    assert trace.detail == {"reason": "The subscriber is on the phone", "judge": "charge"}


def test_a_declined_one_whose_rung_is_reached_is_tried_again(renew_now, now):
    renew_now(state="past_due", declines=1, charge_due_at=now)

    assert Order.objects.get().state == "fulfilled"


def test_what_the_judge_forbids_is_set_aside_as_the_scheduler_would(renew_now):
    (told,) = renew_now(consent_amount=1390)

    assert told.startswith("Under way. The judge says: Paused (The price is not the one agreed to).")
    assert not Order.objects.exists()
    assert Subscription.objects.get().state == "paused"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"charge_due_at": LATER}, "It is not due yet"),
        ({"charge_due_at": LATER, "state": "past_due", "declines": 1}, "It is not due yet"),
        ({"state": "paused"}, "It is paused."),
        ({"state": "in_flight", "lease_until": LATER}, "A worker has it in hand already."),
        ({"mode": "off"}, "Auto-renewal of this line is off."),
    ],
    ids=["not due", "rung not reached", "paused", "in hand", "off"],
)
def test_what_the_scheduler_would_not_take_up_is_refused_in_words(renew_now, fields, words):
    (told,) = renew_now(**fields)

    assert told.startswith(words)
    assert not Order.objects.exists()
    assert not AuditEvent.objects.filter(action="auto_renewal.run_by_staff").exists()


def test_while_charging_is_stopped_nothing_is_renewed(renew_now, staff, now):
    charging_stops.stop(reason="The bank asked us to wait", actor=staff, ip=None, now=now)

    (told,) = renew_now()

    assert "The bank asked us to wait" in told
    assert not Order.objects.exists()


def test_without_a_reason_nothing_happens(renew_now):
    assert renew_now(reason="") == []

    assert not Order.objects.exists()


def test_looking_is_not_renewing(client, line, plan, now):
    subscription = make.make_subscription(line=line, plan=plan)
    helper = make.make_user(is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_subscription"))
    client.force_login(helper)

    answer = dialog(client, subscription, reason="x")

    assert answer.status_code == 403
    assert not Order.objects.exists()


def test_each_row_says_why_it_stands_as_it_does(as_staff, subscriber, plan, now):
    for reason in (
        "declined:insufficient_funds",
        "price_changed",
        "paid_until:2026-12-01T10:00:00+00:00",
        "Moved away",
    ):
        make.make_subscription(line=make.make_line(owner=subscriber), plan=plan, reason=reason, decided_at=now)

    page = as_staff.get("/admin/billing/subscription/").content.decode()

    for words in ("not enough funds", "The price is not the one", "Paid until 2026-12-01 10:00 UTC", "Moved away"):
        assert words in page
