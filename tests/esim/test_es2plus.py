"""ES2+ on the wire: what is sent, whom it is sent to, and what each answer means."""

import json
from contextlib import contextmanager, suppress
from dataclasses import replace
from traceback import format_exception

import pytest

from esim import suspension
from esim.activation import ActivationCode
from esim.carriers.base import CarrierRefused, NotAsked, OutcomeUnknown, ProfileSpoilt, Reinstall
from esim.carriers.es2plus import Es2PlusCarrier
from esim.models import DownloadState, ServiceState
from portal.lib.http import Tls
from tests import make
from tests.esim.es2plus import ADDRESS, EID, MATCHING_ID, ask_for, by_type, carrier_for, settings_for
from tests.fakes.smdp.profiles import NotInstalled
from tests.fakes.smdp.server import PROFILE_TYPE, REQUESTER, SmDpServer

HEADERS = ("Content-Type", "X-Admin-Protocol")


@pytest.fixture
def carrier(smdp, certificates):
    return carrier_for(smdp, certificates)


def said(call):
    body = json.loads(call.body)
    body["header"].pop("functionCallIdentifier")
    return body


def test_an_order_by_iccid_reads_on_the_wire_as_the_standard_has_it(carrier, smdp):
    carrier.order_profile(ask_for(smdp.iccids[0], eid=EID, confirmation_code="49281700"))

    header = {"functionRequesterIdentifier": REQUESTER}
    order, confirm = smdp.calls
    assert [call.path for call in smdp.calls] == [f"/gsma/rsp2/es2plus/{name}Order" for name in ("download", "confirm")]
    assert [order.headers[name] for name in HEADERS] == ["application/json", "gsma/rsp/v2.2.0"]
    assert said(order) == {"header": header, "iccid": "8988247000000000010F", "eid": EID}
    assert said(confirm) == {
        "header": header,
        "iccid": "8988247000000000010F",
        "eid": EID,
        "matchingId": MATCHING_ID,
        "confirmationCode": "49281700",
        "releaseFlag": True,
    }


def test_an_order_by_type_names_the_type_and_confirms_what_was_allocated(smdp, certificates):
    carrier = by_type(smdp, certificates)

    iccid = carrier.allocate(ask_for(""))
    carrier.order_profile(ask_for(iccid))

    assert said(smdp.calls[0])["profileType"] == PROFILE_TYPE
    assert "iccid" not in said(smdp.calls[0])
    assert (iccid, smdp.paths()) == (smdp.iccids[0], ["downloadOrder", "confirmOrder"])


def test_every_call_has_an_identifier_of_its_own(carrier, smdp):
    for number in range(3):
        carrier.order_profile(ask_for(smdp.iccids[number], matching_id=f"ID-{number}"))

    ids = [json.loads(call.body)["header"]["functionCallIdentifier"] for call in smdp.calls]
    assert len(set(ids)) == len(ids) == 6


def test_the_code_leads_a_device_to_the_profile(carrier, smdp):
    ordered = carrier.order_profile(ask_for(smdp.iccids[0], confirmation_code="49281700"))

    code = ActivationCode.parse(ordered.activation_code)
    assert ordered.activation_code == f"1${ADDRESS}${MATCHING_ID}$$1"
    assert (ordered.iccid, ordered.profile_type) == (smdp.iccids[0], PROFILE_TYPE)
    with pytest.raises(NotInstalled):
        smdp.smdp.install(code.matching_id, eid=EID)
    assert smdp.smdp.install(code.matching_id, eid=EID, confirmation_code="49281700").iccid == ordered.iccid


def test_an_address_that_the_smdp_names_wins(carrier, smdp):
    smdp.smdp.names_address = "testsmdpplus1.example.com"

    ordered = carrier.order_profile(ask_for(smdp.iccids[0]))

    assert ordered.activation_code == f"1$testsmdpplus1.example.com${MATCHING_ID}"
    assert ordered.smdp_address == "testsmdpplus1.example.com"


def test_asked_again_it_is_the_same_profile_and_the_same_code(carrier, smdp):
    ask = ask_for(smdp.iccids[0])

    first, again = carrier.order_profile(ask), carrier.order_profile(replace(ask, is_first=False))

    assert again.activation_code == first.activation_code
    assert len(smdp.smdp.taken()) == 1


def test_a_profile_that_somebody_had_before_the_first_ask_is_not_ours(carrier, smdp):
    carrier.order_profile(ask_for(smdp.iccids[0], matching_id="OF-SOMEBODY-ELSE"))

    with pytest.raises(ProfileSpoilt):
        carrier.order_profile(ask_for(smdp.iccids[0]))

    assert smdp.smdp.profiles[smdp.iccids[0]].matching_id == "OF-SOMEBODY-ELSE"


