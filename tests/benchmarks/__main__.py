"""`make bench`: measures the portal against a plain Django project in one run, and fails where a gate is missed.

Only the ratios are gates: a machine's load moves every rate of a round alike.
"""

import multiprocessing
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from statistics import median
from uuid import uuid4

import django
from django.conf import settings

from tests.benchmarks import load
from tests.benchmarks.load import Load
from tests.benchmarks.scene import Scene, build, count_queries
from tests.benchmarks.targets import FreshForm, Get, PlainEvent, SignedEvent, cookies_of
from tests.own_database import own_database
from tests.servers import Server, gunicorn

ROUNDS = 3
OK, ACCEPTED = re.compile(rb"HTTP/1.1 200 "), re.compile(rb"HTTP/1.1 202 ")
TO_AN_ORDER = re.compile(rb"HTTP/1.1 302 .*?\r\nLocation: /orders/", re.DOTALL)
QUERIES_AT_MOST = {"dashboard": 5, "catalogue": 0, "renew": 6}


@dataclass(frozen=True, slots=True)
class Gate:
    target: str
    baseline: str
    at_least: float


GATES = (
    Gate("dashboard", "one_query", 0.2),
    Gate("catalogue", "one_query", 1.0),
    Gate("renew", "one_query", 0.25),
    Gate("webhook", "bare_webhook", 0.65),
)


@dataclass(frozen=True, slots=True)
class Target:
    server: Server
    load: Load


@dataclass(frozen=True, slots=True)
class Round:
    per_second: float
    p99_ms: float
    cpu_ms: float


def main() -> int:
    with own_database("bench", redis_number=5, DJANGO_SETTINGS_MODULE="tests.benchmarks.settings"):
        django.setup()
        scene = build()
        queries = dict(_count_queries(scene))
        with (
            gunicorn("tests.benchmarks.plain.wsgi", settings="tests.benchmarks.plain.settings") as plain,
            gunicorn("portal.wsgi", settings="tests.benchmarks.settings") as portal,
        ):
            rounds = _measure(_targets(scene, plain=plain, portal=portal))
    return _report(rounds, queries)


def _targets(scene: Scene, *, plain: Server, portal: Server) -> dict[str, Target]:
    reader, buyer = cookies_of(scene.reader), cookies_of(scene.proved_buyer)
    event = SignedEvent(settings.SANDBOX_WEBHOOK_SECRETS[0])
    kept_card = FreshForm(scene.renew_path, buyer, scene.renew_form)
    new_card = replace(kept_card, fields={**scene.renew_form, "pay_with": "new"})
    asked = {
        "one_query": (plain, Get(f"/plan/{scene.plan}/"), OK),
        "dashboard": (portal, Get("/", reader), OK),
        "catalogue": (portal, Get("/plans/", cookies_of(scene.visitor)), OK),
        "catalogue_signed_in": (portal, Get("/plans/", reader), OK),
        "renew": (portal, new_card, TO_AN_ORDER),
        "renew_kept_card": (portal, kept_card, TO_AN_ORDER),
        "bare_webhook": (plain, PlainEvent(settings.SECRET_KEY), ACCEPTED),
        "webhook": (portal, event, ACCEPTED),
    }
    return {
        name: Target(server, Load(port=server.port, request=request, first=0, expects=answer))
        for name, (server, request, answer) in asked.items()
    }


def _measure(targets: dict[str, Target]) -> dict[str, list[Round]]:
    """Load every target once to warm up, then in rounds; no event number is used twice."""
    rounds: dict[str, list[Round]] = {name: [] for name in targets}
    numbers = count(0, load.ENOUGH)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as second_process:
        for target in targets.values():
            second_process.submit(load.run, replace(target.load, first=next(numbers), seconds=0.5)).result()
        for _ in range(ROUNDS):
            for name, target in targets.items():
                begun = target.server.cpu_seconds()
                result = second_process.submit(load.run, replace(target.load, first=next(numbers))).result()
                spent = target.server.cpu_seconds() - begun
                rounds[name].append(Round(result.per_second, result.p99_ms, spent * 1000 / result.requests))
    return rounds


def _count_queries(scene: Scene) -> Iterator[tuple[str, int]]:
    """Count the statements of a request; a page is asked for twice, what the cache saves is meant to be saved."""
    asks: dict[str, Callable[[], object]] = {
        "dashboard": partial(scene.reader.get, "/"),
        "catalogue": partial(scene.visitor.get, "/plans/"),
    }
    for name, ask in asks.items():
        ask()
        yield name, count_queries(ask)
    form = {**scene.renew_form, "form_key": str(uuid4())}
    yield "renew", count_queries(partial(scene.buyer.post, scene.renew_path, form))


def _report(rounds: dict[str, list[Round]], queries: dict[str, int]) -> int:
    """Print the figures and what was missed; return the exit code."""
    missed = []
    for name, seen in rounds.items():
        _figure(name, f"{median(one.per_second for one in seen):.0f}", "req/s")
        _figure(f"{name}_p99", f"{median(one.p99_ms for one in seen):.0f}", "ms")
        _figure(f"{name}_cpu", f"{median(one.cpu_ms for one in seen):.2f}", "ms")
    for name, number in queries.items():
        _figure(f"{name}_queries", str(number), "queries")
        if number > QUERIES_AT_MOST[name]:
            missed.append(f"{name} takes {number} queries, at most {QUERIES_AT_MOST[name]} are allowed")
    for gate in GATES:
        pairs = zip(rounds[gate.target], rounds[gate.baseline], strict=True)
        ratio = median(ours.per_second / plain.per_second for ours, plain in pairs)
        _figure(f"{gate.target}_ratio", f"{ratio:.2f}", "x")
        if ratio < gate.at_least:
            missed.append(f"{gate.target} runs at {ratio:.2f}x of {gate.baseline}, the gate is {gate.at_least}x")
    sys.stderr.writelines(f"MISSED {sentence}\n" for sentence in missed)
    return 1 if missed else 0


def _figure(name: str, value: str, unit: str) -> None:
    sys.stdout.write(f"FIGURE {name} {value} {unit}\n")


if __name__ == "__main__":
    sys.exit(main())
