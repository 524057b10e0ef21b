"""Bringing others along: one's own code, and who registered with it."""

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import KnownDevice, Referral, ReferralCode, User
from portal.lib.crypto import lookup_hash
from portal.lib.public_ids import ALPHABET

LENGTH = 10
DOTS_MEAN_NOTHING = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Where a dot in the name is none, and what the domain is called besides."""


def normalised(email: str) -> str:
    """Return where mail to this address ends up: without what follows a plus, and without dots that mean nothing."""
    name, _, domain = email.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    if domain in DOTS_MEAN_NOTHING:
        name, domain = name.replace(".", ""), DOTS_MEAN_NOTHING[domain]
    return f"{name}@{domain}"


def mailbox_of(email: str) -> str:
    """Return a keyed hash of the mailbox behind an address: two spellings of one mailbox have the same."""
    return lookup_hash(normalised(email), purpose="mailbox")


def code_of(user: User) -> str:
    """Return the code that somebody made before; empty for none."""
    return ReferralCode.objects.filter(owner=user).values_list("code", flat=True).first() or ""


def make_code(*, user: User, device: str, ip: str | None, now: datetime) -> str:
    """Give somebody a code, once, and remember the device they asked on."""
    with transaction.atomic():
        made, is_new = ReferralCode.objects.get_or_create(owner=user, defaults={"code": _code(), "created_at": now})
        if is_new:
            audit.record(actor=user, subject=user, action="referral.link_made", target=made.code, ip=ip, now=now)
    remember_device(user=user, device=device, now=now)
    return made.code


def _code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def referrer_of(code: str) -> User | None:
    """Return whose code this is; None where it is nobody's."""
    found = (
        ReferralCode.objects.filter(code=code.strip().lower(), owner__is_active=True).select_related("owner").first()
    )
    return found.owner if found else None


def remember_device(*, user: User, device: str, now: datetime) -> None:
    if device:
        KnownDevice.objects.bulk_create([KnownDevice(owner=user, device=device, seen_at=now)], ignore_conflicts=True)


def join(*, newcomer: User, code: str, device: str, now: datetime) -> Referral | None:
    """Write down that somebody registered with a code; None where it is nobody's, or was written before."""
    remember_device(user=newcomer, device=device, now=now)
    referrer = referrer_of(code)
    if referrer is None or referrer == newcomer:
        return None
    try:
        with transaction.atomic():
            return Referral.objects.create(
                referrer=referrer,
                newcomer=newcomer,
                mailbox=mailbox_of(newcomer.email),
                device=device,
                joined_at=now,
            )
    except IntegrityError:
        return None