LOST = ["drop_before", "drop_after", "503", "503_after", "expired", "garbage", "wrong_types"]


@pytest.mark.parametrize("function", ["downloadOrder", "confirmOrder"])
@pytest.mark.parametrize("fault", LOST)
def test_no_answer_is_no_refusal_and_ends_in_one_profile(carrier, smdp, function, fault):
    ask = ask_for(smdp.iccids[0])
    smdp.fail(function, fault)

    with pytest.raises(OutcomeUnknown) as lost:
        carrier.order_profile(ask)
    calls = len(smdp.calls)
    ordered = carrier.order_profile(replace(ask, is_first=False))

    assert not isinstance(lost.value, NotAsked)
    assert calls == (1 if function == "downloadOrder" else 2)  # nothing is repeated by itself
    assert [one.iccid for one in smdp.smdp.taken()] == [ordered.iccid]
    assert smdp.smdp.install(ActivationCode.parse(ordered.activation_code).matching_id, eid=EID)


def test_a_slow_answer_is_not_waited_for_longer_than_agreed(smdp, certificates):
    carrier = carrier_for(smdp, certificates, read_timeout=0.2)
    smdp.fail("downloadOrder", "slow")

    with pytest.raises(OutcomeUnknown, match="no_answer"):
        carrier.order_profile(ask_for(smdp.iccids[0]))


@pytest.mark.parametrize("fault", ["busy", "429"])
def test_who_is_turned_away_knows_that_nothing_was_done(carrier, smdp, fault):
    smdp.fail("downloadOrder", fault)

    with pytest.raises(NotAsked):
        carrier.order_profile(ask_for(smdp.iccids[0]))

    assert smdp.smdp.taken() == []


def test_executed_with_a_warning_is_executed(carrier, smdp):
    smdp.fail("downloadOrder", "warning")

    assert carrier.order_profile(ask_for(smdp.iccids[0])).iccid == smdp.iccids[0]


def test_what_is_refused_about_the_profile_spoils_it_and_other_refusals_do_not(carrier, smdp):
    refused = {}
    for codes in (("8.2.1", "3.9"), ("8.2.1", "1.2"), ("8.2.5", "3.7"), ("1.1", "1.2")):
        smdp.es2plus.refusing["downloadOrder"] = codes
        with pytest.raises(CarrierRefused) as error:
            carrier.order_profile(ask_for(smdp.iccids[0]))
        refused[codes] = isinstance(error.value, ProfileSpoilt)
        assert error.value.reason.startswith("/".join(codes))

    assert list(refused.values()) == [True, True, False, False]


def test_a_profile_that_cannot_be_confirmed_is_given_back(carrier, smdp):
    smdp.es2plus.refusing["confirmOrder"] = ("8.1.1", "3.10")

    with pytest.raises(CarrierRefused) as error:
        carrier.order_profile(ask_for(smdp.iccids[0]))

    assert not isinstance(error.value, ProfileSpoilt)
    assert smdp.paths() == ["downloadOrder", "confirmOrder", "cancelOrder"]
    assert smdp.smdp.taken() == []


def test_one_that_cannot_be_given_back_is_not_sold_again(carrier, smdp):
    smdp.es2plus.refusing = {"confirmOrder": ("8.1.1", "3.10"), "cancelOrder": ("1.1", "1.2")}

    with pytest.raises(ProfileSpoilt):
        carrier.order_profile(ask_for(smdp.iccids[0]))


def test_an_ended_profile_is_no_longer_to_be_had_by_its_code(smdp, certificates, network, subscriber):
    carrier = carrier_for(smdp, certificates, network)
    ordered = carrier.order_profile(ask_for(smdp.iccids[0]))
    line = make.make_line(owner=subscriber, carrier="es2plus")
    profile = make.make_profile(line=line, iccid=ordered.iccid, download_state=DownloadState.RELEASED)
    profile.activation_code = ordered.activation_code
    profile.save()

    for _time in range(2):
        carrier.terminate(key="ord_1", iccid=ordered.iccid)

    assert network.terminated == {ordered.iccid}
    with pytest.raises(NotInstalled):
        smdp.smdp.install(MATCHING_ID, eid=EID)


def test_one_that_is_on_a_device_is_ended_in_the_network(smdp, certificates, network, subscriber):
    carrier = carrier_for(smdp, certificates, network)
    carrier.order_profile(ask_for(smdp.iccids[0]))
    line = make.make_line(owner=subscriber, carrier="es2plus")
    make.make_profile(line=line, iccid=smdp.iccids[0], download_state=DownloadState.INSTALLED)

    carrier.terminate(key="ord_1", iccid=smdp.iccids[0])

    assert "cancelOrder" not in smdp.paths()
    assert network.terminated == {smdp.iccids[0]}


