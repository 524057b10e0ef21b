"""The one-time code of a claim: made out of the claim with the portal's key whenever it is needed, and kept nowhere."""

from collections.abc import Mapping

from django.utils.crypto import constant_time_compare

from accounts.models import Notification
from accounts.notifications import NowhereToSend
from billing.models import LineClaim
from esim import confirmation_codes
from portal.lib.crypto import lookup_hash

KIND = "claim_code"
DIGITS = 6
OF_NO_USE = "Left out: the code can't be used any more."


def code_of(claim: LineClaim) -> str:
    """Return the six digits that belong to a claim, whether they are sent or not."""
    digest = lookup_hash(f"{claim.pk}:{claim.user_id}:{claim.asked}", purpose="code of a claim to a line")
    return f"{int(digest, 16) % 10**DIGITS:0{DIGITS}}"


def is_right(claim: LineClaim, typed: str) -> bool:
    """Compare in constant time; for a claim to nothing no code is right."""
    return constant_time_compare(code_of(claim), typed) and claim.order_id is not None


def secrets_of(*, notice: Notification) -> Mapping[str, str]:
    """Return what a letter about a code needs (LETTER_SECRETS); nothing for every kind without a secret."""
    if notice.kind != KIND:
        return confirmation_codes.secrets_of(notice=notice)
    # Another time to expire than was written is that of a claim which a later one ended.
    about = {"pk": notice.context["claim"], "expires_at": notice.context["expires_at"], "order__owner": notice.user}
    claim = LineClaim.objects.filter(used_at=None, **about).first()
    if claim is None:
        raise NowhereToSend(OF_NO_USE)
    return {"code": code_of(claim)}
