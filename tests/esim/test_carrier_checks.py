"""Which carrier an installation uses, and with what it does not start."""

import pytest

from esim import carriers
from esim.carriers.esimgo import EsimGoCarrier
from esim.checks import esimgo_settings


@pytest.fixture
def esimgo(settings):
    settings.CARRIER, settings.ESIMGO_API_KEY = "esimgo", "a-key"
    settings.PLAYGROUND = False
    return settings


def ids():
    return [message.id for message in esimgo_settings()]


def test_esim_go_is_built_from_the_settings(esimgo):
    esimgo.ESIMGO_APN = "data.example"

    carrier = carriers.chosen()

    assert isinstance(carrier, EsimGoCarrier)
    assert (carrier.name, carrier.apn) == ("esimgo", "data.example")
    assert ids() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ESIMGO_API_KEY": ""}, ["esimgo.E001"]),
        ({"ESIMGO_API_BASE": "https://elsewhere.example/v2.5"}, ["esimgo.E002"]),
        ({"PLAYGROUND": True}, ["esimgo.E003"]),
        ({"PLAYGROUND": True, "ESIMGO_API_BASE": "http://127.0.0.1:9/v2.5"}, []),
        ({"CARRIER": "simulated", "ESIMGO_API_KEY": ""}, []),
    ],
)
def test_half_a_configuration_is_refused(esimgo, changes, expected):
    for name, value in changes.items():
        setattr(esimgo, name, value)

    assert ids() == expected


def test_the_key_is_printed_nowhere(esimgo):
    esimgo.ESIMGO_API_KEY = "secret-of-the-organisation"

    carrier = carriers.chosen()

    said = repr(carrier) + repr(vars(carrier)) + repr(vars(carrier._client)) + repr(esimgo_settings())
    assert "secret-of-the-organisation" not in said
