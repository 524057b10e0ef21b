"""The API keeps to its own description, whatever is sent."""

import time
from datetime import timedelta
from zlib import crc32

import pytest
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings

from tests import make
from tests.api.conftest import make_token

SECONDS = 20
"""Of work, for all operations together; a busy machine takes longer for it."""
EXAMPLES = 16


def is_carried(value):
    """Tell whether an address can say it: an empty list is no parameter, and what was wrong about it is gone."""
    return value is not None and value not in ([], {}, [[]], [{}], [None])


def try_out(operation, mode, *, seconds, headers, known):
    """Send what a mode makes up, half of it about things that exist; return how often, and what was wrong."""
    until = time.process_time() + seconds
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


@pytest.fixture
def _connection_of_the_test():
    """Keep open what the test has begun a transaction on; Django's own test client does the same."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.usefixtures("_connection_of_the_test")
def test_schemathesis_finds_nothing(subscriber, line, plan, card):
    schemathesis = pytest.importorskip("schemathesis")
    order = make.make_order(owner=subscriber, line=line, plan=plan, expires_at=timezone.now() + timedelta(days=1))
    queued = make.make_queued_plan(line=line, plan=plan)
    known = {"line_id": line.public_id, "plan_id": plan.public_id, "order_id": order.public_id}
    known |= {"queued_id": queued.public_id, "ticket_id": make.make_ticket(owner=subscriber).public_id}
    bought = make.make_order(owner=subscriber, line=line, plan=plan, state="fulfilled", paid_at=timezone.now())
    debt = make.make_dispute(
        charge=make.make_charge(order=bought), state="lost", is_withdrawn=True, closed_at=timezone.now()
    )
    known |= {"card_id": card.public_id, "document_id": make.make_invoice(order=bought).public_id}
    known |= {"arrear_id": debt.public_id, "rule_id": make.make_balance_rule(owner=subscriber).public_id}
    known |= {"member_id": make.make_member(line=line).public_id}
    known |= {"invitation_id": make.make_invitation(line=line).public_id}
    question = make.make_subscription(line=line, plan=plan, method=card, mode="ask", asked_index=1)
    make.make_question(subscription=question, ends_at=timezone.now() + timedelta(days=1))
    _token, secret = make_token(subscriber)
    headers = {"Authorization": f"Bearer {secret}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    operations = [found.ok() for found in schema.get_all_operations()]
    ours = [operation for operation in operations if operation.path != "/api/v1/usage/"]

    modes = list(schemathesis.GenerationMode)
    seconds = SECONDS / (len(ours) * len(modes))

    tried = {
        (operation.label, mode.value): try_out(operation, mode, seconds=seconds, headers=headers, known=known)
        for operation in ours
        for mode in modes
    }

    assert {name: found for name, (_asked, found) in tried.items() if found} == {}
    assert sum(asked for asked, _found in tried.values()) > 200
