"""One link, clicked by many at once: one answer; the control shows that the race can be lost."""

from contextlib import suppress

import pytest
from django.db.models import QuerySet

from accounts.models import AuditEvent
from billing import questions
from billing.models import RenewalQuestion, Subscription
from billing.questions import NoLongerAsked
from tests import make
from tests.billing.books import NOW
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

Answer = RenewalQuestion.Answer
CROWD = 12


@pytest.fixture
def question(line, plan):
    asked = make.make_subscription(line=line, plan=plan, mode=Subscription.Mode.ASK, asked_index=1)
    return make.make_question(subscription=asked)


def answer_together(question):
    def click(number):
        one = RenewalQuestion.objects.select_related("subscription__line__owner").get(pk=question.pk)
        with suppress(NoLongerAsked):
            questions.answer(one, [Answer.RENEW, Answer.SKIP][number % 2], actor=None, ip=None, now=NOW)

    with slowed("billing_renewalquestion", "UPDATE", seconds=0.02):
        together(CROWD, click)


def test_of_many_clicks_one_answers(question):
    answer_together(question)

    question.refresh_from_db()
    standing = Subscription.objects.get()
    assert AuditEvent.objects.count() == 1
    assert (standing.approved_index == 1) == (question.answer == Answer.RENEW)
    assert (standing.reason == "skipped") == (question.answer == Answer.SKIP)


def test_control_without_lock_and_condition_many_answer(question, monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    monkeypatch.setattr(
        questions,
        "_write",
        lambda one, given, **_: bool(RenewalQuestion.objects.filter(pk=one.pk).update(answer=given, answered_at=NOW)),
    )

    answer_together(question)

    assert AuditEvent.objects.count() > 1
