"""Pages on which an owner moves, suspends and ends a line: what they say, ask for, and leave behind."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import audit, locks
from accounts.models import AuditEvent, Notification, Ticket
from billing import closed_lines, renewals, verdicts
from billing.models import Subscription
from esim import carriers
from esim.carriers.base import CarrierRefused, Reinstall
from esim.carriers.simulated import SimulatedCarrier
from esim.models import DownloadState, Line, Replacement, ServiceState
from esim.provisioning import apply_plan
from plans.terms import PlanTerms
from tests import make

EID = "89049032123451234512345678901235"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_november")]


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, nickname="Work phone", msisdn="+14155550177")
    profile = make.make_profile(line=line, download_state=DownloadState.ENABLED)
    profile.pin, profile.puk = "4711", "81726354"
    profile.save()
    make.make_allowance(line=line)
    return line


@pytest.fixture
def as_ada(as_subscriber):
    as_subscriber.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    return as_subscriber


def address(name, line):
    return reverse(f"esim:{name}", args=[line.public_id])


def test_a_line_is_moved_from_a_page_that_says_what_will_happen(as_ada, line):
    asked = as_ada.get(address("replace", line)).content.decode()
    assert "What happened?" in asked
    told = as_ada.get(address("replace", line), {"reason": "new_phone"}).content.decode()
    assert "Don’t delete anything there" in told

    answer = as_ada.post(address("replace", line), {"reason": "new_phone", "eid": ""}, follow=True)

    replacement = Replacement.objects.get()
    assert replacement.state == "to_install"
    text = answer.content.decode()
    assert "Install the new eSIM" in text
    assert replacement.new_profile.activation_code not in text
    code_page = as_ada.get(address("install", line)).content.decode()
    assert replacement.new_profile.activation_code in code_page
    assert "Install the new eSIM" in as_ada.get(reverse("line", args=[line.public_id])).content.decode()

    undone = as_ada.post(reverse("esim:undo_replacement", args=[replacement.public_id]), follow=True)
    assert "Undone. Your line is where it was" in undone.content.decode()


def test_moving_asks_who_it_is_and_then_goes_on_with_the_same_form(as_subscriber, line):
    answer = as_subscriber.post(address("replace", line), {"reason": "deleted"})
    assert answer["Location"].startswith(reverse("account_reauthenticate"))
    assert not Replacement.objects.exists()

    as_subscriber.post(answer["Location"], {"password": make.PASSWORD, "next": address("replace", line)})
    assert Replacement.objects.get().reason == "deleted"


def test_who_lost_the_phone_suspends_the_line_with_the_same_click(as_ada, line):
    assert "Suspend the line until" in as_ada.get(address("replace", line), {"reason": "lost"}).content.decode()

    as_ada.post(address("replace", line), {"reason": "lost", "suspend": "on"})

    line.refresh_from_db()
    assert (line.service_state, line.suspended_for) == (ServiceState.SUSPENDED, "owner")
    assert Replacement.objects.get().state == "to_install"


def test_a_wrong_eid_is_explained_and_nothing_begins(as_ada, line):
    answer = as_ada.post(address("replace", line), {"reason": "new_phone", "eid": "8904 9032 1234"})
    assert answer.status_code == 422
    assert "32 digits" in answer.content.decode()
    assert not Replacement.objects.exists()


def test_what_was_typed_is_still_there_when_the_network_is_busy(as_ada, line):
    soon = timezone.now() + timedelta(minutes=2)
    Line.objects.filter(pk=line.pk).update(
        service_change="suspend", service_change_at=timezone.now(), service_change_until=soon
    )

    answer = as_ada.post(address("replace", line), {"reason": "new_phone", "eid": EID})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "being asked about this line right now" in page
    assert EID in page
    assert not Replacement.objects.exists()


def test_within_a_day_of_a_new_address_the_page_says_until_when(as_ada, line, subscriber):
    type(subscriber).objects.filter(pk=subscriber.pk).update(time_zone="Asia/Tokyo")
    audit.record(actor=subscriber, subject=subscriber, action="account.email_changed", now=timezone.now())

    answer = as_ada.post(address("replace", line), {"reason": "new_phone"}, follow=True)

    assert "Asia/Tokyo" in answer.content.decode()
    assert not Replacement.objects.exists()


def test_a_network_that_moves_nobody_gets_a_ticket_with_everything(as_ada, line, monkeypatch):
    able = SimulatedCarrier.capabilities
    changed = type(able)(
        **{**{name: getattr(able, name) for name in able.__slots__}, "reinstall": Reinstall.UNSUPPORTED}
    )
    monkeypatch.setattr(SimulatedCarrier, "capabilities", changed)
    assert "Ask support" in as_ada.get(address("replace", line), {"reason": "broken"}).content.decode()

    for _twice in range(2):
        answer = as_ada.post(address("replace", line), {"reason": "broken"}, follow=True)

    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.about, ticket.references["reason"]) == ("replacement", [line.public_id], "broken")
    assert "does not work any more" in answer.content.decode()


def test_a_locked_account_changes_no_line_on_any_page_and_is_told_why(as_ada, line, subscriber):
    replacement = make.make_replacement(line=make.make_line(owner=subscriber), state="to_install")
    locks.lock(user=subscriber, ip=None, now=timezone.now())
    forms = {
        address("replace", line): {"reason": "new_phone"},
        address("suspend", line): {},
        address("terminate", line): {"typed": "0177"},
        reverse("esim:undo_replacement", args=[replacement.public_id]): {},
    }
    for page, form in forms.items():
        answer = as_ada.post(page, form)
        assert (answer.status_code, "Your account is locked" in answer.content.decode()) == (423, True), page
    assert as_ada.get(address("sim_pin", line)).status_code == 423
    line.refresh_from_db()
    assert (line.service_state, Replacement.objects.count()) == ("active", 1)


def test_an_owner_suspends_and_resumes_with_a_trace_and_a_notice_each(as_ada, line):
    assert "Paid time goes on" in as_ada.get(address("suspend", line)).content.decode()
    as_ada.post(address("suspend", line))
    line.refresh_from_db()
    assert (line.service_state, line.suspended_for) == ("suspended", "owner")
    assert "You suspended this line" in as_ada.get(reverse("line", args=[line.public_id])).content.decode()

    as_ada.post(address("resume", line))
    line.refresh_from_db()
    assert line.service_state == "active"
    actions = AuditEvent.objects.filter(target=line.public_id).order_by("pk").values_list("action", flat=True)
    assert [*actions] == ["line.suspended_by_owner", "line.resumed_by_owner"]
    assert Notification.objects.filter(kind="line_service_changed").count() == 2


def test_what_others_suspended_the_owner_does_not_resume(as_ada, line):
    for why, words in (("unpaid", "Suspended until it is renewed"), ("staff", "Support suspended this line")):
        Line.objects.filter(pk=line.pk).update(service_state="suspended", suspended_for=why)
        answer = as_ada.post(address("resume", line), follow=True)
        line.refresh_from_db()
        assert (line.service_state, words in answer.content.decode()) == ("suspended", True), why


def test_a_line_is_ended_by_typing_its_number_and_then_nothing_is_bought_for_it(as_ada, line, now):
    subscription = make.make_subscription(line=line, plan=make.make_plan(), method=make.make_method(owner=line.owner))
    assert as_ada.post(address("terminate", line), {"typed": "1234"}).status_code == 422

    as_ada.post(address("terminate", line), {"typed": "0177"})

    line.refresh_from_db()
    assert line.service_state == ServiceState.TERMINATED
    assert line.profiles.get().download_state == DownloadState.CANCELLED
    assert verdicts.judge([subscription], now=now)[0].action in {verdicts.Action.PAUSE, verdicts.Action.WAIT}
    assert closed_lines.end_agreements(now=now) == 1
    subscription.refresh_from_db()
    assert subscription.mode == Subscription.Mode.OFF
    bought = {"terms": PlanTerms.of(subscription.plan), "starts_at": now, "ends_at": now, "purchase_id": "ord_1"}
    with pytest.raises(CarrierRefused):
        apply_plan(line=line, carrier=carriers.chosen(), **bought)
    page = as_ada.get(reverse("line", args=[line.public_id])).content.decode()
    assert "This line is terminated" in page
    assert Notification.objects.filter(kind="line_service_changed").count() == 1


def test_what_its_owner_suspended_is_not_renewed_until_it_is_back(subscriber, now):
    line = make.make_line(owner=subscriber, service_state="suspended", suspended_for="owner")
    method = make.make_method(owner=subscriber)
    subscription = make.make_subscription(line=line, plan=make.make_plan(), method=method, charge_due_at=now)

    renewals.renew_due(gateways={}, carrier=carriers.chosen(), now=now)

    subscription.refresh_from_db()
    assert (subscription.state, subscription.reason) == ("active", "suspended")
    assert subscription.charge_due_at == now + timedelta(hours=1)
    assert not subscription.orders.exists()
    Line.objects.update(service_state="active", suspended_for="")
    assert verdicts.judge([subscription], now=now + timedelta(hours=1))[0].action == verdicts.Action.CHARGE


def test_pin_and_puk_ask_who_it_is_and_leave_a_trace_and_the_apn_does_not(as_subscriber, line):
    page = as_subscriber.get(address("sim", line)).content.decode()
    assert "internet" in page
    assert "81726354" not in page
    assert as_subscriber.get(address("sim_pin", line)).status_code == 302

    as_subscriber.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    assert "81726354" in as_subscriber.get(address("sim_pin", line)).content.decode()
    assert AuditEvent.objects.filter(action="line.pin_viewed", target=line.public_id).count() == 1


def test_a_hidden_line_leaves_the_front_page_and_comes_back(as_subscriber, line):
    Line.objects.filter(pk=line.pk).update(hidden=True)
    front = as_subscriber.get(reverse("home")).content.decode()
    assert "Work phone" not in front
    assert "Show one hidden line" in front
    assert "Work phone" in as_subscriber.get(reverse("home"), {"hidden": ""}).content.decode()
