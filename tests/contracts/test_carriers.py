"""What every carrier keeps: the promises of `esim/carriers/base.py`."""

import logging
from functools import partial
from traceback import format_exception

import pytest

from esim.activation import ActivationCode
from esim.carriers.base import CarrierRefused, OutcomeUnknown, Reinstall, SeesDevices
from esim.models import DownloadState
from esim.usage import ingest
from tests.contracts.carrier_worlds import ALL, REMOTE, enter

pytestmark = pytest.mark.django_db

HELD_BY = {
    "suspend": "suspension",
    "resume": "suspension",
    "throttle": "throttling",
    "move": "moving",
    "revoke": "taking_back",
}
"""Which capability tells whether a call is any use."""


@pytest.fixture(params=ALL)
def world(request, subscriber, now):
    with enter(request.param, request=request, subscriber=subscriber, now=now) as made:
        yield made


@pytest.fixture(params=REMOTE)
def remote(request, subscriber, now):
    """A network that is reached over HTTP, where answers get lost."""
    with enter(request.param, request=request, subscriber=subscriber, now=now) as made:
        yield made


def test_the_same_key_is_the_same_profile(world):
    first, again, other = world.order("ord_1"), world.order("ord_1"), world.order("ord_2")

    assert (again.iccid, again.activation_code) == (first.iccid, first.activation_code)
    assert (other.iccid, other.activation_code) != (first.iccid, first.activation_code)


def test_the_activation_code_is_one_a_phone_takes(world):
    ordered = world.order("ord_1")

    code = ActivationCode.parse(ordered.activation_code)
    assert code.smdp_address == ordered.smdp_address
    assert str(code) == ordered.activation_code


def test_an_order_whose_answer_is_lost_is_not_placed_twice(remote):
    remote.lose("order_profile")

    with pytest.raises(OutcomeUnknown):
        remote.order("ord_1")
    found = remote.order("ord_1")

    assert remote.profiles == 1
    assert remote.order("ord_1").iccid == found.iccid


def test_a_grant_is_given_once_for_each_key_whatever_gets_lost(remote):
    iccid = remote.order("ord_1").iccid
    for key in ("ord_1", "ord_1", "ord_2"):
        remote.grant(key, iccid)
    remote.lose("grant")

    with pytest.raises(OutcomeUnknown):
        remote.grant("ord_3", iccid)
    remote.grant("ord_3", iccid)

    assert remote.granted(iccid) == 3


@pytest.mark.parametrize("fault", ["drop_before", "503", "garbage", "slow", "429"])
def test_trouble_on_the_way_is_no_refusal_and_ends_in_one_profile(remote, fault):
    remote.fail("order_profile", fault)

    with pytest.raises(OutcomeUnknown):
        remote.order("ord_1")
    remote.wait()
    remote.order("ord_1")

    assert remote.profiles == 1


def test_a_no_is_told_from_silence_and_may_be_asked_again(remote):
    remote.refuse_orders()

    for _time in range(2):
        with pytest.raises(CarrierRefused):
            remote.order("ord_1")

    assert remote.profiles == 0


def test_an_unknown_profile_is_refused(world):
    with pytest.raises(CarrierRefused):
        world.grant("ord_1", "8999999999999999999")


def test_suspending_and_resuming_may_be_repeated_and_lose_their_answers(remote):
    if not remote.carrier.capabilities.suspension:
        pytest.skip("it suspends nobody")
    iccid = remote.order("ord_1").iccid
    seen = []

    for call, key in (("suspend", "svc_1"), ("resume", "svc_2")):
        remote.lose(call)
        with pytest.raises(OutcomeUnknown):
            getattr(remote.carrier, call)(key=key, iccid=iccid)
        for _time in range(2):
            getattr(remote.carrier, call)(key=key, iccid=iccid)
        seen.append(remote.is_suspended(iccid))

    assert seen == [True, False]


def test_what_was_granted_is_taken_back_once(remote):
    if not remote.carrier.capabilities.taking_back:
        pytest.skip("it takes nothing back")
    iccid = remote.order("ord_1").iccid
    remote.grant("ord_1", iccid)
    remote.grant("ord_2", iccid)
    remote.lose("revoke")

    with pytest.raises(OutcomeUnknown):
        remote.carrier.revoke(key="ord_2", iccid=iccid, only_unused=True)
    for _time in range(2):
        remote.carrier.revoke(key="ord_2", iccid=iccid, only_unused=True)

    assert remote.granted(iccid) == 1


