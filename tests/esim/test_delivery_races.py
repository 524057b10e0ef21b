"""Several people of the staff at one card: one applicant gets it, and one hand-over is written down."""

import pytest

from esim import applications, delivery
from esim.delivery import CannotDeliver
from esim.models import SimApplication, SimCard
from tests import make
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 8


def prepare_together(now):
    card, staff = make.make_card(pin="471182", form="physical"), make.make_user(is_staff=True)
    applications = [make.make_application(owner=make.make_user(), state="approved") for _ in range(CROWD)]

    def one(number):
        wishes = {"iccid": card.iccid, "post_carrier": "DHL"}
        return delivery.prepare(application=applications[number], staff=staff, ip=None, now=now, **wishes)

    with slowed("esim_simcard", "UPDATE", seconds=0.02):
        return together(CROWD, one)


def test_one_of_many_applicants_gets_the_card(now):
    answers = prepare_together(now)

    assert sum(isinstance(one, SimApplication) for one in answers) == 1
    assert sum(isinstance(one, CannotDeliver) for one in answers) == CROWD - 1


def test_control_without_the_condition_only_the_constraint_holds(now, monkeypatch):
    kept = SimCard.objects.filter

    def forgetful(*args, **conditions):
        if set(conditions) == {"pk", "state"}:
            conditions.pop("state")
        return kept(*args, **conditions)

    monkeypatch.setattr(SimCard.objects, "filter", forgetful)

    answers = prepare_together(now)

    assert sum(isinstance(one, CannotDeliver) for one in answers) < CROWD - 1


def test_two_who_prepare_one_application_set_one_card_aside(now):
    staff, application = make.make_user(is_staff=True), make.make_application(owner=make.make_user(), state="approved")
    for _card in range(CROWD):
        make.make_card(pin="471182", form="physical")

    with slowed("esim_simcard", "UPDATE", seconds=0.02):
        together(
            CROWD,
            lambda _: delivery.prepare(application=application, staff=staff, post_carrier="DHL", ip=None, now=now),
        )

    assert SimCard.objects.filter(state=SimCard.State.RESERVED).count() == 1


def test_a_card_is_handed_over_by_one_of_many(subscriber, now):
    make.make_card(pin="471182", form="physical")
    staff = make.make_user(is_staff=True)
    waiting = make.make_application(owner=subscriber, state="approved", delivery="pickup", outlet=make.make_outlet())
    ready = delivery.prepare(application=waiting, staff=staff, ip=None, now=now)

    with slowed("esim_simapplication", "UPDATE", seconds=0.02):
        answers = together(CROWD, lambda _: delivery.hand_over(application=ready, staff=staff, ip=None, now=now))

    assert sorted(answers) == [False] * (CROWD - 1) + [True]


def test_a_card_is_handed_over_or_goes_back_but_never_both(subscriber, now):
    card, staff = make.make_card(pin="471182", form="physical"), make.make_user(is_staff=True)
    waiting = make.make_application(owner=subscriber, state="approved", delivery="pickup", outlet=make.make_outlet())
    ready = delivery.prepare(application=waiting, staff=staff, ip=None, now=now)

    def one(number):
        if number % 2:
            return delivery.hand_over(application=ready, staff=staff, ip=None, now=now)
        return applications.withdraw(SimApplication.objects.get(pk=ready.pk), ip=None, now=now)

    with slowed("esim_simapplication", "UPDATE", seconds=0.02):
        answers = together(CROWD, one)

    ready.refresh_from_db()
    card.refresh_from_db()
    assert answers.count(True) == 1
    assert (ready.picked_up_at is None) == (card.state == SimCard.State.AVAILABLE)
