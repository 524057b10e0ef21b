"""What asks for a fresh proof on the pages: up to the limit a token stands for it, above it only its owner does."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from django.utils import timezone

from accounts.models import User
from billing.confirmation import ProofNeeded, needs_proof, without_proof
from portal.api.refusals import refused
from portal.lib.money import Money

PAID = "This much is paid only after its owner confirmed who they are. Open the page to go on there."
AGREED = "This much is agreed to only after its owner confirmed who they are. Open the page to go on there."


def refuse_above_limit(money: Money, *, detail: str, page: str) -> None:
    """Refuse what moves more than the limit, and say where its owner can go on with it."""
    if needs_proof(money):
        raise refused(HTTPStatus.FORBIDDEN, "confirmation-required", detail, page=page)


@contextmanager
def unproved_payment(money: Money, *, payer: User, page: str) -> Iterator[None]:
    """Commit a payment here; refuse what asks for a proof: above the limit, or with what was paid by hand within a day."""
    try:
        with without_proof(money, payer=payer, now=timezone.now()):
            yield
    except ProofNeeded:
        raise refused(HTTPStatus.FORBIDDEN, "confirmation-required", PAID, page=page) from None
