"""What a program does with saved cards; it adds none."""

import pytest

from accounts.models import AuditEvent
from billing.models import PaymentMethod, Subscription
from tests import make
from tests.api.test_door import kind

pytestmark = pytest.mark.django_db


def test_a_card_says_what_hangs_on_it(program, subscriber, line, plan, card):
    other = make.make_method(owner=subscriber, last_four="0005")
    make.make_subscription(line=line, plan=plan, method=card, backup_method=other)
    make.make_balance_rule(owner=subscriber, method=other)

    first, second = program.get("/payment-methods")[1]

    assert (first["id"], first["isDefault"], [one["id"] for one in first["renews"]]) == (
        card.public_id,
        True,
        [line.public_id],
    )
    assert (second["renews"], [one["id"] for one in second["secondCardFor"]]) == ([], [line.public_id])
    assert (first["topsUp"], second["topsUp"]) == (False, True)


def test_another_card_becomes_the_default(program, subscriber, card):
    other = make.make_method(owner=subscriber)

    cards = [program.do("post", f"/payment-methods/{other.public_id}/default") for _ in range(2)][-1][1]

    assert [(one["id"], one["isDefault"]) for one in cards] == [(other.public_id, True), (card.public_id, False)]


def test_removing_a_card_pauses_what_it_pays_for(program, line, plan, card):
    subscription = make.make_subscription(line=line, plan=plan, method=card)

    [first, again] = [program.do("delete", f"/payment-methods/{card.public_id}") for _ in range(2)]

    subscription.refresh_from_db()
    assert first == (200, [])
    assert (again[0], kind(again[1])) == (404, "not-found")
    assert (subscription.state, subscription.reason) == (Subscription.State.PAUSED, "method_removed")
    assert AuditEvent.objects.get(action="payment_method.removed").target == card.public_id
    assert not PaymentMethod.objects.usable().exists()


def test_no_operation_takes_the_number_of_a_card(client):
    described = client.get("/api/v1/openapi.json").json()

    assert "post" not in described["paths"]["/api/v1/payment-methods"]
    assert not any(
        "pan" in str(schema.get("properties", {})).split("'") for schema in described["components"]["schemas"].values()
    )
