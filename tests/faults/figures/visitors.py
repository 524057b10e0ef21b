"""Subscribers at the portal's door, as their browser would send what they do."""

from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from accounts.models import User
from tests.benchmarks.targets import FormReader
from tests.faults.figures.posting import Post, ask
from tests.proved import proved_client
from tests.servers import Server


class Subscriber:
    """Somebody who is signed in, and has just proved who they are.

    Without a proof payments take turns before they meet: a crowd would measure the turns, and not what is behind them.
    """

    def __init__(self, user: User, server: Server) -> None:
        self._server = server
        self._cookies = {name: morsel.value for name, morsel in proved_client(user).cookies.items()}

    def form(self, path: str, *, having: str) -> dict[str, str]:
        """Open a page and return what its form would send."""
        answer = ask(self._server.port, "GET", path, headers=self._headers())
        for cookie in answer.cookies:
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
        return FormReader(answer.body.decode(), having=having).fields

    def reading(self, path: str) -> Post:
        return Post(path=path, body=b"", headers=self._headers())

    def sending(self, path: str, fields: Mapping[str, str]) -> Post:
        headers = {**self._headers(), "Content-Type": "application/x-www-form-urlencoded"}
        return Post(path=path, body=urlencode(fields).encode(), headers=headers)

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
