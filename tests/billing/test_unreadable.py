"""A row that can't be read, whoever wrote it so: its owner's pages open, and the work for others goes on."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from billing.models import Subscription
from billing.renewal_figures import forecast
from esim import keep_alive
from esim.models import Line
from tests import make
from tests.billing.books import NOW

NONSENSE = {"nonsense": True}


@pytest.fixture
def unreadable(subscription):
    Subscription.objects.filter(pk=subscription.pk).update(consent_terms=NONSENSE)
    return subscription


def test_the_owners_pages_open_without_a_forecast(client, unreadable, subscriber, caplog):
    client.force_login(subscriber)

    for name in ("line", "billing:auto_renewal"):
        assert client.get(reverse(name, args=[unreadable.line.public_id])).status_code == 200
    assert "could not go on" in caplog.text


def test_staff_are_told_about_the_rest(unreadable):
    told = forecast(now=NOW, until=NOW)
    assert (told.due, dict(told.by_action)) == (1, {})


def test_one_line_beyond_the_calendar_does_not_silence_the_others(settings, line, now):
    settings.ESIM_LAPSES_AFTER_DAYS = 60
    other = make.make_line(owner=make.make_user())
    Line.objects.update(last_used_at=now - timedelta(days=55), keep_alive_due_at=now)
    Line.objects.filter(pk=line.pk).update(last_used_at=datetime(9999, 12, 1, tzinfo=UTC))

    drafts, times = keep_alive.look([line.pk, other.pk], now=now)

    assert [draft.context["line_id"] for draft in drafts] == [other.public_id]
    assert set(times) == {other.pk}
