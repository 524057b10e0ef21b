"""`certificates` once a run, an SM-DP+ and a network for each test."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from tests.fakes.operator_network import OperatorNetworkServer
from tests.fakes.smdp.certificates import Authority, Pair
from tests.fakes.smdp.server import SmDpServer


@dataclass(frozen=True, slots=True)
class Certificates:
    """`clients`: the authority that clients come from; `ca`: the one that signed the server."""

    ca: str
    clients: str
    server: Pair
    client: Pair
    stranger: Pair
    impostor: Pair
    other_ca: str

    @classmethod
    def made_in(cls, directory: Path) -> Self:
        ours, others = Authority(directory, "ours"), Authority(directory, "others")
        return cls(
            ca=ours.file,
            clients=ours.file,
            server=ours.issue("smdp"),
            client=ours.issue("portal"),
            stranger=others.issue("stranger"),
            impostor=others.issue("impostor"),
            other_ca=others.file,
        )


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Certificates.made_in(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def smdp(certificates):
    """An SM-DP+ with five profiles; nothing malformed may have reached it."""
    with SmDpServer(certificates) as server:
        server.iccids = server.stock(5)
        yield server
        assert server.es2plus.complaints == []


@pytest.fixture
def network():
    with OperatorNetworkServer() as server:
        yield server
