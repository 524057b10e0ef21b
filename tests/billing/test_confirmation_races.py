"""Small payments sent in one instant add up to what asks for a proof, by page and by program, with Redis and without."""

import uuid
from contextlib import nullcontext

import pytest
from django.test import Client
from django.urls import reverse

from billing import confirmation
from billing.models import Charge
from portal.lib.cache_turns import turn_at
from portal.lib.money import Money
from portal.settings import CACHES as REAL_CACHES
from tests import make
from tests.api.conftest import Program, make_token
from tests.billing.books import buy
from tests.fakes.crowd import slowed, together
from tests.security.silence import nobody

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 8
PRICE = Money(4900, "USD")
WITHOUT_PROOF = 3
"""US$49 fit so often into three times US$50."""
PROOF = reverse("account_reauthenticate")


@pytest.fixture
def plan(db):
    return make.make_plan(prices={"USD": 4900})


@pytest.fixture
def card(subscriber):
    return make.make_paying_card(owner=subscriber, is_default=True)


@pytest.fixture(params=["redis", "no redis"])
def _cache(request, settings):
    with nobody() if request.param == "no redis" else nullcontext() as port:
        if port:
            away = {**REAL_CACHES["default"], "LOCATION": f"redis://127.0.0.1:{port}/0"}
            settings.CACHES = {**REAL_CACHES, "default": away}
        yield


@pytest.fixture
def no_turns(monkeypatch):
    """Everybody has a turn at once."""
    monkeypatch.setattr(confirmation, "turn_at", lambda _name: nullcontext(enter_result=True))


def in_sessions_of(owner):
    clients = [Client() for _ in range(CROWD)]
    for client in clients:
        client.force_login(owner)
    return clients


def renew_together(line, plan, card):
    url = reverse("billing:renew", args=[line.public_id]) + f"?plan={plan.public_id}"
    clients = in_sessions_of(card.owner)

    def one(number):
        form = {"form_key": str(uuid.uuid4()), "price_seen": "USD:4900", "pay_with": card.public_id}
        return clients[number].post(url, form).url.startswith(PROOF)

    with slowed("billing_order", "INSERT", seconds=0.05):
        return together(CROWD, one)


def pay_waiting_orders_together(line, plan, card):
    """Orders that wait to be paid on a page ask for nothing; then the kept card is to pay them all."""
    orders = [buy(line, plan, price=PRICE) for _ in range(CROWD)]
    clients = in_sessions_of(card.owner)

    def one(number):
        url = reverse("billing:pay", args=[orders[number].public_id])
        return clients[number].post(url, {"pay_with": card.public_id}).url.startswith(PROOF)

    with slowed("billing_charge", "INSERT", seconds=0.05):
        return together(CROWD, one)


def ask_by_program_together(line, plan, card):
    secret = make_token(card.owner)[1]
    price = {"unit": "USD", "value": "49.00"}
    wish = {"kind": "renewal", "line": line.public_id, "plan": plan.public_id, "price": price}

    def one(number):
        program = Program(Client(), secret)
        return program.buy({**wish, "payWith": card.public_id}, key=f"k{number}")[0] == 403

    with slowed("billing_order", "INSERT", seconds=0.05):
        return together(CROWD, one)


WAYS = [renew_together, pay_waiting_orders_together, ask_by_program_together]


@pytest.mark.usefixtures("_cache")
@pytest.mark.parametrize("pay_together", WAYS)
def test_many_at_once_pay_no_more_without_a_proof_than_one_after_another(line, plan, card, pay_together):
    asked = pay_together(line, plan, card)

    # Who waited in vain on a busy machine is asked, too.
    assert 0 < asked.count(False) <= WITHOUT_PROOF
    assert asked.count(True) == CROWD - asked.count(False)
    assert Charge.objects.filter(method=card).count() == asked.count(False)


@pytest.mark.usefixtures("no_turns")
@pytest.mark.parametrize("pay_together", WAYS)
def test_control_without_turns_they_do_not_see_each_other(line, plan, card, pay_together):
    pay_together(line, plan, card)

    assert Charge.objects.filter(method=card).count() > WITHOUT_PROOF


def test_another_payer_is_not_kept_waiting(subscriber):
    with turn_at(f"paying:{subscriber.pk}") as first, turn_at(f"paying:{make.make_user().pk}") as second:
        assert (first, second) == (True, True)
