"""What a program says about a line, has done to it, and reads of it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Notification, Ticket
from esim import carriers
from esim.carriers.base import CarrierRefused, OutcomeUnknown
from esim.carriers.simulated import SimulatedCarrier
from esim.models import DailyUsage, LineInvitation, UsageBudget
from portal.lib.data_size import GB, MB
from tests import make
from tests.api.test_door import kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(line):
    return f"/lines/{line.public_id}"


def test_a_line_is_named_hidden_and_moved_to_another_zone_bit_by_bit(program, line, path):
    first = program.do("patch", path, {"hidden": True})[1]
    second = program.do("patch", path, {"nickname": "Trip", "timeZone": "taipei"})[1]

    assert (first["name"], first["hidden"], first["timeZone"]) == ("Phone", True, "UTC")
    assert (second["name"], second["hidden"], second["timeZone"]) == ("Trip", True, "Asia/Taipei")
    assert program.get(path)[1] == second


@pytest.mark.parametrize(
    ("wish", "where"),
    [
        ({"timeZone": "Middle-earth"}, ["body", "timeZone"]),
        ({"nickname": "a\x00b"}, ["body", "nickname"]),
        ({"costCentre": "Sales"}, None),
    ],
)
def test_what_can_not_be_saved_says_where_and_changes_nothing(program, path, wish, where):
    before = program.get(path)[1]

    status, told = program.do("patch", path, {"hidden": True, **wish})

    assert (status, kind(told)) == (409, "cannot-save")
    assert where is None or told["errors"][0]["location"] == where
    assert program.get(path)[1] == before


def test_a_lost_line_is_suspended_and_put_back_into_service(program, line, path, subscriber):
    [first, again] = [program.do("post", f"{path}/suspend") for _ in range(2)]
    [back, still] = [program.do("post", f"{path}/resume") for _ in range(2)]

    assert first == again == (200, {**first[1], "serviceState": "suspended", "suspendedFor": "owner"})
    assert (first[1]["canSuspend"], first[1]["canResume"]) == (False, True)
    assert back == still == (200, {**back[1], "serviceState": "active", "suspendedFor": None})
    events = AuditEvent.objects.filter(action__startswith="line.").order_by("pk")
    assert [(event.action, event.actor) for event in events] == [
        ("line.suspended_by_owner", subscriber),
        ("line.resumed_by_owner", subscriber),
    ]
    assert {notice.kind for notice in Notification.objects.all()} == {"line_service_changed"}


@pytest.mark.parametrize(("why", "words"), [("unpaid", "Pay"), ("staff", "support")])
def test_what_others_suspended_is_not_for_a_program(program, line, path, why, words):
    type(line).objects.update(service_state="suspended", suspended_for=why)

    for deed in ("suspend", "resume"):
        status, told = program.do("post", f"{path}/{deed}")
        assert (status, kind(told)) == (409, "cannot-change-service")
    assert words in told["detail"]


@pytest.mark.parametrize(("answer", "status"), [(CarrierRefused("no"), 409), (OutcomeUnknown("lost"), 200)])
def test_what_the_network_says_is_passed_on(program, path, monkeypatch, answer, status):
    class Contrary(SimulatedCarrier):
        def suspend(self, *, key, iccid):
            raise answer

    monkeypatch.setattr(carriers, "chosen", Contrary)

    told = program.do("post", f"{path}/suspend")

    assert told[0] == status
    service = program.get(f"{path}/service")[1]
    assert (service["serviceState"], service["change"]) == ("active", "suspending" if status == 200 else None)


def test_budgets_are_set_together_and_say_what_was_used(program, line, path):
    type(line).objects.update(time_zone="Asia/Taipei")
    DailyUsage.objects.create(line=line, date=timezone.localdate(timezone=ZoneInfo("Asia/Taipei")), data_bytes=3 * GB)

    status, both = program.do("put", f"{path}/budget", {"dailyBytes": 2 * GB, "monthlyBytes": 50 * GB})
    one = program.do("put", f"{path}/budget", {"dailyBytes": None, "monthlyBytes": 50 * GB})[1]
    too_little = program.do("put", f"{path}/budget", {"dailyBytes": 1, "monthlyBytes": None})[0]
    half = program.do("put", f"{path}/budget", {"dailyBytes": None})[0]

    assert (status, both["daily"]["limit"]["amount"], both["daily"]["used"]["amount"]) == (200, 2 * GB, 3 * GB)
    assert both["daily"]["endsAt"].endswith("T16:00:00Z")
    assert (one["daily"], one["monthly"]["limit"]["amount"]) == (None, 50 * GB)
    assert (too_little, half) == (422, 422)
    assert program.get(f"{path}/budget")[1] == one
    program.do("put", f"{path}/budget", {"dailyBytes": None, "monthlyBytes": None})
    assert not UsageBudget.objects.exists()


def test_usage_by_month_and_of_one_kind(program, line, path):
    today = timezone.now().date()
    DailyUsage.objects.create(line=line, date=today, data_bytes=3 * MB, voice_seconds=90)

    months = program.get(f"{path}/usage/months")[1]

    assert (len(months), months[-1]["usageMonth"]) == (12, f"{today:%Y-%m}")
    assert [one["value"] for one in months[-1]["usageCharacteristic"]] == [3 * MB, 90, 0]
    assert [one["value"] for one in months[0]["usageCharacteristic"]] == [0, 0, 0]
    assert program.get(f"{path}/usage/records", measure="calls")[1]["items"] == []
    assert program.get(f"{path}/usage/records", measure="letters")[0] == 422


def test_full_speed_is_told_of_an_unlimited_plan_only(program, line, path):
    before = program.get(f"{path}/full-speed")[1]
    unlimited = make.make_plan(data_bytes=None, daily_cap_bytes=10 * GB, throttled_kbps=512)
    make.make_allowance(line=line, plan=unlimited, data_bytes=None, daily_cap_bytes=10 * GB, throttled_kbps=512)
    DailyUsage.objects.create(line=line, date=timezone.now().date(), data_bytes=10 * GB)

    meter = program.get(f"{path}/full-speed")[1]["meter"]

    assert before == {"meter": None}
    assert (meter["used"]["amount"], meter["isSlow"], meter["throttledKbps"]) == (10 * GB, True, 512)


def test_the_sim_is_named_without_its_secrets(program, line, path):
    profile = line.profiles.get()
    profile.pin = "47110815"
    profile.save()

    told = program.get(f"{path}/sim")[1]

    assert (told["iccid"], told["downloadState"]) == (profile.iccid, "released")
    assert "47110815" not in str(told)
    assert profile.activation_code not in str(told)


def test_plans_are_ranked_by_the_days_of_the_line(program, line, path, plan):
    today = timezone.now().date()
    few = program.get(f"{path}/advice")[1]
    for back in range(1, 29):
        DailyUsage.objects.create(line=line, date=today - timedelta(days=back), data_bytes=200 * MB)

    told = program.get(f"{path}/advice")[1]

    assert (few["confidence"], few["items"], few["since"]) == ("too_little", [], None)
    [one] = told["items"]
    assert (one["productOffering"]["id"], one["isPresent"], one["fits"]) == (plan.public_id, True, True)
    assert program.get(f"{path}/advice", country="JP")[1]["items"] == []


def test_figures_that_look_wrong_reach_support_with_what_was_shown(program, line, path):
    wish = {"text": "I used nothing today."}

    [first, again] = [program.do("post", f"{path}/usage/looks-wrong", wish, key="k1") for _ in range(2)]

    ticket = Ticket.objects.get()
    assert (first[0], first[1]["id"], again) == (201, ticket.public_id, first)
    assert ticket.references["line"] == line.public_id
    assert program.do("post", f"/tickets/{ticket.public_id}/close")[1]["state"] == "closed"


def test_people_are_read_and_sent_away_and_never_let_in(program, client, line, path, subscriber):
    member, invitation = (
        make.make_member(line=line),
        make.make_invitation(line=line, expires_at=timezone.now() + timedelta(days=1)),
    )

    told = program.get(f"{path}/people")[1]
    program.do("delete", f"{path}/invitations/{invitation.public_id}")
    left = program.do("delete", f"{path}/people/{member.public_id}")[1]

    assert ([one["email"] for one in told["members"]], [one["email"] for one in told["invitations"]]) == (
        [member.user.email],
        [invitation.email],
    )
    assert (left["members"], left["invitations"]) == ([], [])
    assert LineInvitation.objects.get().state == "withdrawn"
    assert program.do("post", f"{path}/people", {"email": "x@example.com"})[0] == 405
