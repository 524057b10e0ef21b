"""The link in a question before a renewal: signed, about one period of one auto-renewal, and for nothing else.

It names where it was sent: once the owner has another address or number, who has the mailbox, or the SIM, of before
can't answer for them.
"""

from django.core.signing import BadSignature, Signer
from django.utils.crypto import constant_time_compare

from accounts.models import User
from billing.models import RenewalQuestion, Subscription
from portal.lib.crypto import lookup_hash

# The salt is the purpose: what is signed for something else opens no question.
_SIGNER = Signer(sep=".", salt="billing.renewal-question")


def token_for(subscription: Subscription, *, period_index: int) -> str:
    return _SIGNER.sign(f"{subscription.public_id}.{period_index}.{_reached_at(subscription.line.owner)}")


def question_of(token: str) -> RenewalQuestion | None:
    """Return what a link asks about, whether it can still be answered or not.

    None for a link that isn't ours, or went where its owner is no longer reached.
    """
    try:
        public_id, index, reached_at = _SIGNER.unsign(token).split(".")
    except (BadSignature, ValueError):
        return None
    about = ("line__owner", "plan", "method", "backup_method")
    questions = RenewalQuestion.objects.select_related(*(f"subscription__{name}" for name in about))
    question = questions.filter(subscription__public_id=public_id, period_index=int(index)).first()
    is_theirs = question is not None and constant_time_compare(reached_at, _reached_at(question.owner))
    return question if is_theirs else None


def _reached_at(owner: User) -> str:
    """Return a short name for where letters and SMS of this person go."""
    number = owner.phone if owner.phone_verified else ""
    return lookup_hash(f"{owner.email} {number}", purpose="link in a question before a renewal")[:8]
