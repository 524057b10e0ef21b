"""Many requests at the same moment. Knows nothing of Django, so that a process of its own can send them."""

import http.client
import multiprocessing
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

TIMEOUT = 60
HUNG_UP = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    path: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`status` is HUNG_UP where the server closed the connection before it had read everything, or kept silent."""

    status: int
    location: str = ""
    cookies: tuple[str, ...] = ()
    body: bytes = b""
    seconds: float


def post_all(port: int, posts: Sequence[Post], *, at_once: int) -> list[Answer]:
    """Send all, so many at the same time, from another process; return the answers in order."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as sender:
        return sender.submit(_send_all, port, posts, at_once).result()


def _send_all(port: int, posts: Sequence[Post], at_once: int) -> list[Answer]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda post: ask(port, "POST", post.path, body=post.body, headers=post.headers), posts))


def ask(
    port: int,
    method: str,
    path: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    patience_seconds: float = TIMEOUT,
) -> Answer:
    """Send a request to the loopback; one that is not answered in time is hung up on."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience_seconds)
    try:
        with suppress(BrokenPipeError):  # what it answered may be there all the same
            connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return Answer(
            status=response.status,
            location=response.headers.get("Location", ""),
            cookies=tuple(response.headers.get_all("Set-Cookie", [])),
            body=response.read(),
            seconds=time.perf_counter() - began,
        )
    except (ConnectionError, TimeoutError, http.client.HTTPException):
        return Answer(status=HUNG_UP, seconds=time.perf_counter() - began)
    finally:
        connection.close()


def p95_ms(answers: Sequence[Answer]) -> int:
    return round(statistics.quantiles([answer.seconds for answer in answers], n=20)[18] * 1000)
