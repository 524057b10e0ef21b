"""The simulated network: the same question has the same answer, and the demo lives."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from esim.activation import ActivationCode
from esim.carriers import chosen
from esim.carriers.base import CarrierRefused, ProfileAsk
from esim.carriers.simulated import SimulatedCarrier
from esim.identifiers import normalised_iccid, with_luhn_digit
from esim.models import Allowance, DownloadState
from esim.provisioning import open_line
from esim.tasks import poll_usage as poll_usage_task
from esim.usage import poll_usage
from portal.lib.data_size import GB, MB
from tests import make

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def carrier():
    return SimulatedCarrier()


def fields(ordered):
    return [getattr(ordered, name) for name in type(ordered).__dataclass_fields__]


def test_the_same_key_is_the_same_profile(carrier):
    assert fields(carrier.order_profile(ProfileAsk(key="ord_1"))) == fields(
        carrier.order_profile(ProfileAsk(key="ord_1"))
    )


def test_profiles_of_two_keys_have_nothing_in_common(carrier):
    first, second = (fields(carrier.order_profile(ProfileAsk(key=key))) for key in ("ord_1", "ord_2"))

    # All but the address of the SM-DP+.
    assert len((set(first) & set(second)) - {""}) == 1


def test_its_numbers_are_well_formed(carrier):
    ordered = carrier.order_profile(ProfileAsk(key="ord_1"))
    code = ActivationCode.parse(ordered.activation_code)

    assert normalised_iccid(ordered.iccid) == ordered.iccid
    assert with_luhn_digit(ordered.iccid[:-1]) == ordered.iccid
    assert code.smdp_address == ordered.smdp_address
    # 20 letters of 5 bits: nobody guesses a line.
    assert len(code.matching_id.replace("-", "")) == 20
    assert ordered.msisdn.startswith("+1")
    assert len(ordered.msisdn) == 12


def test_a_printed_profile_shows_no_secret(carrier):
    ordered = carrier.order_profile(ProfileAsk(key="ord_1"))

    assert ordered.activation_code not in repr(ordered)


def test_an_unknown_profile_is_refused(carrier, db, now):
    with pytest.raises(CarrierRefused):
        carrier.profile_status(iccid="8944000000000000001", now=now)


def test_nothing_is_installed_before_the_code_was_shown(carrier, subscriber, now):
    line = open_line(owner=subscriber, purchase_id="ord_1", nickname="", carrier=carrier, now=now)

    status = carrier.profile_status(iccid=line.profiles.get().iccid, now=now + 30 * DAY)

    assert status.download_state == DownloadState.RELEASED


@pytest.mark.parametrize(
    ("minutes", "state"),
    [
        (0, DownloadState.RELEASED),
        (3, DownloadState.DOWNLOADED),
        (4, DownloadState.INSTALLED),
        (5, DownloadState.ENABLED),
    ],
)
def test_some_minutes_after_the_code_was_shown_the_line_is_on(carrier, subscriber, now, minutes, state):
    line = make.make_line(owner=subscriber, usage_poll_due_at=now)
    profile = make.make_profile(line=line, code_shown_at=now)

    poll_usage(carrier=carrier, now=now + minutes * MINUTE, limit=10)

    profile.refresh_from_db()
    assert profile.download_state == state
    assert (profile.eid == "") == (state == DownloadState.RELEASED)
    # SGP.29: 32 digits whose remainder by 97 is 1.
    assert profile.eid == "" or (len(profile.eid) == 32 and int(profile.eid) % 97 == 1)


def test_usage_is_the_same_whenever_it_is_asked_for(carrier, subscriber, now):
    line = make.make_line(owner=subscriber)
    profile = make.make_profile(line=line, download_state=DownloadState.ENABLED, created_at=now - 30 * DAY)
    make.make_allowance(line=line)

    whole = carrier.usage_since(iccid=profile.iccid, since=now - DAY, until=now)
    halves = [
        *carrier.usage_since(iccid=profile.iccid, since=now - DAY, until=now - DAY / 2),
        *carrier.usage_since(iccid=profile.iccid, since=now - DAY / 2, until=now),
    ]

    assert whole == halves
    assert len(whole) == 96
    assert all(now - DAY < one.at <= now for one in whole)
    assert 100 * MB < sum(one.data_bytes for one in whole) < 2 * GB


def test_nothing_flows_before_the_line_is_on(carrier, subscriber, now):
    line = make.make_line(owner=subscriber)
    profile = make.make_profile(line=line, code_shown_at=now - 65 * MINUTE)
    make.make_allowance(line=line)

    reports = carrier.usage_since(iccid=profile.iccid, since=now - DAY, until=now)

    assert [one.at for one in reports] == [now - 45 * MINUTE, now - 30 * MINUTE, now - 15 * MINUTE, now]


def test_nothing_flows_without_a_plan_or_when_it_is_used_up(carrier, subscriber, now):
    line = make.make_line(owner=subscriber)
    profile = make.make_profile(line=line, download_state=DownloadState.ENABLED, created_at=now - 30 * DAY)
    used_up = make.make_allowance(line=line, used_bytes=10 * GB)

    nothing_left = carrier.usage_since(iccid=profile.iccid, since=now - DAY, until=now)
    Allowance.objects.filter(pk=used_up.pk).update(ends_at=now - DAY / 2, used_bytes=0)
    half_a_day = carrier.usage_since(iccid=profile.iccid, since=now - DAY, until=now)

    assert nothing_left == []
    assert len(half_a_day) == 47


def test_the_simulation_refuses_to_go_live(settings):
    settings.PLAYGROUND = False

    with pytest.raises(ImproperlyConfigured):
        chosen()


def test_an_unknown_carrier_is_an_error(settings):
    settings.CARRIER = "acme"

    with pytest.raises(ImproperlyConfigured, match="acme"):
        chosen()


def test_the_task_and_the_command_ask_about_what_is_due(subscriber, now, capsys):
    line = make.make_line(owner=subscriber, usage_poll_due_at=now)
    make.make_profile(line=line)

    call_command("poll_usage", "--at", now.isoformat(), "--dry-run")
    call_command("poll_usage", "--at", now.isoformat())
    call_command("poll_usage", "--at", now.isoformat())
    poll_usage_task.delay()

    assert capsys.readouterr().out.splitlines() == [
        f"would ask about {line.public_id}",
        "asked about 1 lines",
        "asked about 0 lines",
    ]
