"""Cards kept at the gateway."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.models import User
from billing.gateways.base import KeptCard, PaymentGateway
from billing.models import PaymentMethod


class OwnedByAnother(Exception):
    """The gateway named one card for two people: nobody may pay with the other's."""


def keep_card(*, owner: User, gateway_name: str, card: KeptCard, now: datetime) -> PaymentMethod:
    """Remember a card that its owner chose to keep; the first one becomes the default. Safe to repeat.

    Raises OwnedByAnother for a card that the gateway keeps for somebody else.
    """
    method, _made = PaymentMethod.objects.get_or_create(
        gateway=gateway_name,
        reference=card.reference,
        defaults={
            "owner": owner,
            "brand": card.brand,
            "last_four": card.last_four,
            "expires_month": card.expires_month,
            "expires_year": card.expires_year,
            "created_at": now,
        },
    )
    if method.owner_id != owner.pk:
        raise OwnedByAnother(method.public_id)
    if not PaymentMethod.objects.owned_by(owner).usable().filter(is_default=True).exists():
        _try_default(method)
    return method


def _try_default(method: PaymentMethod) -> None:
    try:
        with transaction.atomic():
            updated = PaymentMethod.objects.usable().filter(pk=method.pk).update(is_default=True)
    except IntegrityError:
        return  # another card became the default a moment ago
    method.is_default = updated == 1


@transaction.atomic
def make_default(*, method: PaymentMethod) -> None:
    """Pay with this card first from now on."""
    usable = PaymentMethod.objects.usable().filter(owner=method.owner)
    usable.filter(is_default=True).exclude(pk=method.pk).update(is_default=False)
    usable.filter(pk=method.pk).update(is_default=True)


def remove_card(*, method: PaymentMethod, gateway: PaymentGateway, now: datetime) -> None:
    """Stop using a card, then let the gateway forget it; raises OutcomeUnknown when it did not answer.

    Our mark comes first: from then on nothing is charged to the card, whatever the gateway says.
    """
    PaymentMethod.objects.usable().filter(pk=method.pk).update(removed_at=now, is_default=False)
    gateway.forget_card(method.reference)
