"""Events on their way to a webhook endpoint: signed as Stripe signs, and as unreliable as a test wants them."""

import hashlib
import hmac
import http.client
import json
import queue
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

TIMEOUT = 10


def letter(event, secrets, at):
    """Return body and headers of a delivery signed with each of `secrets` at `at` (seconds since 1970)."""
    body = json.dumps(event, indent=2)
    signatures = [hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest() for secret in secrets]
    marks = ",".join([f"t={at}", *(f"v1={signature}" for signature in signatures)])
    headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": marks, "User-Agent": "Stripe/1.0"}
    return {"body": body, "headers": headers}


def post(url, one):
    """Return the status that the endpoint answers, or 0 when it does not."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT)
    try:
        connection.request("POST", parts.path, one["body"].encode(), one["headers"])
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def post_all(url, letters, *, at_once):
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda one: post(url, one), letters))


class Courier:
    """Delivers each event as it happens, drops or doubles some of them, and tries refused ones again at most `tries` times."""

    def __init__(self, url, secrets, now, *, dropped, doubled, seed, delay, tries):
        self.url = url
        self.secrets = secrets
        self.now = now
        self.dropped = dropped
        self.doubled = doubled
        self.delay = delay
        self.tries = tries
        self.statuses = []
        self.waiting = queue.Queue()
        self._chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __call__(self, event):
        if self._chance.random() < self.dropped:
            return
        copies = 2 if self._chance.random() < self.doubled else 1
        for _ in range(copies):
            self.waiting.put(json.loads(json.dumps(event)))

    def stop(self):
        self.waiting.put(None)

    def _run(self):
        while (event := self.waiting.get()) is not None:
            time.sleep(self.delay)
            for _ in range(self.tries):
                status = post(self.url, letter(event, self.secrets, self.now()))
                self.statuses.append(status)
                if 200 <= status < 300:
                    break
            self.waiting.task_done()
