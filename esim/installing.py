"""What a subscriber needs to put a line on a device, and the trace of having shown it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.db import transaction

from accounts import audit
from accounts.models import AuditEvent, User
from accounts.notifications import notify
from esim import status_sentences
from esim.activation import ActivationCode, android_link, apple_link, lpa_uri
from esim.models import DownloadState, Line, Replacement, SimProfile

A_LOOK = timedelta(minutes=1)
"""The page and the picture in it are asked for one after the other, and are one look at the code."""

APPLE, ANDROID = "apple", "android"
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
    """Return the profile that is on a device, or is to go on one: of a line that is being replaced, the new one."""
    waiting = SimProfile.objects.filter(line=line, replaces__state=Replacement.State.TO_INSTALL).first()
    return waiting or SimProfile.objects.filter(line=line).current().first()


def is_to_install(profile: SimProfile | None) -> bool:
    """Tell whether the activation code is still of use; afterwards nobody should see it again."""
    return profile is not None and profile.download_state in TO_INSTALL and bool(profile.activation_code_ciphertext)


def problem_of(profile: SimProfile | None) -> str:
    """Return what went wrong on the way to the device and what to do, as the SM-DP+ told it; empty for nothing."""
    if profile is None or not profile.problem:
        return ""
    subject_code, _slash, reason_code = profile.problem.partition("/")
    return status_sentences.sentence(subject_code, reason_code)


def stage_of(profile: SimProfile | None) -> str:
    """Name what the page shows of the way to the device; the same name, the same page."""
    return f"{profile.download_state}-{profile.problem}" if profile else ""


def platform_of(user_agent: str) -> str:
    """Return which one-tap link this device takes; empty for a desk, and for an iPad that says it is a Macintosh."""
    if "iPhone" in user_agent or "iPad" in user_agent:
        return APPLE
    return ANDROID if "Android" in user_agent else ""


def record_shown(*, line: Line, profile: SimProfile, viewer: User, ip: str | None, now: datetime) -> None:
    """Leave a trace of each time the code was shown, and tell the owner once a day."""
    with transaction.atomic():
        audit.record(actor=viewer, subject=line.owner, action=CODE_VIEWED, target=line.public_id, ip=ip, now=now)
        if SimProfile.objects.filter(pk=profile.pk, code_shown_at=None).update(code_shown_at=now):
            # From now on the page waits for news of the installation: ask the network at once.
            Line.objects.filter(pk=line.pk, usage_poll_due_at__gt=now).update(usage_poll_due_at=now)
            Replacement.objects.filter(new_profile=profile, state=Replacement.State.TO_INSTALL).update(look_at=now)
        notify(
            user=line.owner,
            kind="activation_code_viewed",
            key=f"code-viewed:{line.public_id}:{profile.public_id}:{now.astimezone(line.owner.zone):%Y-%m-%d}",
            context={"line": str(line), "viewed_at": now.isoformat()},
            now=now,
        )


def record_picture_shown(*, line: Line, profile: SimProfile, viewer: User, ip: str | None, now: datetime) -> None:
    """Leave a trace of a QR code that was fetched without its page, which leaves one itself."""
    looks = AuditEvent.objects.filter(subject=line.owner, at__gt=now - A_LOOK, action=CODE_VIEWED)
    if not looks.filter(target=line.public_id, actor=viewer, ip_address=ip).exists():
        record_shown(line=line, profile=profile, viewer=viewer, ip=ip, now=now)


def record_kept(*, line: Line, profile: SimProfile, viewer: User, ip: str | None, now: datetime) -> None:
    """Leave a trace of a copy that a device keeps, and tell the owner of each, once a minute at most."""
    with transaction.atomic():
        audit.record(
            actor=viewer, subject=line.owner, action="line.activation_code_kept", target=line.public_id, ip=ip, now=now
        )
        notify(
            user=line.owner,
            kind="activation_code_kept",
            key=f"code-kept:{line.public_id}:{profile.public_id}:{now:%Y%m%d%H%M}",
            context={"line": str(line), "kept_at": now.isoformat()},
            now=now,
        )
