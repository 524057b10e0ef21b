"""Many at once at one application: it is begun once, sent once, and decided once."""

import pytest

from accounts.models import Notification
from esim import application_review, applications
from esim.application_review import CannotDecide
from esim.applications import CannotApply
from esim.models import SimApplication
from tests import make
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 12


@pytest.fixture
def sent(subscriber, now):
    application = make.make_application(owner=subscriber, papers=1)
    applications.submit(application, ip=None, now=now)
    return application


def decide_together(application, now, *, two_people=False):
    people = [make.make_user(is_staff=True) for _ in range(CROWD)]

    def one(number):
        seen = SimApplication.objects.select_related("owner").get(pk=application.pk)
        common = {"application": seen, "staff": people[number], "seen_round": 1, "ip": None, "now": now}
        if number % 2 and not two_people:
            return application_review.refuse(**common, reason="expired", text="")
        return application_review.approve(**common, two_people=two_people)

    with slowed("esim_simapplication", "UPDATE", seconds=0.05):
        return together(CROWD, one)


def test_of_twelve_reviewers_one_decides(sent, now):
    answers = decide_together(sent, now)

    assert sum(isinstance(one, CannotDecide) for one in answers) == CROWD - 1
    assert Notification.objects.exclude(kind="application_received").count() == 1


def test_control_without_the_condition_several_decide(sent, now, monkeypatch):
    monkeypatch.setattr(
        application_review, "_as_read", lambda application, _round: SimApplication.objects.filter(pk=application.pk)
    )

    answers = decide_together(sent, now)

    assert sum(isinstance(one, CannotDecide) for one in answers) < CROWD - 1


def test_of_twelve_first_approvals_one_counts(sent, now):
    answers = decide_together(sent, now, two_people=True)

    sent.refresh_from_db()
    assert answers.count(False) == 1
    assert answers.count(True) <= 1
    assert (sent.state == "approved") == (True in answers)
    assert sent.first_approved_by != sent.decided_by


def test_a_form_sent_from_twelve_windows_is_one_application_sent_once(subscriber, now):
    with slowed("esim_simapplication", "INSERT", seconds=0.05):
        begun = together(CROWD, lambda _number: applications.begin(owner=subscriber, kind="person", now=now))
    assert {one.pk for one in begun} == {SimApplication.objects.get().pk}
    SimApplication.objects.all().delete()

    application = make.make_application(owner=subscriber, papers=1)
    rows = [SimApplication.objects.select_related("owner").get(pk=application.pk) for _ in range(CROWD)]
    with slowed("esim_simapplication", "UPDATE", seconds=0.05):
        answers = together(CROWD, lambda number: applications.submit(rows[number], ip=None, now=now))

    assert sum(isinstance(one, CannotApply) for one in answers) == CROWD - 1
    assert SimApplication.objects.get().round == 1
