"""What a program ends and rearranges: unpaid orders, what was not used, what waits its turn; and what is owed."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import QueuedPlan, Refund
from portal.lib.money import Money
from tests import make
from tests.api.test_door import kind
from tests.api.test_reading import usd
from tests.billing.books import fund
from tests.billing.test_refund_pages import delivered_by_sandbox
from tests.fakes.carrier import FakeCarrier

pytestmark = pytest.mark.django_db


def post(program, path, body=None):
    answer = program.ask("post", path, body)
    return answer.status_code, answer.json()


def test_an_unpaid_order_is_cancelled_once_and_a_paid_one_stands(program, wish, line, plan):
    order = program.buy({**wish, "payWith": "page"}, key="k1")[1]
    paid = make.make_order(owner=line.owner, line=line, plan=plan, state="fulfilled", paid_at=timezone.now())

    ended = [post(program, f"/orders/{order['id']}/cancel") for _ in range(2)]
    status, refused = post(program, f"/orders/{paid.public_id}/cancel")

    assert [(code, one["state"]) for code, one in ended] == [(200, "cancelled")] * 2
    assert (status, kind(refused)) == (409, "not-cancellable")


def test_a_renewal_waits_its_turn_and_goes_back_for_its_money(
    program, wish, subscriber, line, django_capture_on_commit_callbacks
):
    fund(subscriber, Money(2000, "USD"))
    queued = program.buy({**wish, "payWith": "balance", "queued": True}, key="k1")[1]
    [turn] = program.get(f"/lines/{line.public_id}/queue")[1]
    offer = program.get(f"/orders/{queued['id']}/refund")[1]

    with django_capture_on_commit_callbacks(execute=True):
        ended = [post(program, f"/orders/{queued['id']}/refund", {"goesTo": "balance"}) for _ in range(2)]

    assert (queued["state"], queued["isQueued"]) == ("paid", True)
    assert turn["order"]["id"] == queued["id"]
    assert turn["validFor"]["startDateTime"] is not None
    assert offer == {"amount": usd("14.90"), "canBeBalance": False, "problem": None}
    assert [(code, one["state"]) for code, one in ended] == [(200, "refunded")] * 2
    assert Refund.objects.get().money == Money(1490, "USD")
    assert program.get(f"/lines/{line.public_id}/queue")[1] == []


def test_what_was_used_stands_and_says_why(program, line, plan, now):
    order = make.make_order(
        owner=line.owner, line=line, plan=plan, state="fulfilled", paid_at=timezone.now(), confirmed_at=timezone.now()
    )

    offer = program.get(f"/orders/{order.public_id}/refund")[1]
    status, refused = post(program, f"/orders/{order.public_id}/refund", {})

    assert offer["amount"] is None
    assert (status, kind(refused), refused["detail"]) == (409, "cannot-give-back", offer["problem"])


def test_what_was_not_delivered_goes_back_to_the_payer(program, line, plan, django_capture_on_commit_callbacks):
    carrier = FakeCarrier()
    carrier.refusing = {"grant": "no_capacity"}
    path = f"/orders/{delivered_by_sandbox(line, plan, carrier=carrier).public_id}/refund"

    offer = program.get(path)[1]
    stays = post(program, path, {"goesTo": "balance"})[0], Refund.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        ended = [post(program, path, {}) for _ in range(2)]

    assert offer["amount"] == usd("14.90")
    assert stays == (200, 0)
    assert [(code, one["state"]) for code, one in ended] == [(200, "undeliverable")] * 2
    assert (Refund.objects.get().state, Refund.objects.get().goes_to) == ("succeeded", "payer")


def test_places_change_and_a_plan_starts_before_its_turn(program, line, plan):
    first, second = (make.make_queued_plan(line=line, plan=plan) for _ in range(2))
    path = f"/lines/{line.public_id}/queue/{second.public_id}"

    moved = post(program, f"{path}/move", {"to": "earlier"})[1]
    started = post(program, f"{path}/start")[1]
    again, refused = post(program, f"{path}/start")

    assert [one["id"] for one in moved] == [second.public_id, first.public_id]
    assert moved[0]["daysLost"] is not None
    assert [(one["id"], one["hasBegun"]) for one in started] == [(second.public_id, True), (first.public_id, False)]
    assert (again, kind(refused)) == (409, "cannot-start")
    assert QueuedPlan.objects.get(pk=second.pk).by_wish


def test_a_longer_queue_costs_one_query_more_a_plan(program, line, plan):
    costs = []
    for _number in range(3):
        make.make_queued_plan(line=line, plan=plan)
        with CaptureQueriesContext(connection) as queries:
            program.get(f"/lines/{line.public_id}/queue")
        costs.append(len(queries))

    assert costs[2] - costs[1] == 1


def test_nothing_waits_behind_nothing(program, wish, line):
    line.allowances.all().delete()

    status, refused = program.buy({**wish, "queued": True}, key="k1")

    assert (status, kind(refused)) == (409, "nothing-to-wait-for")


def test_what_is_owed_is_told_with_the_page_that_settles_it(program, line, plan):
    later = timezone.now() + timedelta(days=5)
    line.allowances.all().delete()
    make.make_subscription(
        line=line, plan=plan, state="past_due", reason="declined:insufficient_funds", suspend_due_at=later
    )

    [owed] = program.get("/arrears")[1]

    assert (owed["because"], owed["line"]["id"], owed["amount"]) == ("declined", line.public_id, usd("14.90"))
    assert owed["page"].endswith("/billing/arrears/")
