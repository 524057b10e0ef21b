"""A load generator: one thread, many connections, a bounded time and count.

Sync workers close the connection after each answer, so a request is connect, send, read to the end. It runs in a
process of its own and prepares requests before the clock starts, to take little of the cores it shares.
"""

import re
import selectors
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ENOUGH = 3_000


class UnexpectedAnswer(Exception):
    """The server answered otherwise than the benchmark means to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What to ask for, over and over; `request(n)` is the whole n-th request as bytes, `expects` how an answer begins."""

    port: int
    request: Callable[[int], bytes]
    first: int
    expects: re.Pattern[bytes]
    connections: int = 16
    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Rate:
    requests: int
    per_second: float
    p99_ms: float


@dataclass(slots=True)
class _Exchange:
    sock: socket.socket
    began: float
    answer: bytearray = field(default_factory=bytearray)


def run(load: Load) -> Rate:
    """Ask until time or requests run out; the requests still under way then are waited for and count."""
    requests = iter([load.request(load.first + number) for number in range(ENOUGH)])
    took: list[float] = []
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(load.connections):
            _ask(selector, requests, load.port)
        while selector.get_map():
            for key, _ in selector.select():
                if _read(key.data):
                    continue
                took.append(_finish(selector, key.data, expects=load.expects))
                if time.perf_counter() - began < load.seconds:
                    _ask(selector, requests, load.port)
    elapsed = time.perf_counter() - began
    return Rate(len(took), len(took) / elapsed, statistics.quantiles(took, n=100)[98] * 1000)


def _ask(selector: selectors.BaseSelector, requests: Iterator[bytes], port: int) -> None:
    request = next(requests, None)
    if request is None:
        return
    began = time.perf_counter()
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.sendall(request)
    sock.settimeout(0)
    selector.register(sock, selectors.EVENT_READ, _Exchange(sock, began))


def _read(exchange: _Exchange) -> bool:
    """Read what is there and tell whether more may come."""
    try:
        part = exchange.sock.recv(262_144)
    except BlockingIOError:
        return True
    exchange.answer += part
    return bool(part)


def _finish(selector: selectors.BaseSelector, exchange: _Exchange, *, expects: re.Pattern[bytes]) -> float:
    selector.unregister(exchange.sock)
    exchange.sock.close()
    if not expects.match(exchange.answer):
        raise UnexpectedAnswer(exchange.answer[:600].decode(errors="replace"))
    return time.perf_counter() - exchange.began
