"""The contract with the operator's own provisioning system (docs/operator-network.md)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from esim.carriers.base import CarrierRefused, NotAsked, OutcomeUnknown
from esim.carriers.es2plus_settings import NetworkSettings
from esim.carriers.operator_network import OperatorNetwork
from plans.terms import PlanTerms
from tests import make
from tests.fakes.operator_network import TOKEN

ICCID, OTHER = "8988247000000000010", "8988247000000000011"


@pytest.fixture
def asked(network):
    return OperatorNetwork(NetworkSettings(url=network.base, token=TOKEN, read_timeout=5))


@pytest.fixture
def given(db, now):
    return {"terms": PlanTerms.of(make.make_plan()), "starts_at": now, "ends_at": now + timedelta(days=30)}


def test_each_call_does_what_it_says_once_for_each_key(asked, network, given):
    for _time in range(2):
        asked.grant(key="ord_1", iccid=ICCID, **given)
        asked.suspend(key="svc_1", iccid=ICCID)
        asked.resume(key="svc_2", iccid=ICCID)
        asked.throttle(key="thr_1", iccid=ICCID, kbps=256)
        asked.throttle(key="thr_2", iccid=OTHER, kbps=None)
        asked.move(key="rpl_1", from_iccid=ICCID, to_iccid=OTHER)
        asked.terminate(key="rpl_1", iccid=ICCID)

    assert network.grants["ord_1"][:2] == (OTHER, given["terms"].code), "it went over with the number"
    assert (network.suspended, network.speeds) == (set(), {ICCID: 256, OTHER: None})
    assert (network.moved, network.terminated) == ([(ICCID, OTHER)], {ICCID})


def test_an_old_request_that_comes_again_undoes_nothing(asked, network):
    asked.suspend(key="svc_1", iccid=ICCID)
    asked.resume(key="svc_2", iccid=ICCID)
    asked.suspend(key="svc_1", iccid=ICCID)

    assert network.suspended == set()


def test_one_purchase_grants_and_revokes_under_its_key(asked, network, given):
    asked.grant(key="ord_1", iccid=ICCID, **given)
    for _time in range(2):
        asked.revoke(key="ord_1", iccid=ICCID, only_unused=True)

    assert network.grants == {}


def test_a_grant_that_is_asked_for_again_after_a_move_is_the_same_grant(asked, network, given):
    asked.grant(key="ord_1", iccid=ICCID, **given)
    asked.move(key="rpl_1", from_iccid=ICCID, to_iccid=OTHER)
    asked.grant(key="ord_1", iccid=OTHER, **given)

    assert [iccid for iccid, *_terms in network.grants.values()] == [OTHER]


def test_a_grant_that_comes_too_late_for_the_old_profile_is_refused_and_carried_out_on_the_new_one(
    asked, network, given
):
    asked.move(key="rpl_1", from_iccid=ICCID, to_iccid=OTHER)
    with pytest.raises(CarrierRefused, match="moved_away"):
        asked.grant(key="ord_1", iccid=ICCID, **given)
    asked.grant(key="ord_1", iccid=OTHER, **given)

    assert [iccid for iccid, *_terms in network.grants.values()] == [OTHER]


def test_a_no_is_their_own_word(asked, network, given):
    network.known, network.used = {ICCID}, {ICCID}
    asked.grant(key="ord_1", iccid=ICCID, **given)

    with pytest.raises(CarrierRefused, match="used"):
        asked.revoke(key="ord_1", iccid=ICCID, only_unused=True)
    with pytest.raises(CarrierRefused, match="unknown_profile"):
        asked.suspend(key="svc_1", iccid=OTHER)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "503", "503_after"])
def test_no_answer_is_no_refusal_and_asking_again_does_it_once(asked, network, fault):
    network.fail("suspend", fault)

    with pytest.raises(OutcomeUnknown):
        asked.suspend(key="svc_1", iccid=ICCID)
    asked.suspend(key="svc_1", iccid=ICCID)

    assert network.suspended == {ICCID}


def test_what_it_cannot_do_is_refused_without_asking(network):
    settings = NetworkSettings(url=network.base, token=TOKEN, can=("grant",))

    for settled in (settings, NetworkSettings()):
        with pytest.raises(CarrierRefused, match="network_without_throttle"):
            OperatorNetwork(settled).throttle(key="thr_1", iccid=ICCID, kbps=1)
        assert OperatorNetwork(settled).profile(ICCID).msisdn == ""

    assert network.calls == []


def test_a_wrong_token_is_nobodys_refusal(network):
    asked = OperatorNetwork(NetworkSettings(url=network.base, token="another"))

    with pytest.raises(NotAsked):
        asked.suspend(key="svc_1", iccid=ICCID)


def test_its_answers_of_other_shapes_are_none(asked, network):
    network.about[ICCID] = {"msisdn": 4}

    with pytest.raises(OutcomeUnknown):
        asked.profile(ICCID)
    network.fail(ICCID, "garbage")
    with pytest.raises(OutcomeUnknown):
        asked.profile(ICCID)


def test_settings_print_no_token(network):
    settings = NetworkSettings(url=network.base, token=TOKEN)

    assert TOKEN not in repr(replace(settings, can=()))
