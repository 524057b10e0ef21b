"""Lines that lapse when nobody uses them: told 30, 7 and 1 days before, each once, until somebody does."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts.models import Notification
from accounts.notifications import deliver_due
from billing.reminders import send_reminders
from esim import keep_alive
from esim.carriers.base import ProfileStatus, UsageReport
from esim.handing_over import hand_over
from esim.models import DownloadState, ServiceState
from esim.usage import advance, ingest
from portal.lib.dates import held_together
from tests import make

DAY = timedelta(days=1)
WARNED_ON = (60, 83, 89)
"""Days without use, of ninety: 30, 7 and 1 before the end."""


@pytest.fixture
def line(subscriber, now):
    return make.make_line(owner=subscriber, nickname="Drawer", created_at=now - DAY)


def use(line, at, **amounts):
    ingest(line=line, reports=[UsageReport(record_id=f"{at}", at=at, **amounts)], source="test", now=at)
    line.refresh_from_db()


def told():
    return [key.split(":")[0] for key in Notification.objects.order_by("pk").values_list("key", flat=True)]


def sweep(first, days):
    """Let the reminders look each day; on days on which nothing can fall due they find as little as on those beside."""
    for day in range(days):
        if any(abs(day - due) <= 2 for due in (0, *WARNED_ON, days - 1)):
            send_reminders(now=first + day * DAY)


def test_an_unused_line_is_warned_of_three_times_and_then_no_more(line, now):
    use(line, now, data_bytes=1)

    sweep(now, 100)

    assert told() == ["keep-alive-30d", "keep-alive-7d", "keep-alive-1d"]


@pytest.mark.slow
def test_use_begins_the_count_anew(line, now):
    use(line, now, sms_count=1)
    sweep(now, 62)
    use(line, now + 62 * DAY, voice_seconds=10)

    assert keep_alive.lapses_at(line) == now + 152 * DAY
    sweep(now + 62 * DAY, 62)

    assert told() == ["keep-alive-30d", "keep-alive-30d"]


def test_an_old_record_and_an_empty_one_are_no_use(line, now):
    use(line, now, data_bytes=1)
    use(line, now - DAY, data_bytes=1)
    use(line, now + DAY, data_bytes=0)

    assert line.last_used_at == now


def test_a_sim_that_is_put_to_use_counts_as_used(line, now):
    profile = make.make_profile(line=line)

    advance(profile=profile, status=ProfileStatus(download_state=DownloadState.ENABLED, changed_at=now), now=now)

    line.refresh_from_db()
    assert line.last_used_at == now


@pytest.mark.parametrize("why", ["closed", "never lapses", "never used"])
def test_what_does_not_lapse_is_not_warned_of(line, now, settings, why):
    if why != "never used":
        use(line, now, data_bytes=1)
    if why == "closed":
        line.service_state = ServiceState.TERMINATED
        line.save()
    if why == "never lapses":
        settings.ESIM_LAPSES_AFTER_DAYS = 0

    sweep(now, 91)

    assert (told(), keep_alive.lapses_at(line)) == ([], None)


def test_a_card_that_changed_hands_is_warned_of_without_the_former_owners_use(line, stranger, now):
    profile = make.make_profile(line=line)
    use(line, now, data_bytes=1)
    moved = hand_over(line, profile=profile, to=stranger, now=now + 50 * DAY)
    moved.refresh_from_db()
    assert (moved.own_last_use, keep_alive.lapses_at(moved)) == (None, now + 90 * DAY)

    send_reminders(now=now + 60 * DAY)
    deliver_due(now=now + 60 * DAY)

    [letter] = mail.outbox
    assert (letter.to, letter.subject.split(" ", 1)[1]) == (
        [stranger.email],
        "lapses in 30 days, on 19 Feb 2027, unless you use it",
    )
    assert "21 Nov" not in letter.body
    assert "The days before this one was yours count as well." in letter.body
    assert now.date().isoformat() not in str(Notification.objects.get().context)


def test_the_warning_says_what_to_do(line, now):
    use(line, now, data_bytes=1)
    send_reminders(now=now + 60 * DAY)

    deliver_due(now=now + 60 * DAY)

    letter = mail.outbox[0]
    assert letter.subject == "Drawer lapses in 30 days, on 19 Feb 2027, unless you use it"
    assert "This one was last used on 21 Nov 2026." in letter.body
    assert "use a little mobile data on it, make a call or send an SMS" in letter.body
    assert f"/lines/{line.public_id}/" in letter.body


def test_the_page_of_the_line_says_when_it_lapses(as_subscriber, line, now):
    use(line, now, data_bytes=1)

    assert held_together("Lapses on 19 Feb 2027") in as_subscriber.get(f"/lines/{line.public_id}/").content.decode()
