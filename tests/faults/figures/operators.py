"""An operator of its own: an SM-DP+ over HTTPS with client certificates, the network behind it, and a stock of profiles."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from esim.carriers.es2plus import Es2PlusCarrier
from tests.esim.es2plus import ADDRESS, carrier_for, stock_of
from tests.fakes.operator_network import TOKEN, OperatorNetworkServer
from tests.fakes.smdp.fixtures import Certificates
from tests.fakes.smdp.profiles import RELEASED
from tests.fakes.smdp.server import PROFILE_TYPE, REQUESTER, SmDpServer


@dataclass(kw_only=True)
class Operator:
    smdp: Any
    network: Any
    certificates: Certificates

    def stock(self, count: int) -> None:
        """Let the SM-DP+ and the portal have so many profiles, and no others."""
        self.smdp.smdp.profiles.clear()
        self.smdp.es2plus.complaints.clear()
        self.smdp.faults.clear()
        stock_of(self.smdp.stock(count))

    def carrier(self, **about: Any) -> Es2PlusCarrier:
        return carrier_for(self.smdp, self.certificates, self.network, **about)

    def taken(self) -> set[str]:
        """Return the ICCIDs of the profiles that somebody has."""
        return {profile.iccid for profile in self.smdp.smdp.taken()}

    def released(self) -> set[str]:
        """Return the ICCIDs of the profiles that a device could install."""
        return {profile.iccid for profile in self.smdp.smdp.taken() if profile.state == RELEASED}

    @property
    def environ(self) -> dict[str, str]:
        """What a portal needs to know to work with this operator."""
        return {
            "CARRIER": "es2plus",
            "ES2PLUS_URL": self.smdp.url,
            "ES2PLUS_REQUESTER_ID": REQUESTER,
            "ES2PLUS_CLIENT_CERT": self.certificates.client.cert,
            "ES2PLUS_CLIENT_KEY": self.certificates.client.key,
            "ES2PLUS_CA": self.certificates.ca,
            "ES2PLUS_SMDP_ADDRESS": ADDRESS,
            "ES2PLUS_PROFILE_TYPE": PROFILE_TYPE,
            "ES2PLUS_NETWORK_URL": self.network.base,
            "ES2PLUS_NETWORK_TOKEN": TOKEN,
        }


@contextmanager
def operator() -> Iterator[Operator]:
    with TemporaryDirectory(prefix="portal-operator-") as directory:
        certificates = Certificates.made_in(Path(directory))
        with SmDpServer(certificates) as smdp, OperatorNetworkServer() as network:
            yield Operator(smdp=smdp, network=network, certificates=certificates)