def test_a_line_that_the_network_ended_has_ended_whatever_the_smdp_says(
    smdp, certificates, network, subscriber, now, caplog
):
    carrier = carrier_for(smdp, certificates, network)
    ordered = carrier.order_profile(ask_for(smdp.iccids[0]))
    line = make.make_line(owner=subscriber, carrier="es2plus")
    make.make_profile(line=line, iccid=ordered.iccid, activation_code=ordered.activation_code)
    smdp.es2plus.refusing["cancelOrder"] = ("1.1", "1.2")

    assert suspension.terminate(line=line, key="svc_1", carrier=carrier, now=now)

    assert network.terminated == {ordered.iccid}
    assert line.service_state == ServiceState.TERMINATED
    assert "still to be had at the SM-DP+: 1.1/1.2" in caplog.text


def test_number_and_puk_come_from_the_network_that_knows_them(smdp, certificates, network):
    network.about[smdp.iccids[0]] = {"msisdn": "+14155550100", "puk": "12345678", "more": 1}
    carrier = carrier_for(smdp, certificates, network)

    known, unknown = (carrier.order_profile(ask_for(iccid, matching_id=f"ID-{iccid}")) for iccid in smdp.iccids[:2])

    assert (known.msisdn, known.puk, known.pin) == ("+14155550100", "12345678", "")
    assert (unknown.msisdn, unknown.puk) == ("", "")


def test_what_is_offered_follows_from_what_is_configured(smdp, certificates, network):
    alone = carrier_for(smdp, certificates).capabilities
    with_network = carrier_for(smdp, certificates, network).capabilities
    settings = settings_for(smdp, certificates, network)
    few = Es2PlusCarrier(replace(settings, network=replace(settings.network, can=("grant", "suspend")))).capabilities

    def able(one):
        return one.suspension, one.taking_back, one.throttling, one.moving, one.reinstall

    assert able(alone) == able(few) == (False, False, False, False, Reinstall.UNSUPPORTED)
    assert able(with_network) == (True, True, True, True, Reinstall.NEW_PROFILE)
    assert (alone.usage_push, alone.usage_reports, alone.order_by_iccid) == (True, False, True)
    assert not by_type(smdp, certificates).capabilities.idempotent_ordering


# Who is believed, and who is let in.


def test_a_client_without_a_certificate_is_not_let_in(smdp, certificates):
    for tls in (
        Tls(ca=certificates.ca),
        Tls(ca=certificates.ca, cert=certificates.stranger.cert, key=certificates.stranger.key),
    ):
        carrier = carrier_for(smdp, certificates, tls=tls)
        with pytest.raises(OutcomeUnknown):
            carrier.order_profile(ask_for(smdp.iccids[0]))

    assert smdp.calls == []


def test_the_environment_cannot_replace_the_authority_that_is_pinned(smdp, certificates, monkeypatch):
    both = replace(certificates, server=certificates.impostor)
    with SmDpServer(both) as impostor:
        carrier = carrier_for(impostor, certificates)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, certificates.other_ca)
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

        with pytest.raises(NotAsked):
            carrier.order_profile(ask_for(smdp.iccids[0]))
        carrier_for(smdp, certificates).order_profile(ask_for(smdp.iccids[0]))

        assert impostor.calls == []


def test_control_the_impostor_is_heard_by_who_believes_its_authority(certificates):
    with SmDpServer(replace(certificates, server=certificates.impostor)) as impostor:
        iccid = impostor.stock(1)[0]
        tls = Tls(ca=certificates.other_ca, cert=certificates.client.cert, key=certificates.client.key)

        assert carrier_for(impostor, certificates, tls=tls).order_profile(ask_for(iccid)).iccid == iccid


def test_nobody_listening_is_known_to_be_nothing_done(smdp, certificates):
    smdp.shutdown()
    smdp.server_close()

    with pytest.raises(NotAsked):
        carrier_for(smdp, certificates).order_profile(ask_for(smdp.iccids[0]))


def test_no_log_and_no_error_tells_a_code(carrier, smdp, caplog):
    caplog.set_level("DEBUG")
    smdp.fail("confirmOrder", "wrong_types", "garbage", "drop_after")
    ask = ask_for(smdp.iccids[0], confirmation_code="49281700")

    told = []
    for number in range(4):
        with suppress(OutcomeUnknown), told_of(told):
            carrier.order_profile(replace(ask, is_first=number == 0))

    assert len(told) == 3
    assert MATCHING_ID not in "".join(told) + caplog.text
    assert "49281700" not in "".join(told) + caplog.text


@contextmanager
def told_of(errors):
    """Write down what an error says."""
    try:
        yield
    except OutcomeUnknown as error:
        errors.append("".join(format_exception(error)))
        raise
