"""The API keeps to its own description, whatever is sent."""

import time
from datetime import timedelta
from zlib import crc32

import pytest
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings

from tests import make
from tests.api.conftest import make_token

SECONDS = 8
"""Of work, for all operations together; a busy machine takes longer for it."""
EXAMPLES = 40


def is_carried(value):
    """Tell whether an address can say it: an empty list is no parameter, and what was wrong about it is gone."""
    return value is not None and value not in ([], {}, [[]], [{}], [None])


def try_out(operation, mode, *, headers, known):
    """Send what a mode makes up, half of it about things that exist; return how often, and what was wrong."""
    until = time.process_time() + SECONDS / 60
    asked, found = 0, []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case):
        nonlocal asked
        if time.process_time() > until:
            return
        if not all(is_carried(value) for value in (case.query or {}).values()):
            return
        asked += 1
        if asked % 2:
            case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
        if "Idempotency-Key" in (case.headers or {}):
            # One key is one wish, of all operations.
            case.headers["Idempotency-Key"] = f"{crc32(operation.label.encode())}-{mode.value}-{asked}"
        cache.clear()  # where requests are counted
        try:
            case.call_and_validate(headers=headers)
        except BaseExceptionGroup as failures:
            found.append(f"{failures}\n{case.as_curl_command()}")

    ask()
    return asked, found


@pytest.mark.slow
@pytest.mark.django_db
def test_schemathesis_finds_nothing(subscriber, line, plan, card):
    schemathesis = pytest.importorskip("schemathesis")
    order = make.make_order(owner=subscriber, line=line, plan=plan, expires_at=timezone.now() + timedelta(days=1))
    queued = make.make_queued_plan(line=line, plan=plan)
    known = {"line_id": line.public_id, "plan_id": plan.public_id, "order_id": order.public_id}
    known |= {"queued_id": queued.public_id, "ticket_id": make.make_ticket(owner=subscriber).public_id}
    _token, secret = make_token(subscriber)
    headers = {"Authorization": f"Bearer {secret}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    operations = [found.ok() for found in schema.get_all_operations()]
    ours = [operation for operation in operations if operation.path != "/api/v1/usage/"]

    tried = {
        (operation.label, mode.value): try_out(operation, mode, headers=headers, known=known)
        for operation in ours
        for mode in schemathesis.GenerationMode
    }

    assert {name: found for name, (_asked, found) in tried.items() if found} == {}
    assert sum(asked for asked, _found in tried.values()) > 200
