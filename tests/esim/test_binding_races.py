"""Many at once at one card: the limits hold, and it gets one owner."""

import pytest
from django.db.models import QuerySet

from esim import binding_tries
from esim.binding import Claim, WrongCard, bind
from esim.binding_tries import PER_CARD, PER_USER, TooManyTries, count_try
from esim.models import BindingAttempt, Line, SimCard, SimProfile
from tests import make
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD, PIN = 50, "471182"


def try_together(people, card, now, *, pin="000000", slow=("esim_bindingattempt", "INSERT")):
    def one(number):
        return bind(Claim(user=people[number % len(people)], iccid=card.iccid, pin=pin, ip=None), now=now)

    with slowed(*slow, seconds=0.01):
        return together(CROWD, one)


def test_of_fifty_tries_at_one_card_five_are_made(now):
    people, card = [make.make_user() for _ in range(5)], make.make_card(pin=PIN)

    answers = try_together(people, card, now)

    assert sum(isinstance(one, WrongCard) for one in answers) == PER_CARD
    assert sum(isinstance(one, TooManyTries) for one in answers) == CROWD - PER_CARD
    assert BindingAttempt.objects.count() == PER_CARD


def test_of_fifty_tries_of_one_person_twenty_are_made(subscriber, now):
    with slowed("esim_bindingattempt", "INSERT", seconds=0.01):
        answers = together(CROWD, lambda number: count_try(user=subscriber, iccid=f"{number:019}", now=now))

    assert sum(isinstance(one, BindingAttempt) for one in answers) == PER_USER


def test_control_without_turns_more_tries_get_through(now, monkeypatch):
    monkeypatch.setattr(binding_tries, "take_turns", lambda *_names: None)
    people, card = [make.make_user() for _ in range(5)], make.make_card(pin=PIN)

    answers = try_together(people, card, now)

    assert sum(isinstance(one, WrongCard) for one in answers) > PER_CARD


def test_a_card_with_its_pin_in_many_hands_gets_one_owner(now):
    people, card = [make.make_user() for _ in range(5)], make.make_card(pin=PIN)

    answers = try_together(people, card, now, pin=PIN, slow=("esim_simcard", "UPDATE"))

    assert sum(isinstance(one, Line) for one in answers) == 1
    assert sum(isinstance(one, WrongCard) for one in answers) == PER_CARD - 1
    assert SimProfile.objects.get().line == Line.objects.get()


def test_control_without_the_condition_it_gets_several(now, monkeypatch):
    """The constraint on the ICCID still stands between them, and speaks up as something else than a wrong PIN."""
    people, card = [make.make_user() for _ in range(5)], make.make_card(pin=PIN)
    monkeypatch.setattr(
        "esim.binding._claim", lambda card, **_: SimCard.objects.filter(pk=card.pk).update(state="used")
    )
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)

    answers = try_together(people, card, now, pin=PIN, slow=("esim_simcard", "UPDATE"))

    assert not any(isinstance(one, WrongCard) for one in answers)
