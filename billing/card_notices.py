"""What a gateway tells about kept cards: kept on its page, renewed by the bank, or gone."""

from datetime import datetime

from billing import methods
from billing.gateways.base import PaymentGateway
from billing.models import GatewayEvent

KEPT = "card.succeeded"
CHANGED = frozenset({"card.updated", "card.detached"})


def hear(*, event: GatewayEvent, gateway: PaymentGateway, now: datetime) -> bool:
    """Look at the card a notice is about; return False where a card was kept for nobody we know.

    How a card stands now counts, whatever the notice said: it may be an old one.
    """
    if event.kind == KEPT:
        return _keep(event, gateway=gateway, now=now)
    if event.kind in CHANGED:
        methods.refresh(reference=event.payment_id, gateway=gateway, now=now)
    return True


def _keep(event: GatewayEvent, *, gateway: PaymentGateway, now: datetime) -> bool:
    card = gateway.look_up_card(event.payment_id)
    if card is None:
        return False
    kept = methods.keep_from_page(gateway_name=event.gateway, page_id=event.payment_id, card=card, now=now)
    return kept is not None
