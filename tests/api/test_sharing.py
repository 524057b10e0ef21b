"""What a program does with a line that somebody shares with its owner."""

import pytest
from django.utils import timezone

from billing.models import Order
from esim.models import Role
from plans.terms import PlanTerms
from tests import make
from tests.api.conftest import make_token

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("role", "bought"), [(Role.PAYER, 201), (Role.VIEWER, 404)])
def test_a_line_that_is_shared_is_read_and_by_a_payer_renewed(program, client, stranger, line, wish, role, bought):
    make.make_member(line=line, user=stranger, role=role)
    theirs = type(program)(client, make_token(stranger)[1])
    card = make.make_paying_card(owner=stranger)

    own, shared = theirs.get("/lines")[1]["items"], theirs.get("/lines", shared="true")[1]["items"]
    allowances = theirs.get(f"/lines/{line.public_id}/allowances")
    status, _ordered = theirs.buy({**wish, "payWith": card.public_id}, key="k1")

    assert own == []
    assert [(one["id"], one["role"]) for one in shared] == [(line.public_id, role)]
    assert allowances[0] == 200
    assert status == bought
    assert Order.objects.filter(owner=stranger).count() == (1 if bought == 201 else 0)


def test_a_payer_reads_the_queue_that_they_may_add_to(program, client, stranger, line, plan):
    make.make_member(line=line, user=stranger, role=Role.PAYER)
    theirs = type(program)(client, make_token(stranger)[1])
    make.make_queued_plan(line=line, plan=plan)
    order = make.make_order(
        owner=stranger,
        line=line,
        plan=plan,
        state="paid",
        paid_at=timezone.now(),
        plan_terms=PlanTerms.of(plan).to_json(),
    )
    make.make_queued_plan(line=line, order=order)
    path = f"/lines/{line.public_id}/queue"

    status, [hers, own] = theirs.get(path)

    assert (status, hers["order"], hers["daysLost"]) == (200, None, None)
    assert own["order"]["id"] == order.public_id
    assert [one["daysLost"] is None for one in program.get(path)[1]] == [False, False]
    assert theirs.do("post", f"{path}/{own['id']}/move", {"to": "earlier"})[0] == 404
    assert theirs.do("post", f"/orders/{order.public_id}/refund", {"goesTo": "balance"})[0] == 200
