"""The two links of a change of address by support: one proves the new address, the other one stops it.

Signed and kept nowhere: a letter gets its link the moment it is sent.
"""

from collections.abc import Mapping

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from accounts.models import AddressChange, Notification, User
from accounts.notifications import NowhereToSend

PROVE, STOP = "address_change_proof", "address_change_agreed"
"""The kinds of letters they are in."""
OF_NO_USE = "Left out: the change of address is over."

# The salt is the purpose: whoever has the one link cannot make the other out of it.
_PROVING = Signer(sep=".", salt="accounts.address-change.prove")
_STOPPING = Signer(sep=".", salt="accounts.address-change.stop")


def proving_path(change: AddressChange) -> str:
    return reverse("accounts:prove_address", args=[_PROVING.sign(change.public_id)])


def stopping_path(change: AddressChange) -> str:
    return reverse("accounts:stop_address_change", args=[_STOPPING.sign(change.public_id)])


def stopping_address(user: User) -> str:
    """Return where somebody who is signed in stops a change that was agreed to; empty where there is none."""
    change = AddressChange.objects.agreed().owned_by(user).first()
    return stopping_path(change) if change is not None else ""


def change_to_prove(token: str) -> AddressChange | None:
    """Return what a link proves an address for, whether it still can or not; None for a link that isn't ours."""
    return _opened(token, _PROVING)


def change_to_stop(token: str) -> AddressChange | None:
    """Return what a link stops, whether it still can or not; None for a link that isn't ours."""
    return _opened(token, _STOPPING)


def secrets_of(*, notice: Notification) -> Mapping[str, str]:
    """Return the link that a letter needs (LETTER_SECRETS); nothing for every other kind."""
    path_of = {PROVE: proving_path, STOP: stopping_path}.get(notice.kind)
    if path_of is None:
        return {}
    agreed = AddressChange.objects.agreed().owned_by(notice.user)
    change = agreed.filter(public_id=notice.context["change"]).first()
    if change is None:
        raise NowhereToSend(OF_NO_USE)
    return {"link": f"{settings.PORTAL_BASE_URL}{path_of(change)}"}


def _opened(token: str, signer: Signer) -> AddressChange | None:
    try:
        public_id = signer.unsign(token)
    except BadSignature:
        return None
    return AddressChange.objects.select_related("user").filter(public_id=public_id).first()
