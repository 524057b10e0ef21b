"""The confirmation code of an eSIM (SGP.22 §4.7): the subscriber gets it by another way than the activation code.

No row but the profile's holds it, and that one encrypted: a notice names the profile, and the code is put into the
letter the moment it is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import address_change_links, audit, sms
from accounts.models import Notification, User
from accounts.models.notifications import Channel
from accounts.notifications import NowhereToSend, every_channel, notify
from esim.installing import is_to_install
from esim.models import SimProfile

KIND = "confirmation_code"
WITHIN = timedelta(hours=1)
MOST_WITHIN = 5
OF_NO_USE = "Left out: the eSIM asks for no confirmation code any more."


class SentTooOften(Exception):
    """Messages cost money, and ring where somebody may sleep."""

    sentence = _("The code was sent just now, or often within an hour. Wait a little before you ask for it again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What the install page says of the code: when it went where, never what it is."""

    channels: list[Channel]
    last_channel: Channel
    last_at: datetime


def channels_for(user: User) -> list[Channel]:
    """Return where the code can go, the telephone first: the mailbox is what else gives access to the account."""
    reachable = [channel for channel in every_channel(user) if channel != Channel.SMS or sms.is_configured()]
    return sorted(reachable, key=lambda channel: channel != Channel.SMS)


def send_first(*, profile: SimProfile, viewer: User, ip: str | None, now: datetime) -> Sending | None:
    """Send the code when the activation code is first looked at; return where it went, None where there is none."""
    if not (is_to_install(profile) and profile.confirmation_code_ciphertext):
        return None
    owner = profile.line.owner
    sent = _sent(profile).order_by("-created_at", "-pk").first()
    if sent is None:
        _send(profile, channel=channels_for(owner)[0], key="first", viewer=viewer, ip=ip, now=now)
        sent = _sent(profile).latest("created_at", "pk")
    return Sending(channels=channels_for(owner), last_channel=Channel(sent.channel), last_at=sent.created_at)


def send_again(*, profile: SimProfile, channel: Channel, viewer: User, ip: str | None, now: datetime) -> None:
    """Send it once more, as asked for; raise SentTooOften."""
    if _sent(profile).filter(created_at__gt=now - WITHIN).count() >= MOST_WITHIN:
        raise SentTooOften
    # One key a minute, whatever the channel: two presses at the same time are one message.
    if not _send(profile, channel=channel, key=f"{now:%Y%m%d%H%M}", viewer=viewer, ip=ip, now=now):
        raise SentTooOften


def secrets_of(*, notice: Notification) -> Mapping[str, str]:
    """Return what a letter about a code needs (LETTER_SECRETS); of every other kind, what accounts know."""
    if notice.kind != KIND:
        return address_change_links.secrets_of(notice=notice)
    profile = SimProfile.objects.owned_by(notice.user).filter(public_id=notice.context["profile"]).first()
    if profile is None or not (is_to_install(profile) and profile.confirmation_code):
        raise NowhereToSend(OF_NO_USE)
    return {"confirmation_code": profile.confirmation_code}


def _sent(profile: SimProfile) -> QuerySet[Notification]:
    beginning = _key(profile, "")
    return Notification.objects.filter(user=profile.line.owner, kind=KIND, key__startswith=beginning)


def _send(profile: SimProfile, *, channel: Channel, key: str, viewer: User, ip: str | None, now: datetime) -> bool:
    line = profile.line
    whole_key = _key(profile, key)
    with transaction.atomic():
        if _sent(profile).filter(key__startswith=f"{whole_key}:").exists():
            return False
        notify(
            user=line.owner,
            kind=KIND,
            key=whole_key,
            context={"line": str(line), "profile": profile.public_id},
            now=now,
            channels=[channel],
        )
        audit.record(
            actor=viewer,
            subject=line.owner,
            action="line.confirmation_code_sent",
            target=line.public_id,
            detail={"channel": channel.value},
            ip=ip,
            now=now,
        )
    return True


def _key(profile: SimProfile, which: str) -> str:
    # With the line, for the next owner of a line that is handed over has another one, and is owed a code of their own.
    return f"confirmation-code:{profile.public_id}:{profile.line.public_id}:{which}"
