"""What a gateway tells about kept cards: kept on its page, renewed by the bank, or gone."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from billing.gateways.base import KeptCard, PaymentGateway
from billing.methods import keep_card
from billing.models import GatewayEvent, PaymentMethod

KEPT = "card.succeeded"
CHANGED = frozenset({"card.updated", "card.detached"})


def hear(*, event: GatewayEvent, gateway: PaymentGateway, now: datetime) -> bool:
    """Look at the card a notice is about; return False where a card was kept for nobody we know."""
    if event.kind == KEPT:
        return _keep(event, gateway=gateway, now=now)
    if event.kind in CHANGED:
        _look_at(event.payment_id, gateway=gateway, now=now)
    return True


def _keep(event: GatewayEvent, *, gateway: PaymentGateway, now: datetime) -> bool:
    card = gateway.look_up_card(event.payment_id)
    owner = User.objects.filter(public_id=card.customer).first() if card else None
    if card is None or owner is None:
        return False
    keep_card(owner=owner, gateway_name=event.gateway, card=card, now=now)
    return True


def _look_at(reference: str, *, gateway: PaymentGateway, now: datetime) -> None:
    """Record how a card stands now, whatever the notice said: it may be an old one."""
    method = PaymentMethod.objects.usable().filter(gateway=gateway.name, reference=reference).first()
    if method is None:
        return  # never kept by us, or removed
    card = gateway.kept_card(reference)
    if card is None:
        _mark_gone(method, now=now)
    else:
        _renew(method, card=card)


def _renew(method: PaymentMethod, *, card: KeptCard) -> None:
    PaymentMethod.objects.filter(pk=method.pk).update(
        brand=card.brand,
        last_four=card.last_four,
        expires_month=card.expires_month,
        expires_year=card.expires_year,
    )


@transaction.atomic
def _mark_gone(method: PaymentMethod, *, now: datetime) -> None:
    """Stop using a card that the gateway no longer has; an auto-renewal it pays for pauses when it comes due."""
    if PaymentMethod.objects.usable().filter(pk=method.pk).update(removed_at=now, is_default=False):
        audit.record(
            actor=None,
            subject=method.owner,
            action="payment_method.removed",
            target=method.public_id,
            detail={"card": str(method)},
            now=now,
        )
