"""Ada's program: a token of hers, and a client that sends it."""

import json

import pytest
from django.utils import timezone

from accounts import api_tokens
from portal.lib.data_size import GB
from tests import make
from tests.portal.conftest import ids_of_ada

__all__ = ["ids_of_ada"]


@pytest.fixture(autouse=True)
def _in_november(in_november):
    """What the API tells hangs on the clock: here it is that of the rows."""


def make_token(owner, *scopes, **fields):
    """Return a token of somebody's and its secret; without scopes it may do everything."""
    given = {"name": "script", "scopes": scopes or list(api_tokens.PERSONAL_SCOPES), "actor": owner, "ip": None}
    return api_tokens.make(user=owner, now=timezone.now(), **{**given, **fields})


class Program:
    """Calls the API as a program does; answers come as (status, body)."""

    def __init__(self, client, secret):
        self.client = client
        self.headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, method, path, body=None, **headers):
        """Return the answer itself."""
        sent = b"" if body is None else json.dumps(body).encode()
        headers = {**self.headers, **headers}
        return self.client.generic(method.upper(), f"/api/v1{path}", sent, "application/json", headers=headers)

    def get(self, path, **query):
        answer = self.client.get(f"/api/v1{path}", query, headers=self.headers)
        return answer.status_code, answer.json()

    def do(self, method, path, body=None, *, key=""):
        """Change something; with `key`, once."""
        answer = self.ask(method, path, body, **({"Idempotency-Key": key} if key else {}))
        return answer.status_code, answer.json()

    def buy(self, wish, *, key):
        return self.do("post", "/orders", wish, key=key)


@pytest.fixture
def program(client, subscriber):
    return Program(client, make_token(subscriber)[1])


@pytest.fixture
def plan(db):
    """10 GB in Europe for 30 days: US$14.90."""
    return make.make_plan()


@pytest.fixture
def line(subscriber, plan):
    """Ada's line, with 4 of its 10 GB used."""
    line = make.make_line(owner=subscriber, nickname="Phone")
    make.make_profile(line=line)
    make.make_allowance(line=line, plan=plan, used_bytes=4 * GB)
    return line


@pytest.fixture
def card(subscriber):
    """A saved card that pays whenever it is charged."""
    return make.make_paying_card(owner=subscriber, is_default=True)


@pytest.fixture
def wish(line, plan, card):
    """A renewal of Ada's line, paid with her card."""
    return {
        "kind": "renewal",
        "line": line.public_id,
        "plan": plan.public_id,
        "price": {"unit": "USD", "value": "14.90"},
        "payWith": card.public_id,
    }
