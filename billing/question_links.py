"""The link in a question before a renewal: signed, about one period of one auto-renewal, and for nothing else."""

from django.core.signing import BadSignature, Signer

from billing.models import RenewalQuestion, Subscription

# The salt is the purpose: what is signed for something else opens no question.
_SIGNER = Signer(sep=".", salt="billing.renewal-question")


def token_for(subscription: Subscription, *, period_index: int) -> str:
    return _SIGNER.sign(f"{subscription.public_id}.{period_index}")


def question_of(token: str) -> RenewalQuestion | None:
    """Return what a link asks about, whether it can still be answered or not; None for a link that isn't ours."""
    try:
        public_id, _, index = _SIGNER.unsign(token).partition(".")
    except BadSignature:
        return None
    about = ("line__owner", "plan", "method", "backup_method")
    questions = RenewalQuestion.objects.select_related(*(f"subscription__{name}" for name in about))
    return questions.filter(subscription__public_id=public_id, period_index=int(index)).first()
