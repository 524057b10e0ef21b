"""A key that leaked is replaced, and what was sent before is still found by its hash."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from billing import pay_links
from billing.question_links import question_of, token_for
from billing.referral_traits import fingerprint_hash
from tests import make
from tests.billing.books import buy
from tests.make import encryption_key

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]

OLD, NEW = encryption_key("old"), encryption_key("new")


@pytest.fixture(autouse=True)
def _old_key(settings):
    settings.PORTAL_ENCRYPTION_KEYS = [OLD]


def replace_the_key(settings):
    settings.PORTAL_ENCRYPTION_KEYS = [NEW, OLD]
    call_command("rotate_encryption_keys", verbosity=0)
    settings.PORTAL_ENCRYPTION_KEYS, settings.PORTAL_LOOKUP_KEY = [NEW], OLD


def test_a_link_to_pay_that_was_sent_opens_after_a_key_was_replaced(line, plan, subscriber, client, settings, now):
    made = pay_links.make(order=buy(line, plan, gateway=""), by=subscriber, shown_as="Ada", ip=None, now=now)

    replace_the_key(settings)

    assert client.get(reverse("billing:pay_for", args=[made.token])).status_code == 200


def test_a_card_that_was_seen_is_known_after_a_key_was_replaced(settings):
    before = fingerprint_hash("card-of-ada")

    replace_the_key(settings)

    assert fingerprint_hash("card-of-ada") == before


def test_a_question_that_was_sent_is_answered_after_a_key_was_replaced(line, plan, settings):
    subscription = make.make_subscription(line=line, plan=plan)
    question = make.make_question(subscription=subscription)
    token = token_for(subscription, period_index=question.period_index)
    assert question_of(token) == question

    replace_the_key(settings)

    assert question_of(token) == question
