"""One API call from its headers to its answer: key, version, faults, parameters, idempotency, work, expansion."""

import json
import secrets
import time
from dataclasses import dataclass, field

from tests.fakes.stripe import api  # noqa: F401 - registers the endpoints
from tests.fakes.stripe.account import KEYS, Account, Asker
from tests.fakes.stripe.api.sessions import end_overdue
from tests.fakes.stripe.expanding import expand
from tests.fakes.stripe.faults import Trouble, broken, forbidden, lock_timeout, rate_limited
from tests.fakes.stripe.idempotency import Keys
from tests.fakes.stripe.openapi import document
from tests.fakes.stripe.problems import Problem, invalid
from tests.fakes.stripe.routes import ROUTES, find

LONGEST_KEY = 255
BEFORE = {"rate_limit": rate_limited, "lock_timeout": lock_timeout, "forbidden": forbidden, "error_before": broken}


@dataclass
class Call:
    method: str
    path: str
    query: str
    headers: dict
    body: str
    request_id: str = field(default_factory=lambda: f"req_{secrets.token_hex(7)}")

    @property
    def text(self):
        return self.query if self.method in {"GET", "DELETE"} else self.body


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict = field(default_factory=dict)
    kind: str = "application/json"


class Service:
    """Plays Stripe for one account; safe to call from many threads."""

    def __init__(self, base=""):
        self.account = Account(base)
        self.trouble = Trouble()
        self.keys = Keys()
        self.wrong = []

    def reset(self):
        with self.account.lock:
            self.account.reset()
            self.trouble.reset()
            self.keys = Keys()
            self.wrong = []

    def answer(self, call):
        """Return the Answer to a call, or None for a connection to be closed without a word."""
        try:
            answer = self._answer(call)
        except Problem as problem:
            answer = self._refusal(problem)
        if answer is None:
            self.trouble.left("none")
            return None
        self.trouble.left(str(answer.status))
        key = call.headers.get("idempotency-key")
        echoed = {"Idempotency-Key": key} if key else {}
        return Answer(
            answer.status,
            answer.body,
            {"Request-Id": call.request_id, "Stripe-Version": document().version, **echoed, **answer.headers},
            answer.kind,
        )

    def _answer(self, call):
        template, operation, ids = find(call.method, call.path)
        fault = self.trouble.arrive(f"{call.method} {template}")
        kind = fault.kind if fault else None
        if kind == "drop_before":
            return None
        if kind == "garbage":
            return Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", kind="text/html")
        livemode = check_caller(call.headers)
        if kind in BEFORE:
            problem = BEFORE[kind]()
            raise problem
        params = document().read(call.method, operation, call.text)
        answer = self._once(
            call, livemode, fault, lambda: ROUTES[call.method, template](self.account, params, *ids), params
        )
        if kind == "hang_after":
            time.sleep(fault.seconds)
        return None if kind == "drop_after" else answer

    def _once(self, call, livemode, fault, work, params):
        key = call.headers.get("idempotency-key") if call.method == "POST" else None
        if key is not None:
            check_key(key)
            key = (livemode, key)
            with self.account.lock:
                kept = self.keys.claim(key, (call.path, call.text), self.account.now())
            if kept:
                status, body, headers = kept
                return Answer(status, body, {**headers, "Idempotent-Replayed": "true"})
        if fault and fault.kind == "hang":
            time.sleep(fault.seconds)
        with self.account.lock:
            self.account.asker = Asker(livemode, call.request_id, key and key[1])
            answer = self._work(work, params)
            if fault and fault.kind == "error_after":
                answer = self._refusal(broken())
            if key is not None:
                self.keys.keep(key, (answer.status, answer.body, answer.headers))
        return answer

    def _work(self, work, params):
        end_overdue(self.account)
        try:
            result = expand(self.account, work(), params.get("expand", ()))
        except Problem as problem:
            return self._refusal(problem)
        return self._checked(Answer(200, b""), result)

    def _refusal(self, problem):
        return self._checked(Answer(problem.status, b"", problem.headers), problem.body())

    def _checked(self, answer, body):
        document().check(body)
        answer.body = json.dumps(body).encode()
        return answer


def check_key(key):
    if len(key) > LONGEST_KEY:
        raise invalid(f"Idempotency keys may be up to {LONGEST_KEY} characters long.")


def check_caller(headers):
    """Return whether the caller's key is a live one; Problem for an unknown key or another API version."""
    _, _, key = headers.get("authorization", "").partition("Bearer ")
    if not key:
        message = "You did not provide an API key. You need to provide your API key in the Authorization header."
        raise invalid(message, status=401)
    if key not in KEYS:
        raise invalid(f"Invalid API Key provided: {key[:8]}****{key[-4:]}", status=401)
    version = headers.get("stripe-version")
    if version != document().version:
        raise invalid(f"Invalid Stripe API version: {version}. This account speaks {document().version}.")
    return "_live_" in key
