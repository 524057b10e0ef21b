"""What a subscriber needs to put a line on a device, and the trace of having shown it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.db import transaction

from accounts import audit
from accounts.models import AuditEvent, User
from accounts.notifications import notify
from esim.activation import ActivationCode, android_link, apple_link, lpa_uri
from esim.models import DownloadState, Line, SimProfile

A_LOOK = timedelta(minutes=1)
"""The page and the picture in it are asked for one after the other, and are one look at the code."""

CODE_VIEWED = "line.activation_code_viewed"
TO_INSTALL = frozenset({DownloadState.RELEASED, DownloadState.DOWNLOADED})
"""A downloaded profile may be tried again on the same device (SGP.22 §3.1.6); an installed one is taken."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Secrets:
    """The activation code in every form a phone takes. Never printed, never stored like this."""

    code: str
    smdp_address: str
    matching_id: str
    qr_text: str
    apple_href: str
    android_href: str
    needs_confirmation_code: bool

    @classmethod
    def of(cls, profile: SimProfile) -> Self:
        code = profile.activation_code
        parts = ActivationCode.parse(code)
        return cls(
            code=code,
            smdp_address=parts.smdp_address,
            matching_id=parts.matching_id,
            qr_text=lpa_uri(code),
            apple_href=apple_link(code),
            android_href=android_link(code),
            needs_confirmation_code=parts.needs_confirmation_code,
        )


def current_profile(line: Line) -> SimProfile | None:
    return SimProfile.objects.filter(line=line).current().first()


def is_to_install(profile: SimProfile | None) -> bool:
    """Tell whether the activation code is still of use; afterwards nobody should see it again."""
    return profile is not None and profile.download_state in TO_INSTALL and bool(profile.activation_code_ciphertext)


def record_shown(*, line: Line, profile: SimProfile, viewer: User, ip: str | None, now: datetime) -> None:
    """Leave a trace of each time secrets of a SIM were shown, and tell the owner about the code once a day."""
    shows_code = is_to_install(profile)
    with transaction.atomic():
        audit.record(
            actor=viewer,
            subject=line.owner,
            action=CODE_VIEWED if shows_code else "line.pin_viewed",
            target=line.public_id,
            ip=ip,
            now=now,
        )
        if not shows_code:
            return
        if SimProfile.objects.filter(pk=profile.pk, code_shown_at=None).update(code_shown_at=now):
            # From now on the page waits for news of the installation: ask the network at once.
            Line.objects.filter(pk=line.pk, usage_poll_due_at__gt=now).update(usage_poll_due_at=now)
        notify(
            user=line.owner,
            kind="activation_code_viewed",
            key=f"code-viewed:{profile.public_id}:{now.astimezone(line.owner.zone):%Y-%m-%d}",
            context={"line": str(line), "viewed_at": now.isoformat()},
            now=now,
        )


def record_picture_shown(*, line: Line, profile: SimProfile, viewer: User, ip: str | None, now: datetime) -> None:
    """Leave a trace of a QR code that was fetched without its page, which leaves one itself."""
    looks = AuditEvent.objects.filter(subject=line.owner, at__gt=now - A_LOOK, action=CODE_VIEWED)
    if not looks.filter(target=line.public_id, actor=viewer, ip_address=ip).exists():
        record_shown(line=line, profile=profile, viewer=viewer, ip=ip, now=now)
