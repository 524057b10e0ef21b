"""What goes wrong between a caller and Stripe, on purpose."""

import random
import threading
import time
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.fakes.stripe.problems import Problem

KINDS = {
    "rate_limit": "429 before the work, without a word on trying again",
    "lock_timeout": "429 before the work, with Stripe-Should-Retry: true",
    "forbidden": "403: a restricted key without the right",
    "error_before": "500 before the work; not kept under the key",
    "error_after": "500 although the work was done; kept under the key",
    "drop_before": "connection closed, nothing was done",
    "drop_after": "connection closed after the work, the answer is kept under the key",
    "garbage": "502 with a page of HTML before the work",
    "hang": "waits `seconds` before the work while the key is in use, then carries on",
    "hang_after": "waits `seconds` after the work before it answers",
}


@dataclass
class Fault:
    """Strikes `endpoint` ("POST /v1/payment_intents", "* *"; as the document writes paths) with `probability`, `count` times."""

    kind: str
    endpoint: str = "* *"
    count: int | None = None
    probability: float = 1.0
    seconds: float = 0.0
    seed: int = 1
    struck: int = 0
    chance: random.Random = field(init=False)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind} is none of {', '.join(KINDS)}")
        self.chance = random.Random(self.seed)  # noqa: S311 - repeatable, not secret

    def strikes(self, endpoint):
        if self.count is not None and self.struck >= self.count:
            return False
        if not fnmatchcase(endpoint, self.endpoint) or self.chance.random() >= self.probability:
            return False
        self.struck += 1
        return True


class Trouble:
    """The faults and rate limits in force, and how often each endpoint was called."""

    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.faults = []
        self.per_second = None
        self.windows = defaultdict(deque)
        self.busiest = Counter()
        self.calls = Counter()
        self.answers = Counter()

    def arrive(self, endpoint):
        """Count a call and return the fault that strikes it, if any; Problem 429 above the rate limit."""
        with self.lock:
            self.calls[endpoint] += 1
            self._pace(endpoint)
            return next((fault for fault in self.faults if fault.strikes(endpoint)), None)

    def left(self, status):
        with self.lock:
            self.answers[status] += 1

    def _pace(self, endpoint):
        window, moment = self.windows[endpoint], time.monotonic()
        while window and window[0] <= moment - 1:
            window.popleft()
        window.append(moment)
        self.busiest[endpoint] = max(self.busiest[endpoint], len(window))
        if self.per_second is not None and len(window) > self.per_second:
            window.pop()
            raise rate_limited()


def rate_limited():
    message = (
        "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits."
    )
    return Problem(429, "invalid_request_error", message, code="rate_limit")


def lock_timeout():
    message = (
        "This object cannot be accessed right now because another API request or Stripe process is currently accessing it."
        " If you see this error intermittently, retry the request."
    )
    return Problem(429, "invalid_request_error", message, code="lock_timeout", headers={"Stripe-Should-Retry": "true"})


def forbidden():
    return Problem(
        403, "invalid_request_error", "The provided key does not have the required permissions for this endpoint."
    )


def broken():
    return Problem(500, "api_error", "An unknown error occurred")