def test_what_was_used_is_not_taken_back_as_unused(remote):
    if not remote.carrier.capabilities.taking_back:
        pytest.skip("it takes nothing back")
    iccid = remote.order("ord_1").iccid
    remote.grant("ord_1", iccid)
    remote.use(iccid, 1000)

    with pytest.raises(CarrierRefused):
        remote.carrier.revoke(key="ord_1", iccid=iccid, only_unused=True)
    remote.carrier.revoke(key="ord_1", iccid=iccid, only_unused=False)

    assert remote.granted(iccid) == 0


def test_a_profile_is_ended_for_good_and_may_be_ended_again(remote):
    iccid = remote.order("ord_1").iccid
    remote.lose("terminate")

    with pytest.raises(OutcomeUnknown):
        remote.carrier.terminate(key="ord_1", iccid=iccid)
    for _time in range(2):
        remote.carrier.terminate(key="ord_1", iccid=iccid)

    assert remote.is_ended(iccid)


def test_usage_counts_once_however_often_it_is_asked_for(remote):
    if not remote.carrier.capabilities.usage_reports:
        pytest.skip("it does not tell of usage when asked")
    ordered = remote.order("ord_1")
    remote.grant("ord_1", ordered.iccid)
    line = remote.subscriber.lines.get()
    ask = partial(remote.carrier.usage_since, iccid=ordered.iccid, since=line.created_at, until=remote.now)
    used = []

    for amount in (700, 0, 300):
        remote.use(ordered.iccid, amount)
        ingest(line=line, reports=[*ask(), *ask()], source=remote.carrier.name, now=remote.now)
        used.append(sum(line.usage_records.values_list("data_bytes", flat=True)))

    assert used == [700, 700, 1000]


def test_a_new_profile_waits_for_its_device(world):
    iccid = world.order("ord_1").iccid

    assert world.carrier.profile_status(iccid=iccid, now=world.now).download_state == DownloadState.RELEASED


def test_a_profile_deleted_by_accident_comes_back_with_its_code_where_it_says_so(world):
    ordered = world.order("ord_1")
    world.delete_from_device(ordered.iccid)

    for _time in range(2):
        if world.carrier.capabilities.reinstall == Reinstall.SAME_CODE:
            again = world.carrier.reinstall(key="rep_1", iccid=ordered.iccid)
            assert again.activation_code == ordered.activation_code
        else:
            with pytest.raises(CarrierRefused):
                world.carrier.reinstall(key="rep_1", iccid=ordered.iccid)


def test_what_it_cannot_do_is_refused_and_what_it_can_is_done(world):
    carrier, iccid, other = world.carrier, world.order("ord_1").iccid, world.order("ord_2").iccid
    world.grant("ord_1", iccid)
    calls = {
        "suspend": partial(carrier.suspend, key="svc_1", iccid=iccid),
        "resume": partial(carrier.resume, key="svc_2", iccid=iccid),
        "throttle": partial(carrier.throttle, key="thr_1", iccid=iccid, kbps=128),
        "move": partial(carrier.move, key="rep_1", from_iccid=iccid, to_iccid=other),
        "revoke": partial(carrier.revoke, key="ord_1", iccid=iccid, only_unused=True),
    }
    for name, call in calls.items():
        if getattr(carrier.capabilities, HELD_BY[name]):
            call()
        else:
            with pytest.raises(CarrierRefused):
                call()


def test_who_sees_devices_has_not_seen_one_that_nobody_switched_on(world, now):
    if not isinstance(world.carrier, SeesDevices):
        pytest.skip("it does not tell when a device was on its network")

    assert world.carrier.last_seen(iccid=world.order("ord_1").iccid, now=now) is None
    with pytest.raises(CarrierRefused):
        world.carrier.last_seen(iccid="8999900000000000000", now=now)


def test_no_secret_is_said_where_all_goes_well(world, caplog):
    caplog.set_level(logging.DEBUG)
    ordered = world.order("ord_1")

    said = [repr(ordered), repr(world.ask("ord_1")), repr(world.carrier), caplog.text]

    assert not [secret for secret in world.secrets for text in said if secret in text]


def test_no_secret_is_said_where_answers_cannot_be_read(remote, caplog):
    caplog.set_level(logging.DEBUG)
    said = []

    for key in ("garbage", "503", "drop_after"):
        remote.fail("order_profile", key)
        with pytest.raises(OutcomeUnknown) as trouble:
            remote.order(key)
        said += [repr(trouble.value), "".join(format_exception(trouble.value))]
    remote.wait()
    for key in ("garbage", "503", "drop_after"):
        remote.order(key)

    said.append(caplog.text)
    assert not [secret for secret in remote.secrets for text in said if secret in text]
