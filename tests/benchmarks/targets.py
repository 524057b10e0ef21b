"""The requests that are measured, made as a browser or a gateway would make them."""

import hmac
import json
import uuid
from dataclasses import dataclass
from hashlib import sha256
from html.parser import HTMLParser
from time import time
from urllib.parse import urlencode

from django.test import Client

from portal.lib.http import sign_body

HOST = "Host: 127.0.0.1\r\nConnection: close\r\nAccept-Language: en\r\n"


@dataclass(frozen=True, slots=True)
class Get:
    """The same page again and again."""

    path: str
    cookies: str = ""

    def __call__(self, _number: int) -> bytes:
        return f"GET {self.path} HTTP/1.1\r\n{HOST}Cookie: {self.cookies}\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class FreshForm:
    """A form that was opened once and is sent with a new form key each time, so that each sending buys."""

    path: str
    cookies: str
    fields: dict[str, str]

    def __call__(self, _number: int) -> bytes:
        body = urlencode({**self.fields, "form_key": str(uuid.uuid4())})
        headers = f"Cookie: {self.cookies}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        return _post(self.path, headers, body)


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """A notice of the sandbox gateway, a new event each time."""

    secret: str

    def __call__(self, number: int) -> bytes:
        body = _event(number)
        return _post(
            "/webhooks/sandbox/", f"Sandbox-Signature: {sign_body(body.encode(), self.secret, int(time()))}\r\n", body
        )


@dataclass(frozen=True, slots=True)
class PlainEvent:
    """The same notice, signed for the plain project."""

    secret: str

    def __call__(self, number: int) -> bytes:
        body = _event(number)
        digest = hmac.new(self.secret.encode(), body.encode(), sha256).hexdigest()
        return _post("/event/", f"Signature: {digest}\r\n", body)


def _event(number: int) -> str:
    payment = f"sbx_{number:016}"
    return json.dumps({"id": f"evt_{payment}", "kind": "payment.succeeded", "payment_id": payment, "key": "bench"})


def _post(path: str, headers: str, body: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\n{HOST}{headers}Content-Length: {len(body)}\r\n\r\n{body}".encode()


class FormReader(HTMLParser):
    """What a browser would send of the first form of a page that posts to this page: every filled or ticked input."""

    def __init__(self, page: str, *, having: str) -> None:
        super().__init__()
        self._forms: list[dict[str, str]] = []
        self.feed(page)
        self.fields = next(form for form in self._forms if having in form)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._forms.append({})
        if tag != "input" or not self._forms or not given.get("name"):
            return
        if given.get("type") not in {"radio", "checkbox"} or "checked" in given:
            self._forms[-1][str(given["name"])] = given.get("value") or ""


def cookies_of(client: Client) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
