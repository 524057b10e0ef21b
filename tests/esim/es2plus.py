"""ES2+ carriers for tests, at the fakes of an SM-DP+ and of the network behind it."""

from dataclasses import replace

from esim.carriers.base import ProfileAsk
from esim.carriers.es2plus import Es2PlusCarrier
from esim.carriers.es2plus_settings import BY_TYPE, Es2PlusSettings, NetworkSettings
from esim.models import SimCard
from portal.lib.http import Tls
from tests.fakes.operator_network import TOKEN
from tests.fakes.smdp.server import PROFILE_TYPE, REQUESTER

ADDRESS = "rsp.example.com"
EID = "89049032123451234512345678901235"
MATCHING_ID = "ABCDE-FGHIJ-KLMNO-PQRST"


def settings_for(smdp, certificates, network=None, **about):
    tls = Tls(ca=certificates.ca, cert=certificates.client.cert, key=certificates.client.key)
    behind = NetworkSettings(url=network.base, token=TOKEN) if network else NetworkSettings()
    about = {"read_timeout": 5, "tls": tls, "network": behind, **about}
    return Es2PlusSettings(
        **{
            "url": smdp.url,
            "requester_id": REQUESTER,
            "smdp_address": ADDRESS,
            "profile_type": PROFILE_TYPE,
            **about,
        }
    )


def carrier_for(smdp, certificates, network=None, **about):
    return Es2PlusCarrier(settings_for(smdp, certificates, network, **about))


def by_type(smdp, certificates, network=None, **about):
    return carrier_for(smdp, certificates, network, order_by=BY_TYPE, **about)


def ask_for(iccid, *, key="ord_1", **about):
    asked = ProfileAsk(key=key, profile_type=PROFILE_TYPE, iccid=iccid, matching_id=MATCHING_ID, is_first=True)
    return replace(asked, **about)


def stock_of(iccids):
    """Put these into the portal's own stock."""
    return [SimCard.objects.create(iccid=iccid, carrier="es2plus", profile_type=PROFILE_TYPE) for iccid in iccids]
