"""With what settings an SM-DP+ is not asked for anything."""

from ipaddress import ip_network

import pytest

from esim import carriers
from esim.carriers.es2plus import Es2PlusCarrier
from esim.es2plus_checks import es2plus_settings

SET = {
    "CARRIER": "es2plus",
    "PLAYGROUND": False,
    "ES2PLUS_URL": "https://smdp.example.com:8443",
    "ES2PLUS_REQUESTER_ID": "1.3.6.1.4.1.99999.1",
    "ES2PLUS_SMDP_ADDRESS": "rsp.example.com",
    "ES2PLUS_NETWORK_URL": "https://provisioning.example.com/portal/v1",
    "ES2PLUS_NETWORK_TOKEN": "a-token",
    "ES2PLUS_CALLBACK_SECRET": "0123456789abcdef" * 4,
}


@pytest.fixture
def es2plus(settings, certificates):
    """Settings with which everything works."""
    files = {
        "ES2PLUS_CA": certificates.ca,
        "ES2PLUS_CLIENT_CERT": certificates.client.cert,
        "ES2PLUS_CLIENT_KEY": certificates.client.key,
    }
    for name, value in {**SET, **files}.items():
        setattr(settings, name, value)
    return settings


def ids():
    return [message.id for message in es2plus_settings()]


def test_the_carrier_is_built_from_the_settings(es2plus):
    es2plus.ES2PLUS_APN = "data.example"

    carrier = carriers.chosen()

    assert isinstance(carrier, Es2PlusCarrier)
    assert (carrier.name, carrier.apn, carrier.capabilities.order_by_iccid) == ("es2plus", "data.example", True)
    assert ids() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ES2PLUS_URL": "http://smdp.example.com"}, ["es2plus.E001"]),
        ({"ES2PLUS_URL": "", "ES2PLUS_REQUESTER_ID": "us"}, ["es2plus.E001", "es2plus.E002"]),
        ({"ES2PLUS_SMDP_ADDRESS": "https://rsp.example.com"}, ["es2plus.E003"]),
        ({"ES2PLUS_ORDER_BY": "profile_type"}, ["es2plus.E004"]),
        ({"ES2PLUS_CA": "/nowhere/ca.pem"}, ["es2plus.E005"]),
        ({"ES2PLUS_CLIENT_KEY": ""}, ["es2plus.E006"]),
        ({"ES2PLUS_NETWORK_CAN": ("grant", "fly")}, ["es2plus.E007"]),
        ({"ES2PLUS_NETWORK_URL": ""}, ["es2plus.E008"]),
        ({"ES2PLUS_NETWORK_CAN": ("suspend", "resume")}, ["es2plus.E008"]),
        ({"ES2PLUS_NETWORK_TOKEN": ""}, ["es2plus.E009"]),
        ({"ES2PLUS_CALLBACK_SECRET": "short"}, ["es2plus.E010"]),
        ({"ES2PLUS_CALLBACK_SECRET": "", "ES2PLUS_CALLBACK_PROXIES": [ip_network("10.0.0.5")]}, ["es2plus.W001"]),
        ({"PLAYGROUND": True, "ES2PLUS_NETWORK_URL": "", "ES2PLUS_URL": "http://127.0.0.1:9"}, []),
        ({"CARRIER": "simulated", "ES2PLUS_URL": "", "ES2PLUS_NETWORK_URL": ""}, []),
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_by_name(es2plus, changes, expected):
    for name, value in changes.items():
        setattr(es2plus, name, value)

    assert ids() == expected
