"""What the subscriber does with saved cards: add one without buying, and remove one that something may depend on."""

import logging
from datetime import datetime

from django.db import transaction

from accounts.models import User
from billing import methods
from billing.card_consent import CardConsent
from billing.gateways.base import CardPageRequest, GatewayRefused, OutcomeUnknown, Page, PaymentGateway
from billing.models import CardPage, PaymentMethod, Subscription, TopUpRule

logger = logging.getLogger(__name__)


def open_page(
    *, owner: User, gateway: PaymentGateway, consent: CardConsent, return_url: str, locale: str, now: datetime
) -> Page:
    """Open the gateway's page that keeps a card and takes no money; raises OutcomeUnknown and GatewayRefused.

    Who opens it, and what they agreed to, is written down before: the card may be told of by a notice alone.
    """
    opening = CardPage.objects.create(owner=owner, gateway=gateway.name, consent=dict(consent), created_at=now)
    page = gateway.save_card_page(
        CardPageRequest(
            key=opening.public_id,
            customer=owner.public_id,
            return_url=return_url,
            locale=locale,
            customer_email=owner.email,
        )
    )
    CardPage.objects.filter(pk=opening.pk).update(page_id=page.payment_id)
    return page


def keep_from_page(*, owner: User, gateway: PaymentGateway, page_id: str, now: datetime) -> PaymentMethod | None:
    """Keep the card that its owner saved on a page; None when there is none, or the gateway can't say."""
    if not page_id:
        return None
    try:
        card = gateway.look_up_card(page_id)
    except (OutcomeUnknown, GatewayRefused):
        return None
    if card is None or card.customer != owner.public_id:
        return None
    return methods.keep_from_page(gateway_name=gateway.name, page_id=page_id, card=card, now=now)


def remove(*, method: PaymentMethod, gateway: PaymentGateway | None, actor: User, now: datetime) -> None:
    """Remove a card and pause the auto-renewals it pays for, because nothing else was agreed to.

    A gateway that is no longer set up can't be asked to forget it; nothing is charged there any more either.
    """
    with transaction.atomic():
        methods.record_removal(method=method, actor=actor, now=now)
        methods.retire(method=method, now=now)
    if gateway is None:
        return
    try:
        gateway.forget_card(method.reference)
    except (OutcomeUnknown, GatewayRefused):
        logger.warning("The gateway has not confirmed that it forgot card %s", method.public_id)


def renewing(user: User) -> dict[int, list[Subscription]]:
    """Return, by card, the auto-renewals that are paid with it, or that it is the second card of. One query."""
    paid_with: dict[int, list[Subscription]] = {}
    running = Subscription.objects.owned_by(user).on().filter(method__isnull=False)
    for subscription in running.select_related("line"):
        for card in {subscription.method_id, subscription.backup_method_id} - {None}:
            paid_with.setdefault(card or 0, []).append(subscription)
    return paid_with


def topping_up(user: User) -> set[int]:
    """Return the cards that pay for what is bought when it runs low. One query."""
    rules = TopUpRule.objects.owned_by(user).standing().filter(method__isnull=False)
    return set(rules.values_list("method_id", flat=True))
