"""Many requests under one key at once are one order and one charge."""

import pytest
from django.test import Client

from accounts.models import ApiCall, ApiToken
from billing.models import Charge, Order
from tests.api.conftest import Program, make_token
from tests.fakes.crowd import slowed, together, without_constraint

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 10


@pytest.fixture
def buy_together(subscriber, wish):
    """Return a function that has ten programs send the same request at the same moment."""
    secret = make_token(subscriber)[1]
    # Not with the card: its money would be in books that nothing can be deleted from.
    on_the_page = {**wish, "payWith": "page"}

    def buy():
        with slowed("billing_order", "INSERT"):
            return together(CROWD, lambda _number: Program(Client(), secret).buy(on_the_page, key="k1"))

    return buy


def test_one_key_from_many_at_once_is_one_order_and_one_charge(buy_together):
    answers = buy_together()

    statuses = [status for status, _body in answers]
    assert 201 in statuses
    assert set(statuses) <= {201, 409}
    assert len({body["id"] for status, body in answers if status == 201}) == 1
    assert Order.objects.count() == Charge.objects.count() == 1


def clean_up():
    for model in (Charge, Order, ApiCall, ApiToken):
        model.objects.all().delete()


def test_the_form_key_alone_holds_where_no_call_is_kept(buy_together):
    with without_constraint(ApiCall, "api_call_once", clean_up=clean_up):
        statuses = [status for status, _body in buy_together()]

        assert set(statuses) == {201}
        assert Order.objects.count() == Charge.objects.count() == 1


def test_control_without_either_one_key_is_many_orders(buy_together):
    with (
        without_constraint(ApiCall, "api_call_once", clean_up=clean_up),
        without_constraint(Order, "order_one_a_form", clean_up=clean_up),
    ):
        buy_together()

        assert Order.objects.count() > 1
