"""Whether two accounts are one person's: what speaks against a reward; reads only."""

from collections.abc import Iterator
from datetime import datetime

from accounts.models import KnownDevice, Referral, User
from accounts.referrals import mailbox_of, normalised
from billing.models import ReferralCredit, SeenCard
from portal.lib.crypto import lookup_hash

Reason = ReferralCredit.Reason
LONGEST_CHAIN = 50


def fingerprint_hash(fingerprint: str) -> str:
    """Return by what a card is recognised; gateways' own fingerprints stay with them."""
    return lookup_hash(fingerprint, purpose="card")


def remember_card(*, owner_id: int, fingerprint: str, now: datetime) -> None:
    """Remember that somebody paid with a card. Safe to repeat."""
    card = SeenCard(owner_id=owner_id, fingerprint=fingerprint_hash(fingerprint), seen_at=now)
    SeenCard.objects.bulk_create([card], ignore_conflicts=True)


def objection_to(referral: Referral) -> ReferralCredit.Reason | None:
    """Return what shows that the newcomer had an account before; None where nothing does.

    Compared with everybody, not with who invited alone: else a third account in between would hide it.
    """
    newcomer = referral.newcomer
    if _is_known_mailbox(referral):
        return Reason.SAME_MAILBOX
    if newcomer.phone and User.objects.filter(phone=newcomer.phone).exclude(pk=newcomer.pk).exists():
        return Reason.SAME_PHONE
    devices = KnownDevice.objects.filter(owner=newcomer).values("device")
    if KnownDevice.objects.filter(device__in=devices).exclude(owner=newcomer).exists():
        return Reason.SAME_DEVICE
    cards = SeenCard.objects.filter(owner=newcomer).values("fingerprint")
    if SeenCard.objects.filter(fingerprint__in=cards).exclude(owner=newcomer).exists():
        return Reason.SAME_CARD
    return None


def _is_known_mailbox(referral: Referral) -> bool:
    newcomer = referral.newcomer
    mailbox = mailbox_of(newcomer.email)
    others = Referral.objects.filter(mailbox=mailbox).exclude(pk=referral.pk)
    plain = User.objects.filter(email=normalised(newcomer.email)).exclude(pk=newcomer.pk)
    if others.exists() or plain.exists():
        return True
    return any(mailbox_of(one.email) == mailbox for one in _ancestors(referral))


def _ancestors(referral: Referral) -> Iterator[User]:
    """Yield who invited, and who invited them."""
    person: User | None = referral.referrer
    for _ in range(LONGEST_CHAIN):
        if person is None:
            return
        yield person
        above = Referral.objects.filter(newcomer=person).select_related("referrer").first()
        person = above.referrer if above else None
