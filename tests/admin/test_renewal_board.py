"""The board of renewals counts what is, foretells what comes, and stops it all."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from billing import charging_stops, renewal_figures
from billing.charging_stops import ChargingStopped, refuse_while_stopped
from billing.models import ChargingStop, InvariantReport, Subscription
from plans.models import PlanPrice
from portal.lib.money import Money
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ADDRESS = "/admin/renewals/"
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _clock(now):
    with time_machine.travel(now, tick=False):
        yield


def subscribe(owner, plan, **fields):
    return make.make_subscription(line=make.make_line(owner=owner), plan=plan, **fields)


def decline(owner, code, now, **fields):
    order = make.make_order(owner=owner)
    fields = {"off_session": True, "settled_at": now - MINUTE, **fields}
    return make.make_charge(order=order, state="declined", decline_code=code, **fields)


@pytest.fixture
def world(subscriber, now):
    """A row of each kind that the board counts."""
    plan = make.make_plan()
    subscribe(subscriber, plan, charge_due_at=now - 7 * MINUTE)
    subscribe(subscriber, plan, state="past_due", declines=2, charge_due_at=now - MINUTE)
    subscribe(subscriber, plan, charge_due_at=now + 5 * MINUTE, consent_amount=1400)
    subscribe(subscriber, plan, charge_due_at=now + timedelta(hours=3))
    subscribe(subscriber, plan, charge_due_at=now + timedelta(days=3))
    subscribe(subscriber, plan, state="in_flight", charge_due_at=now - 31 * MINUTE, lease_until=now + MINUTE)
    subscribe(subscriber, plan, state="past_due", declines=1, charge_due_at=now + timedelta(hours=6))
    subscribe(subscriber, plan, state="paused", reason="price_changed")
    subscribe(subscriber, plan, state="paused", reason="Asked for it on the phone")
    unanswered = make.make_order(owner=subscriber, plan=plan)
    make.make_charge(order=unanswered, state="unknown", off_session=True, created_at=now - MINUTE, settled_at=None)
    decline(subscriber, "insufficient_funds", now)
    decline(subscriber, "insufficient_funds", now)
    decline(subscriber, "stolen_card", now)
    decline(subscriber, "insufficient_funds", now, off_session=False)
    decline(subscriber, "insufficient_funds", now, settled_at=now - timedelta(days=8))
    paid_for = subscribe(subscriber, plan, charge_due_at=now + timedelta(days=29))
    for index, paid in enumerate([True, True, False], start=1):
        make.make_order(
            owner=subscriber,
            plan=plan,
            subscription=paid_for,
            period_index=index,
            state="fulfilled" if paid else "pending",
            paid_at=now if paid else None,
            created_at=now - timedelta(hours=1),
        )
    out = make.make_line(owner=subscriber, service_state="suspended", suspended_for="unpaid")
    make.make_top_up_rule(line=out, plan=make.make_data_pack())
    return plan


def board(client):
    return client.get(ADDRESS).context["board"]


def test_what_waits_and_what_is_under_way_is_counted(as_staff, world):
    due, later, in_flight, in_doubt = board(as_staff).figures

    assert (due.count, due.is_trouble) == (2, True)
    assert due.note.replace("\xa0", " ") == "The first for 7 minutes."
    assert later.count == 3
    assert (in_flight.count, in_flight.is_trouble) == (1, True)
    assert (in_doubt.count, in_doubt.is_trouble) == (1, False)


def test_what_is_due_and_put_off_is_told_of_beside_the_figure_and_not_in_its_list(as_staff, world, subscriber, now):
    """The network is ending a line: its renewal, though due for an hour, is no sign that no worker runs."""
    waits = {"reason": "line_in_hand", "lease_until": now + MINUTE}
    put_off = subscribe(subscriber, world, charge_due_at=now - 60 * MINUTE, **waits)
    subscribe(subscriber, world, state="past_due", declines=1, charge_due_at=now - 50 * MINUTE, **waits)

    due = board(as_staff).figures[0]

    assert due.count == as_staff.get(due.href).context["cl"].result_count == 2
    assert due.note.replace("\xa0", " ") == "The first for 7 minutes. 2 more wait for something else."
    rows = as_staff.get("/admin/billing/subscription/?put_off=yes").context["cl"]
    assert (rows.result_count, put_off in rows.queryset) == (2, True)


def test_a_lease_that_ran_out_puts_nothing_off(as_staff, world, subscriber, now):
    subscribe(subscriber, world, charge_due_at=now - 2 * MINUTE, lease_until=now)

    due = board(as_staff).figures[0]

    assert due.count == as_staff.get(due.href).context["cl"].result_count == 3
    assert "wait for something else" not in due.note


def test_what_stands_still_is_counted_by_its_reason_in_words(as_staff, world):
    panels = {panel.title: {row.label: row.count for row in panel.rows} for panel in board(as_staff).panels}

    assert panels == {
        "Declined in the last 7 days": {
            "Your bank declined the card: not enough funds. (insufficient_funds)": 2,
            "Your bank declined the card. (stolen_card)": 1,
        },
        "Past due, by rung of the ladder": {"1 decline in a row": 1, "2 declines in a row": 1},
        "Paused, by reason": {"The price is not the one agreed to": 1, "Paused by staff": 1},
        "Suspended lines and top-up rules": {"Lines suspended: unpaid": 1, "Top-up rules: active": 1},
    }


def test_success_is_of_all_that_were_begun(as_staff, world):
    (_today, success), (_week, _same) = board(as_staff).successes

    assert (success.begun, success.paid, success.open, success.percent) == (3, 2, 1, 66)


def test_the_forecast_is_the_word_of_the_judge(as_staff, world, now):
    """Of what is due within the hour one has another price than agreed; the others are charged."""
    told = board(as_staff)

    assert told.forecast.by_action == {"charge": 2, "pause": 1}
    assert list(told.forecast.money) == [Money(2980, "USD")]
    assert not told.forecast.is_estimate


@pytest.mark.parametrize(("minutes", "told"), [(3, {"charge": 2, "pause": 1}), (10, {"charge": 3})])
def test_a_price_that_rises_within_the_hour_is_foreseen_for_what_is_due_after_it(world, now, minutes, told):
    """Two are due now, and charged at the price of now; one is due in five minutes."""
    Subscription.objects.filter(consent_amount=1400).update(consent_amount=1490)
    PlanPrice.objects.create(plan=world, currency="USD", amount=1590, valid_from=now + minutes * MINUTE)

    assert renewal_figures.forecast(now=now, until=now + timedelta(hours=1)).by_action == told


def test_what_is_due_at_midnight_is_due_tomorrow(as_staff, world, subscriber, now):
    midnight = now.replace(hour=0) + timedelta(days=1)
    subscribe(subscriber, world, charge_due_at=midnight)

    later = board(as_staff).figures[1]

    assert later.count == as_staff.get(later.href).context["cl"].result_count == 3


def test_a_forecast_of_many_is_scaled_from_a_part(subscriber, now, monkeypatch):
    monkeypatch.setattr(renewal_figures, "JUDGED", 10)
    plan = make.make_plan()
    for number in range(40):
        subscribe(subscriber, plan, charge_due_at=now, consent_amount=1490 if number % 4 else 1400)

    told = renewal_figures.forecast(now=now, until=now)

    assert (told.due, told.judged, told.is_estimate) == (40, 10, True)
    assert sum(told.by_action.values()) == 40


def test_each_figure_leads_to_its_rows(as_staff, world):
    told = board(as_staff)
    rows = [row for panel in told.panels for row in panel.rows]

    for counted in [*told.figures, *rows]:
        assert as_staff.get(counted.href).context["cl"].result_count == counted.count, counted


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_empty_board_says_so(as_staff, staff, language):
    staff.language = language
    staff.save()

    page = as_staff.get(ADDRESS)

    assert page.status_code == 200
    if language == "en":
        assert "Nothing waits." in page.content.decode()
        assert "Automatic charges are on" in page.content.decode()


def test_the_board_costs_the_same_for_one_row_and_fifty(
    as_staff, subscriber, world, now, django_assert_num_queries, django_assert_max_num_queries
):
    as_staff.get(ADDRESS)
    with django_assert_max_num_queries(32) as few:
        as_staff.get(ADDRESS)
    for number in range(50):
        subscribe(subscriber, world, charge_due_at=now + number * MINUTE)
        decline(subscriber, "insufficient_funds", now)

    with django_assert_num_queries(len(few)):
        as_staff.get(ADDRESS)


def test_staff_stop_all_charges_with_a_reason_and_let_them_go_on(as_staff, staff):
    answer = as_staff.post(f"{ADDRESS}stop/", {"reason": "The bank asked us to wait"}, follow=True)

    assert "The bank asked us to wait" in answer.content.decode()
    with pytest.raises(ChargingStopped):
        refuse_while_stopped()

    answer = as_staff.post(f"{ADDRESS}go-on/", {"reason": "They are back"}, follow=True)

    refuse_while_stopped()
    assert "Automatic charges are on" in answer.content.decode()
    trail = AuditEvent.objects.filter(action__startswith="charging.").order_by("pk")
    assert [(one.action, one.actor, one.detail["reason"]) for one in trail] == [
        ("charging.stopped", staff, "The bank asked us to wait"),
        ("charging.allowed", staff, "They are back"),
    ]


def test_what_else_stops_charging_is_told_when_a_stop_is_lifted(as_staff, staff, now):
    charging_stops.stop(reason="First", actor=staff, ip=None, now=now)
    InvariantReport.objects.create(broken={"I2": ["x"]}, stops_money=True)

    answer = as_staff.post(f"{ADDRESS}go-on/", {"reason": "Over"}, follow=True)

    assert "an invariant about money is broken" in answer.content.decode()
    assert "go on with the next tick" not in answer.content.decode()


def test_nothing_stops_without_a_reason_or_by_looking(as_staff):
    as_staff.post(f"{ADDRESS}stop/", {"reason": " "})
    assert as_staff.get(f"{ADDRESS}stop/").status_code == 405

    assert not ChargingStop.objects.exists()


def test_who_came_second_is_told(as_staff, staff, now):
    charging_stops.stop(reason="First", actor=staff, ip=None, now=now)

    answer = as_staff.post(f"{ADDRESS}stop/", {"reason": "Second"}, follow=True)

    assert "Somebody else has stopped it already." in answer.content.decode()


def test_looking_is_not_stopping(client, now):
    helper = make.make_user(is_staff=True)
    client.force_login(helper)
    assert client.get(ADDRESS).status_code == 403
    helper.user_permissions.add(Permission.objects.get(codename="view_subscription"))

    page = client.get(ADDRESS)

    assert page.status_code == 200
    assert "Pause all" not in page.content.decode()
    assert client.post(f"{ADDRESS}stop/", {"reason": "x"}).status_code == 403
    assert client.post(f"{ADDRESS}go-on/", {"reason": "x"}).status_code == 403


def test_an_off_subscription_is_nobody_s_figure(as_staff, subscriber, now):
    plan = make.make_plan()
    for state in ("active", "past_due", "paused"):
        subscribe(subscriber, plan, state=state, mode=Subscription.Mode.OFF)

    told = board(as_staff)

    assert [figure.count for figure in told.figures] == [0, 0, 0, 0]
    assert not any(panel.rows for panel in told.panels)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("count", "moments", "index"),
    [
        (renewal_figures.due, [make.NOW], "subscription_due"),
        (renewal_figures.put_off, [make.NOW], "subscription_due"),
        (renewal_figures.due_between, [make.NOW, make.NOW + timedelta(days=1)], "subscription_due"),
        (renewal_figures.in_flight, [make.NOW], "subscription_due"),
        (renewal_figures.in_doubt, [], "charge_"),
        (renewal_figures.past_due, [], "subscription_stands_still"),
        (renewal_figures.paused, [], "subscription_stands_still"),
        (renewal_figures.declined, [make.NOW], "charge_declined"),
        (renewal_figures.success, [make.NOW], "order_by_time"),
    ],
    ids=["due", "put off", "between", "in flight", "in doubt", "past due", "paused", "declined", "success"],
)
def test_with_millions_of_rows_it_counts_by_index(world, count, moments, index):
    """A few rows are read in any case; told not to, the planner shows whether an index would do."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        with CaptureQueriesContext(connection) as asked:
            count(*moments)
        for query in asked:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Seq Scan" not in plan
            assert index in plan
