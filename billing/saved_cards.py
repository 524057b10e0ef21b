"""What the subscriber does with saved cards: add one without buying, and remove one that something may depend on."""

import logging
import uuid
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from billing.gateways.base import CardPageRequest, OutcomeUnknown, Page, PaymentGateway
from billing.methods import keep_card, remove_card
from billing.models import PaymentMethod, Subscription
from billing.verdicts import Reason

logger = logging.getLogger(__name__)


def open_page(*, owner: User, gateway: PaymentGateway, return_url: str, locale: str) -> Page:
    """Open the gateway's page that keeps a card and takes no money; raises OutcomeUnknown."""
    return gateway.save_card_page(
        CardPageRequest(key=uuid.uuid4().hex, customer=owner.public_id, return_url=return_url, locale=locale)
    )


def keep_from_page(*, owner: User, gateway: PaymentGateway, page_id: str, now: datetime) -> PaymentMethod | None:
    """Keep the card that was saved on a page; None when there is none, or the gateway can't say."""
    if not page_id:
        return None
    try:
        card = gateway.look_up_card(page_id)
    except OutcomeUnknown:
        return None
    # The page's address could be opened by somebody else: the card must be this customer's.
    if card is None or card.customer != owner.public_id:
        return None
    return keep_card(owner=owner, gateway_name=gateway.name, card=card, now=now)


def remove(*, method: PaymentMethod, gateway: PaymentGateway, actor: User, now: datetime) -> None:
    """Remove a card and pause the auto-renewals it pays for, because nothing else was agreed to."""
    with transaction.atomic():
        audit.record(
            actor=actor,
            subject=method.owner,
            action="payment_method.removed",
            target=method.public_id,
            detail={"card": str(method)},
            now=now,
        )
        # One that is being charged now finds the card removed when it next comes due.
        method.subscriptions.exclude(state=Subscription.State.IN_FLIGHT).update(
            state=Subscription.State.PAUSED, reason=Reason.METHOD_REMOVED
        )
    try:
        remove_card(method=method, gateway=gateway, now=now)
    except OutcomeUnknown:
        logger.warning("The gateway has not confirmed that it forgot card %s", method.public_id)


def renewing(user: User) -> dict[int, list[Subscription]]:
    """Return, by card, the auto-renewals that are paid with it. One query."""
    paid_with: dict[int, list[Subscription]] = {}
    running = Subscription.objects.owned_by(user).filter(mode=Subscription.Mode.AUTOMATIC, method__isnull=False)
    for subscription in running.select_related("line"):
        paid_with.setdefault(subscription.method_id or 0, []).append(subscription)
    return paid_with
