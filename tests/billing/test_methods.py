import pytest

from billing.gateways.base import KeptCard, OutcomeUnknown
from billing.methods import OwnedByAnother, keep_card, make_default, remove_card
from billing.models import PaymentMethod
from tests import make

pytestmark = pytest.mark.django_db

CARD = KeptCard(
    reference="card_1", customer="usr_ada", brand="Visa", last_four="4242", expires_month=12, expires_year=2030
)


def keep(owner, now):
    return keep_card(owner=owner, gateway_name="sandbox", card=CARD, now=now)


def test_the_first_card_becomes_the_default(subscriber, now):
    assert keep(subscriber, now).is_default


def test_keeping_a_card_again_keeps_one(subscriber, now):
    assert keep(subscriber, now).pk == keep(subscriber, now).pk
    assert PaymentMethod.objects.count() == 1


def test_a_card_of_somebody_else_is_refused(subscriber, stranger, now):
    keep(subscriber, now)

    with pytest.raises(OwnedByAnother):
        keep(stranger, now)

    assert not PaymentMethod.objects.owned_by(stranger).exists()


def test_another_card_can_be_made_the_default(subscriber, now):
    first, second = keep(subscriber, now), make.make_method(owner=subscriber)

    make_default(method=second)

    assert PaymentMethod.objects.get(is_default=True) == second
    assert first != second


def test_a_removed_card_is_forgotten_at_the_gateway_and_no_default_any_more(subscriber, gateway, now):
    remove_card(method=keep(subscriber, now), gateway=gateway, now=now)

    method = PaymentMethod.objects.get()
    assert (method.removed_at, method.is_default, gateway.forgotten) == (now, False, ["card_1"])


def test_a_card_is_removed_here_even_when_the_gateway_does_not_answer(subscriber, gateway, now):
    gateway.down = {"forget_card"}

    with pytest.raises(OutcomeUnknown):
        remove_card(method=keep(subscriber, now), gateway=gateway, now=now)

    assert not PaymentMethod.objects.usable().exists()


def test_a_removed_card_cannot_become_the_default(subscriber, gateway, now):
    method = keep(subscriber, now)
    remove_card(method=method, gateway=gateway, now=now)

    make_default(method=method)

    assert not PaymentMethod.objects.filter(is_default=True).exists()
