"""Telling people: a row first, a message later.

`notify` writes rows inside the transaction of the fact they tell about; `deliver_due` sends what is
due. The words are chosen at delivery, in the reader's language and time zone of that moment.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailAttachment, EmailMultiAlternatives
from django.db.models import F
from django.utils.module_loading import import_string

from accounts import quiet_hours, sms
from accounts.letters import one_line, write_email, write_sms
from accounts.models import Notification, User
from accounts.models.notifications import Channel
from accounts.waited_notices import NO_LONGER_SO, Facts, facts_now
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

# Longer than a worker may take over a batch (CELERY_TASK_TIME_LIMIT): the lease runs from the
# batch's start, and one that ends too early sends a message twice.
LEASE = timedelta(minutes=10)
BACK_OFF = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720)]
MAX_ATTEMPTS = len(BACK_OFF) + 1
NO_NUMBER = "No verified mobile number."
HIDDEN = "•••••"
"""What the copy that we keep of a letter says in the place of a secret."""
TOO_LATE = "Left out: what it announces has come."

Stop = type[Exception] | tuple[()]
"""What tells a run that its time is over, and nothing about the notice it was at."""


class Enclose(Protocol):
    """What LETTER_ENCLOSURES names: the files of e-mails are about orders, of which this app knows nothing."""

    def __call__(self, *, notice: Notification, now: datetime) -> Sequence[EmailAttachment]:
        """Return the files that go with an e-mail, made the moment it is sent."""


class Secrets(Protocol):
    """What LETTER_SECRETS names: values that a letter needs and its row must not keep."""

    def __call__(self, *, notice: Notification) -> Mapping[str, str]:
        """Return them by their names in the templates; raise NowhereToSend where they are of use no more."""


class Reachable(Protocol):
    """Where somebody wants to be told: `User`, or a row read for many at once."""

    @property
    def notify_by_email(self) -> bool: ...

    @property
    def notify_by_sms(self) -> bool: ...

    @property
    def phone_verified(self) -> bool: ...


class NowhereToSend(Exception):
    """The person has no address on this channel any more; trying again will not help."""


def notify(
    *,
    user: User,
    kind: str,
    key: str,
    context: Mapping[str, Any],
    now: datetime,
    channels: Iterable[Channel] | None = None,
) -> None:
    """Write one notice for each channel the person wants, or for `channels`; the same `key` again writes nothing.

    `context` holds plain values: money as {"minor": …, "currency": …}, instants as ISO text under
    names ending in `_at`. With `to_address` in it the e-mail goes there instead, to somebody who may have no account,
    and with `to_number` the SMS; with `reader_language`, in that language.
    """
    Notification.objects.bulk_create(
        notices(user=user, kind=kind, key=key, context=context, now=now, channels=channels), ignore_conflicts=True
    )


def notices(
    *,
    user: User,
    kind: str,
    key: str,
    context: Mapping[str, Any],
    now: datetime,
    channels: Iterable[Channel] | None = None,
) -> list[Notification]:
    """Return the unsaved rows of a notice, for batches that write many people's at once.

    What can wait is due when the person's quiet hours end.
    """
    due_at = quiet_hours.send_at(kind=kind, context=context, reader=user, now=now)
    return [
        Notification(
            key=f"{key}:{channel}",
            user=user,
            channel=channel,
            kind=kind,
            context=dict(context),
            due_at=due_at,
            created_at=now,
        )
        for channel in (wanted_channels(user) if channels is None else channels)
    ]


def wanted_channels(user: Reachable) -> list[Channel]:
    """Return where the person wants to be told; never by SMS to a number they haven't proved to be theirs.

    Who chose SMS alone, and has a new number that is not proved yet, is told by e-mail meanwhile.
    """
    wanted = []
    if user.notify_by_email or (user.notify_by_sms and not user.phone_verified):
        wanted.append(Channel.EMAIL)
    if user.notify_by_sms and user.phone_verified:
        wanted.append(Channel.SMS)
    return wanted


def every_channel(user: Reachable) -> list[Channel]:
    """Return wherever the person can be reached, for what concerns the safety of the account, whatever they chose."""
    return [Channel.EMAIL, Channel.SMS] if user.phone_verified else [Channel.EMAIL]


def deliver_due(*, now: datetime, limit: int = 100, in_time: InTime = always, stopped_by: Stop = ()) -> int:
    """Send the notices due at `now`, until `in_time` says no, and return how many left; `stopped_by` ends it at once.

    0. Put off what can wait where it is quiet now: it was delayed, or the reader wants other hours since. What waited
       already says what is so now, and is left out where nothing of it is.
    1. Claim: a conditional UPDATE takes the row for the length of a lease.
    2. Send, outside any transaction.
    3. Record, unless somebody else took the row over meanwhile.

    A crash between 2 and 3 costs one more copy when the lease ends, under the same Message-ID. No message is lost.
    """
    due = list(Notification.objects.due(now).select_related("user").order_by("due_at", "pk")[:limit])
    anew = facts_now(due, now=now)
    return sum(
        _deliver(notice, facts=anew.get(notice.pk, notice.context), now=now, stopped_by=stopped_by)
        for notice in due
        if in_time() and not _waits(notice, now=now) and _claim(notice, now=now)
    )


def _waits(notice: Notification, *, now: datetime) -> bool:
    due_at = quiet_hours.send_at(kind=notice.kind, context=notice.context, reader=notice.user, now=now)
    if due_at <= now:
        return False
    untouched = Notification.objects.filter(pk=notice.pk, state=Notification.State.QUEUED, attempts=notice.attempts)
    return bool(untouched.update(due_at=due_at))


def _claim(notice: Notification, *, now: datetime) -> bool:
    claimed = (
        Notification.objects.due(now)
        .filter(pk=notice.pk, attempts=notice.attempts)
        .update(state=Notification.State.SENDING, lease_until=now + LEASE, attempts=F("attempts") + 1)
    )
    notice.attempts += claimed
    return claimed == 1


def _deliver(notice: Notification, *, facts: Facts | None, now: datetime, stopped_by: Stop) -> bool:
    """Send a claimed notice with what is so now; where that is None it is no longer true, and left out."""
    if notice.attempts > MAX_ATTEMPTS:
        _record(notice, state=Notification.State.FAILED, error="Given up: the process that sent it died each time.")
        return False
    too_late_at = quiet_hours.deadline(kind=notice.kind, context=notice.context)
    if too_late_at is not None and too_late_at <= now:
        _record(notice, state=Notification.State.LEFT_OUT, error=TOO_LATE)
        return False
    if facts is None:
        _record(notice, state=Notification.State.LEFT_OUT, error=NO_LONGER_SO)
        return False
    notice.context = {**notice.context, **facts}
    try:
        _send(notice, now=now)
    except NowhereToSend as error:
        _record(notice, state=Notification.State.FAILED, error=str(error))
    except stopped_by:
        # Nothing is known of this notice: it is tried again when its lease ends.
        raise
    except Exception as error:  # one bad notice must not stop the others
        logger.exception("Notice %s not sent (attempt %d)", notice.public_id, notice.attempts)
        _put_off(notice, error=error, now=now)
    else:
        _record(notice, state=Notification.State.SENT, error="", sent_at=now)
        return True
    return False


def _send(notice: Notification, *, now: datetime) -> None:
    secrets = dict(cast("Secrets", import_string(settings.LETTER_SECRETS))(notice=notice))
    hidden = dict.fromkeys(secrets, HIDDEN)
    if notice.channel == Channel.EMAIL:
        _send_email(notice, secrets=secrets, hidden=hidden, now=now)
    else:
        _send_sms(notice, secrets=secrets, hidden=hidden)


def _send_email(notice: Notification, *, secrets: dict[str, str], hidden: dict[str, str], now: datetime) -> None:
    user = notice.user
    letter = write_email(kind=notice.kind, user=user, context={**notice.context, **secrets})
    kept = write_email(kind=notice.kind, user=user, context={**notice.context, **hidden}) if secrets else letter
    notice.subject, notice.body = kept.subject[:200], kept.body
    host = urlsplit(settings.PORTAL_BASE_URL).hostname or "localhost"
    # The same id each time: mail systems show a second copy once.
    headers = {"Message-ID": f"<{notice.public_id}@{host}>", "Auto-Submitted": "auto-generated"}
    files = cast("Enclose", import_string(settings.LETTER_ENCLOSURES))(notice=notice, now=now)
    to = notice.context.get("to_address") or user.email
    message = EmailMultiAlternatives(letter.subject, letter.body, to=[to], headers=headers, attachments=files)
    message.attach_alternative(letter.html, "text/html")
    message.send()


def _send_sms(notice: Notification, *, secrets: dict[str, str], hidden: dict[str, str]) -> None:
    user = notice.user
    to = notice.context.get("to_number") or (user.phone if user.phone_verified else "")
    if not to:
        raise NowhereToSend(NO_NUMBER)
    notice.body = write_sms(kind=notice.kind, user=user, context={**notice.context, **hidden})
    text = write_sms(kind=notice.kind, user=user, context={**notice.context, **secrets}) if secrets else notice.body
    sms.chosen().send(to=to, text=text)


def _put_off(notice: Notification, *, error: Exception, now: datetime) -> None:
    text = one_line(f"{type(error).__name__}: {error}")
    if notice.attempts >= MAX_ATTEMPTS:
        _record(notice, state=Notification.State.FAILED, error=text)
    else:
        _record(notice, state=Notification.State.QUEUED, error=text, due_at=now + BACK_OFF[notice.attempts - 1])


def _record(notice: Notification, *, error: str, **outcome: Any) -> None:
    """Write the outcome of an attempt; `attempts` tells whether the row is still ours."""
    Notification.objects.filter(pk=notice.pk, state=Notification.State.SENDING, attempts=notice.attempts).update(
        lease_until=None, subject=notice.subject, body=notice.body, error=error[:300], **outcome
    )
