"""What staff may do has a name, happens once, and leaves a trace."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from accounts.models import AccountClosing, AuditEvent, Notification, User
from billing import staff_pauses
from billing.agreements import NothingToContinue
from billing.models import Discrepancy, GatewayEvent, InvariantReport, Subscription
from tests import make

pytestmark = pytest.mark.django_db

State = Subscription.State


def run(client, model, action, *rows):
    return client.post(f"/admin/{model}/", {"action": action, "_selected_action": [row.pk for row in rows]})


def make_notification(user, **fields):
    return Notification.objects.create(user=user, channel="email", kind="expiry", **fields)


def test_failed_notification_is_sent_again_and_a_sent_one_is_not(as_staff, subscriber):
    failed = make_notification(subscriber, key="a", state="failed", attempts=5, error="SMTP timeout")
    sent = make_notification(subscriber, key="b", state="sent", attempts=1)

    run(as_staff, "accounts/notification", "send_again", failed, sent)

    failed.refresh_from_db()
    sent.refresh_from_db()
    assert (failed.state, failed.attempts, failed.error) == ("queued", 0, "")
    assert (sent.state, sent.attempts) == ("sent", 1)


def test_failed_gateway_event_runs_again_and_a_done_one_does_not(as_staff):
    failed, done = (
        GatewayEvent.objects.create(
            gateway="sandbox", event_id=state, kind="payment.succeeded", payload={}, state=state
        )
        for state in ("failed", "done")
    )

    run(as_staff, "billing/gatewayevent", "run_again", failed, done)

    failed.refresh_from_db()
    done.refresh_from_db()
    assert failed.state == "received"
    assert done.state == "done"


def make_event(state, **fields):
    return GatewayEvent.objects.create(
        gateway="sandbox", event_id=f"evt_{state}", kind="payment.succeeded", payload={}, state=state, **fields
    )


def test_one_event_is_run_again_from_its_page(as_staff, staff):
    event = make_event("failed", attempts=3, error="OutcomeUnknown: look_up")
    page = as_staff.get(f"/admin/billing/gatewayevent/{event.pk}/change/").content.decode()

    answer = dialog(as_staff, "gatewayevent", event, "run-again")

    event.refresh_from_db()
    assert "OutcomeUnknown: look_up" in page
    assert answer.headers["HX-Refresh"] == "true"
    assert (event.state, event.attempts, event.error) == ("received", 0, "")
    trace = AuditEvent.objects.get(action="gateway_event.run_again")
    assert trace.actor == staff
    assert trace.detail == {"event": "evt_failed", "gateway": "sandbox", "error": "OutcomeUnknown: look_up"}


def test_event_about_nothing_of_ours_can_be_run_again(as_staff):
    event = make_event("not_ours")

    run(as_staff, "billing/gatewayevent", "run_again", event)

    event.refresh_from_db()
    assert event.state == "received"


def test_each_event_run_again_is_on_record_and_a_done_one_is_not(as_staff):
    run(as_staff, "billing/gatewayevent", "run_again", *[make_event(state) for state in ("failed", "received", "done")])

    traces = AuditEvent.objects.filter(action="gateway_event.run_again")
    assert {trace.detail["event"] for trace in traces} == {"evt_failed", "evt_received"}


def test_what_is_run_again_is_applied_at_once(as_staff, subscriber, django_capture_on_commit_callbacks):
    event = make_event("failed", about="other", due_at=timezone.now() + timedelta(days=1))

    with django_capture_on_commit_callbacks(execute=True):
        dialog(as_staff, "gatewayevent", event, "run-again")

    event.refresh_from_db()
    assert event.state == "done"


def test_discrepancy_is_resolved_with_a_note(as_staff, staff):
    discrepancy = make_discrepancy()

    answer = dialog(as_staff, "discrepancy", discrepancy, "resolve", note="Paid out by hand")

    discrepancy.refresh_from_db()
    assert answer.headers["HX-Refresh"] == "true"
    assert (discrepancy.resolved_by, discrepancy.note) == (staff, "Paid out by hand")


def test_discrepancy_is_not_resolved_without_a_word(as_staff):
    discrepancy = make_discrepancy()

    dialog(as_staff, "discrepancy", discrepancy, "resolve", note="")

    discrepancy.refresh_from_db()
    assert discrepancy.resolved_at is None


def test_what_is_broken_is_acknowledged_with_a_note(as_staff, staff):
    report = make_invariant_report()

    dialog(as_staff, "invariantreport", report, "acknowledge", note="")
    assert InvariantReport.objects.stopping_money().exists()

    dialog(as_staff, "invariantreport", report, "acknowledge", note="Booked by hand")
    report.refresh_from_db()
    assert (report.acknowledged_by, report.note) == (staff, "Booked by hand")
    assert AuditEvent.objects.get(action="invariants.acknowledged").detail["broken"] == ["I2: account 1 says 5"]


def test_the_page_of_what_is_broken_names_it(as_staff):
    report = make_invariant_report()

    page = as_staff.get(f"/admin/billing/invariantreport/{report.pk}/change/").content.decode()

    assert "I2: account 1 says 5" in page


def make_invariant_report():
    return InvariantReport.objects.create(broken={"I2": ["account 1 says 5"]}, stops_money=True)


def make_discrepancy():
    return Discrepancy.objects.create(
        gateway="sandbox", kind="unknown_here", movement_id="pay_1", currency="USD", amount=1490, day="2026-11-21"
    )


@pytest.mark.parametrize(
    ("address", "permission"),
    [
        ("discrepancy/{}/resolve/", "view_discrepancy"),
        ("gatewayevent/{}/run-again/", "view_gatewayevent"),
        ("invariantreport/{}/acknowledge/", "view_invariantreport"),
    ],
)
def test_looking_at_a_page_is_not_acting_on_it(client, address, permission):
    helper = make.make_user(is_staff=True)
    helper.user_permissions.add(make_permission(permission))
    client.force_login(helper)
    rows = {"discrepancy": make_discrepancy, "invariantreport": make_invariant_report}
    row = rows.get(address.partition("/")[0], lambda: make_event("failed"))()

    answer = client.post(
        f"/admin/billing/{address.format(row.pk)}",
        {"note": "x", "_form_submitted": "on"},
        headers={"hx-request": "true"},
    )

    assert answer.status_code == 403
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("model", "action", "permission"),
    [
        ("accounts/notification", "send_again", "view_notification"),
        ("billing/gatewayevent", "run_again", "view_gatewayevent"),
    ],
)
def test_looking_is_not_acting(client, subscriber, model, action, permission):
    helper = make.make_user(is_staff=True)
    helper.user_permissions.add(make_permission(permission))
    client.force_login(helper)
    failed = make_notification(subscriber, key="a", state="failed")
    event = GatewayEvent.objects.create(gateway="sandbox", event_id="1", kind="x", payload={}, state="failed")

    run(client, model, action, failed if "notification" in model else event)

    failed.refresh_from_db()
    event.refresh_from_db()
    assert (failed.state, event.state) == ("failed", "failed")


def make_permission(codename):
    return Permission.objects.get(codename=codename)


def dialog(client, model, row, action, **fields):
    address = f"/admin/billing/{model}/{row.pk}/{action}/"
    return client.post(address, {**fields, "_form_submitted": "on"}, headers={"hx-request": "true"})


def test_pausing_says_who_and_why_in_the_trail(as_staff, staff, subscriber):
    line = make.make_line(owner=subscriber)
    subscription = make.make_subscription(line=line, plan=make.make_plan())

    answer = dialog(as_staff, "subscription", subscription, "pause", reason="Asked by phone")

    subscription.refresh_from_db()
    event = AuditEvent.objects.get(action="auto_renewal.paused_by_staff")
    assert answer.headers["HX-Refresh"] == "true"
    assert (subscription.state, subscription.reason) == (State.PAUSED, "Asked by phone")
    assert (event.actor, event.subject, event.detail) == (staff, subscriber, {"reason": "Asked by phone"})
    assert subscription.decided_at == event.at


def test_pausing_without_a_reason_changes_nothing(as_staff, subscriber):
    subscription = make.make_subscription(line=make.make_line(owner=subscriber), plan=make.make_plan())

    dialog(as_staff, "subscription", subscription, "pause", reason="")

    subscription.refresh_from_db()
    assert subscription.state == State.ACTIVE


def test_a_top_up_rule_is_paused_and_resumed_with_a_reason(as_staff, staff, subscriber):
    rule = make.make_top_up_rule(line=make.make_line(owner=subscriber), plan=make.make_data_pack())

    dialog(as_staff, "topuprule", rule, "pause", reason="Asked by phone")
    rule.refresh_from_db()
    assert (rule.state, rule.reason) == ("paused", "Asked by phone")
    event = AuditEvent.objects.get(action="top_up_rule.paused_by_staff")
    assert (event.actor, event.subject) == (staff, subscriber)

    dialog(as_staff, "topuprule", rule, "resume", reason="Asked again")
    rule.refresh_from_db()
    assert (rule.state, rule.reason) == ("active", "")


def test_renewal_being_charged_is_not_paused(staff, subscriber, now):
    subscription = make.make_subscription(
        line=make.make_line(owner=subscriber), plan=make.make_plan(), state=State.IN_FLIGHT
    )

    paused = staff_pauses.pause(subscription=subscription, reason="x", actor=staff, ip=None, now=now)

    assert not paused
    assert not AuditEvent.objects.filter(action="auto_renewal.paused_by_staff").exists()


def test_resuming_charges_next_at_the_end_of_the_paid_time(staff, subscriber, now):
    line, plan = make.make_line(owner=subscriber), make.make_plan()
    make.make_allowance(line=line, plan=plan, starts_at=now - timedelta(days=10), ends_at=now + timedelta(days=20))
    subscription = make.make_subscription(
        line=line, plan=plan, state=State.PAUSED, charge_due_at=now - timedelta(days=5)
    )

    resumed = staff_pauses.resume(subscription=subscription, reason="Asked", actor=staff, ip=None, now=now)

    subscription.refresh_from_db()
    assert resumed
    assert subscription.state == State.ACTIVE
    assert now < subscription.charge_due_at <= now + timedelta(days=20)
    assert subscription.decided_at == now


def test_resuming_a_lapsed_line_does_not_charge_at_once(staff, subscriber, now):
    subscription = make.make_subscription(
        line=make.make_line(owner=subscriber), plan=make.make_plan(), state=State.PAUSED
    )

    with pytest.raises(NothingToContinue):
        staff_pauses.resume(subscription=subscription, reason="Asked", actor=staff, ip=None, now=now)

    subscription.refresh_from_db()
    assert subscription.state == State.PAUSED


def test_deactivated_person_is_signed_out_and_it_is_on_record(as_staff, client, subscriber):
    other = type(client)()
    other.force_login(subscriber)

    run(as_staff, "accounts/user", "deactivate", subscriber)

    subscriber.refresh_from_db()
    assert not subscriber.is_active
    assert other.get("/").status_code == 302
    assert AuditEvent.objects.filter(action="user.deactivated", subject=subscriber).count() == 1


@pytest.mark.parametrize(("state", "comes_back"), [("asked", True), ("ending", False), ("closed", False)])
def test_no_account_comes_back_whose_lines_and_balance_are_gone(as_staff, subscriber, now, state, comes_back):
    ended_at = now if state == "closed" else None
    AccountClosing.objects.create(user=subscriber, state=state, closes_at=now, look_at=now, ended_at=ended_at)
    User.objects.filter(pk=subscriber.pk).update(is_active=False)

    form = as_staff.get(f"/admin/accounts/user/{subscriber.pk}/change/").context["adminform"].form
    run(as_staff, "accounts/user", "reactivate", subscriber)

    assert ("is_active" in form.fields) == comes_back
    assert User.objects.get(pk=subscriber.pk).is_active == comes_back


def test_staff_do_not_deactivate_themselves(as_staff, staff):
    run(as_staff, "accounts/user", "deactivate", staff)

    staff.refresh_from_db()
    assert staff.is_active


def test_new_colleague_has_no_password_and_is_on_record(as_staff, staff):
    form = {"email": "New@Example.com", "full_name": "New", "language": "en", "time_zone": "UTC", "currency": "USD"}

    as_staff.post("/admin/accounts/user/add/", {**form, "is_staff": "on"})

    colleague = User.objects.get(email="new@example.com")
    assert colleague.is_staff
    assert not colleague.has_usable_password()
    assert AuditEvent.objects.filter(action="user.created_by_staff", actor=staff, subject=colleague).exists()


def test_second_account_for_one_address_is_refused(as_staff, subscriber):
    form = {"email": "ADA@example.com", "full_name": "", "language": "en", "time_zone": "UTC", "currency": "USD"}

    answer = as_staff.post("/admin/accounts/user/add/", form)

    assert answer.status_code == 200
    assert User.objects.filter(email__iexact="ada@example.com").count() == 1


def test_staff_without_full_powers_cannot_hand_them_out(client, subscriber):
    helper = make.make_user(is_staff=True)
    helper.user_permissions.add(make_permission("change_user"), make_permission("view_user"))
    client.force_login(helper)
    form = {"full_name": "Ada", "language": "en", "time_zone": "UTC", "currency": "USD", "is_active": "on"}
    powers = {"is_staff": "on", "is_superuser": "on"}

    client.post(f"/admin/accounts/user/{subscriber.pk}/change/", {**form, **powers})
    own_page = client.post(f"/admin/accounts/user/{helper.pk}/change/", {**form, **powers})

    subscriber.refresh_from_db()
    helper.refresh_from_db()
    assert subscriber.full_name == "Ada"
    assert not subscriber.is_staff
    assert not subscriber.is_superuser
    assert own_page.status_code == 403
    assert not helper.is_superuser


@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_nor_by_changing_what_their_group_may_do(client, page):
    group = Group.objects.create(name="Helpers")
    helper = make.make_user(is_staff=True)
    helper.groups.add(group)
    helper.user_permissions.add(*Permission.objects.filter(content_type__model="group"))
    client.force_login(helper)
    address = "/admin/auth/group/add/" if page == "add" else f"/admin/auth/group/{group.pk}/{page}/"
    every = list(Permission.objects.values_list("pk", flat=True))

    answer = client.post(address, {"name": "Mine", "permissions": every, "post": "yes"})

    assert answer.status_code == 403
    assert client.get("/admin/auth/group/").status_code == 200
    assert [(one.name, one.permissions.count()) for one in Group.objects.all()] == [("Helpers", 0)]


@pytest.mark.parametrize("zone", ["Mars/Base", "UTC; drop", ""])
def test_time_zone_that_does_not_exist_is_refused(as_staff, subscriber, zone):
    form = {"full_name": "Ada", "language": "en", "time_zone": zone, "currency": "USD", "is_active": "on"}

    answer = as_staff.post(f"/admin/accounts/user/{subscriber.pk}/change/", form)

    subscriber.refresh_from_db()
    assert answer.status_code == 200
    assert subscriber.time_zone == "UTC"


def test_email_address_is_not_staffs_to_change(as_staff, subscriber):
    form = {"full_name": "Ada", "language": "en", "time_zone": "UTC", "currency": "USD", "is_active": "on"}

    as_staff.post(f"/admin/accounts/user/{subscriber.pk}/change/", {**form, "email": "thief@example.com"})

    subscriber.refresh_from_db()
    assert subscriber.email == "ada@example.com"
