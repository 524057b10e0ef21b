"""Posting to addresses that people typed in: only to hosts of the public internet, whatever their names lead to.

A name is looked up once, every address it has must be a public one, and the connection goes to the very address that
was looked at: what the name leads to a moment later changes nothing. Redirects aren't followed.

A time-out of a socket begins anew with each byte. So a host that sends one of a header now and then is hung up on: whoever
waited for it would wait for good, and workers are few.
"""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import Timer
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

import urllib3
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.util import Timeout

from portal.lib.http import HttpAnswer, NoAnswer, NoConnection

CONNECT_SECONDS = 3.0
SILENCE_SECONDS = 5.0
TOTAL_SECONDS = 10.0
MOST_READ = 16 * 1024
"""Of an answer; what is behind it is of no interest."""

INSIDE_CLOUDS = tuple(map(IPv4Network, ("168.63.129.16/32", "192.0.0.0/24")))
"""Public by their number, and yet the inside of somebody's machine room."""
CARRIES_IPV4 = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))


class AddressRefused(Exception):
    """Nothing was sent: it is not an address on the public internet."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a connection goes: the name is for the certificate and the Host header only."""

    parts: SplitResult
    address: str

    @property
    def port(self) -> int:
        return self.parts.port or (443 if self.parts.scheme == "https" else 80)

    @property
    def path(self) -> str:
        return f"{self.parts.path or '/'}{f'?{self.parts.query}' if self.parts.query else ''}"


class Patience:
    """Ends every connection that it has seen when its time is over, whatever they wait for."""

    def __init__(self, seconds: float) -> None:
        self._twins: list[socket.socket] = []
        self._timer = Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        self._timer.join()
        for twin in self._twins:
            twin.close()

    def see(self, connection: socket.socket) -> None:
        # TLS takes the socket itself away; a twin leads to the same connection.
        self._twins.append(connection.dup())

    def _hang_up(self) -> None:
        for twin in self._twins:
            with suppress(OSError):
                twin.shutdown(socket.SHUT_RDWR)


class Plain(HTTPConnection):
    """Tells `patience` of its socket before anything is sent or read."""

    patience: Patience

    def _new_conn(self) -> socket.socket:
        made = super()._new_conn()
        self.patience.see(made)
        return made


class Secure(Plain, HTTPSConnection):
    pass


def check_url(url: str, *, anywhere: bool = False) -> SplitResult:
    """Return the parts of an address that may be posted to; raise AddressRefused. Looks nothing up.

    `anywhere`: plain HTTP is allowed as well, for trying things out on one machine.
    """
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise AddressRefused("That is not an address.") from error
    if parts.scheme != "https" and not (anywhere and parts.scheme == "http"):
        raise AddressRefused("The address must begin with https://.")
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressRefused("Only a host, a port, a path and a query, please.")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise AddressRefused("Write the address in plain letters.")
    return parts


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, anywhere: bool = False, ca: str | None = None
) -> HttpAnswer:
    """Post to a host of the public internet, and return its answer, cut off after MOST_READ bytes.

    `anywhere` lets it go to any host, for tests and trying out. Raises AddressRefused, NoConnection and NoAnswer.
    """
    target = _look_up(check_url(url, anywhere=anywhere), anywhere=anywhere)
    ends_at = time.monotonic() + TOTAL_SECONDS
    with Patience(TOTAL_SECONDS) as patience, _pool(target, patience=patience, ca=ca) as pool:
        try:
            answer: Any = pool.urlopen(
                "POST",
                target.path,
                body=body,
                headers={**headers, "Host": target.parts.netloc},
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            return HttpAnswer(answer.status, _read(answer, ends_at=ends_at), answer.headers)
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NoConnection(type(error).__name__) from error
        except (HTTPError, OSError) as error:
            raise NoAnswer(type(error).__name__) from error


def is_public(text: str) -> bool:
    """Tell whether an IP address belongs to the public internet."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if any(address in network for network in CARRIES_IPV4):
            return False
    elif any(address in network for network in INSIDE_CLOUDS):
        return False
    return address.is_global and not address.is_multicast


def _look_up(parts: SplitResult, *, anywhere: bool) -> Target:
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoConnection("The name leads nowhere.") from error
    addresses = [str(one[4][0]) for one in found]
    # All of them: a name with one public and one private address is no accident.
    if not anywhere and not all(map(is_public, addresses)):
        raise AddressRefused("The name leads to an address that is not on the public internet.")
    return Target(parts, addresses[0])


def _pool(target: Target, *, patience: Patience, ca: str | None) -> urllib3.HTTPConnectionPool:
    timeout = Timeout(connect=CONNECT_SECONDS, read=SILENCE_SECONDS)
    if target.parts.scheme == "http":
        pool = urllib3.HTTPConnectionPool(target.address, target.port, timeout=timeout, maxsize=1)
        pool.ConnectionCls = type("PlainSeen", (Plain,), {"patience": patience})
        return pool
    name = target.parts.hostname or ""
    secure = urllib3.HTTPSConnectionPool(
        target.address,
        target.port,
        timeout=timeout,
        maxsize=1,
        cert_reqs="CERT_REQUIRED",
        ca_certs=ca or DEFAULT_CA_BUNDLE_PATH,
        server_hostname=name,
        assert_hostname=name,
    )
    secure.ConnectionCls = type("SecureSeen", (Secure,), {"patience": patience})
    return secure


def _read(answer: Any, *, ends_at: float) -> bytes:
    """Read what is of interest, and no longer than it may take: a host that drips bytes is left."""
    read = b""
    while len(read) < MOST_READ and time.monotonic() < ends_at:
        try:
            # What is there: `read` would wait for the whole of it, and a byte now and then keeps the socket busy.
            part = answer.read1(min(1024, MOST_READ - len(read)))
        except (HTTPError, OSError):
            # We may be the ones who hung up: TLS calls that an error. The status is known, and that is the answer.
            if time.monotonic() < ends_at:
                raise
            return read
        if not part:
            return read
        read += part
    answer.close()
    return read
