"""What a program does with a line that somebody shares with its owner."""

import pytest

from billing.models import Order
from esim.models import Role
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
    assert theirs.get(f"/lines/{line.public_id}/queue")[0] == 404
