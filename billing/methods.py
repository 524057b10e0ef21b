"""Cards kept at a gateway: which there are, which is the default, and what follows when one is gone."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts import audit
from accounts.models import User
from accounts.notifications import notify
from billing.card_consent import CardConsent
from billing.gateways.base import KeptCard, PaymentGateway
from billing.models import CardPage, Charge, PaymentMethod, Subscription, TopUpRule
from billing.plan_names import plan_names
from billing.renewed_details import go_on_with_new_details
from billing.sales import as_context
from billing.top_up_notices import tell_paused
from billing.verdicts import Reason


class OwnedByAnother(Exception):
    """The gateway named one card for two people: nobody may pay with the other's."""


def keep_card(
    *, owner: User, gateway_name: str, card: KeptCard, consent: CardConsent | None = None, now: datetime
) -> PaymentMethod:
    """Remember a card that its owner chose to keep; the first one becomes the default. Safe to repeat.

    A card that was kept before, and is kept again under another reference, takes the place of the older one:
    auto-renewals go on with what was confirmed last. Raises OwnedByAnother for a card that the gateway keeps for
    somebody else.
    """
    method, made = PaymentMethod.objects.get_or_create(
        gateway=gateway_name,
        reference=card.reference,
        defaults={"owner": owner, "consent": dict(consent or {}), "created_at": now, **_face(card)},
    )
    if method.owner_id != owner.pk:
        raise OwnedByAnother(method.public_id)
    if made:
        _replace_older(method, now=now)
    _ensure_default(owner.pk, now=now)
    method.refresh_from_db(fields=["is_default"])
    return method


def keep_from_page(*, gateway_name: str, page_id: str, card: KeptCard, now: datetime) -> PaymentMethod | None:
    """Keep the card that was saved on a page of the gateway, for who opened it and with what they agreed to.

    None where neither the page nor the customer is ours. Raises OwnedByAnother.
    """
    page = CardPage.objects.filter(gateway=gateway_name, page_id=page_id).select_related("owner").first()
    owner = page.owner if page else User.objects.filter(public_id=card.customer).first()
    # The address of a page could be opened by somebody else: the card must be its owner's.
    if owner is None or card.customer != owner.public_id:
        return None
    return keep_card(owner=owner, gateway_name=gateway_name, card=card, consent=page.consent if page else None, now=now)


@transaction.atomic
def make_default(*, method: PaymentMethod) -> None:
    """Pay with this card first from now on."""
    usable = PaymentMethod.objects.usable().filter(owner=method.owner)
    usable.filter(is_default=True).exclude(pk=method.pk).update(is_default=False)
    usable.filter(pk=method.pk).update(is_default=True)


def refresh(*, reference: str, gateway: PaymentGateway, now: datetime) -> None:
    """Take over what the gateway knows of a kept card now, such as a renewed expiry; one that is gone is forgotten.

    A card that we do not use needs nothing. Raises OutcomeUnknown.
    """
    known = PaymentMethod.objects.usable().filter(gateway=gateway.name, reference=reference)
    if not known.exists():
        return
    card = gateway.kept_card(reference)
    if card is None:
        forget(gateway_name=gateway.name, reference=reference, now=now)
    else:
        known.update(**_face(card))
        go_on_with_new_details(known.chargeable(now.date()), now=now)


@transaction.atomic
def forget(*, gateway_name: str, reference: str, now: datetime) -> None:
    """Stop using a card that its gateway no longer keeps, and tell who had auto-renewal on it. Safe to repeat."""
    known = PaymentMethod.objects.usable().filter(gateway=gateway_name, reference=reference)
    for method in known.select_related("owner"):
        record_removal(method=method, actor=None, now=now)
        watching = list(method.top_up_rules.standing().select_related("owner", "line", "plan"))
        for subscription in retire(method=method, now=now):
            _tell_paused(subscription, owner=method.owner, now=now)
        for rule in watching:
            tell_paused(rule, reason=Reason.METHOD_REMOVED, now=now)


def record_removal(*, method: PaymentMethod, actor: User | None, now: datetime) -> None:
    audit.record(
        actor=actor,
        subject=method.owner,
        action="payment_method.removed",
        target=method.public_id,
        detail={"card": str(method)},
        now=now,
    )


@transaction.atomic
def retire(*, method: PaymentMethod, now: datetime) -> list[Subscription]:
    """Charge nothing to a card any more; return the auto-renewals that pause because nothing else was agreed to.

    One that is being charged now finds the card removed when it next comes due. Another card becomes the default.
    """
    if not PaymentMethod.objects.usable().filter(pk=method.pk).update(removed_at=now, is_default=False):
        return []
    pays = Q(method=method) | Q(backup_method=method, uses_backup=True)
    paid_with = Subscription.objects.filter(pays).exclude(state=Subscription.State.IN_FLIGHT)
    running = paid_with.on().exclude(state=Subscription.State.PAUSED)
    pausing = list(running.select_for_update(of=("self",)).select_related("line", "plan"))
    paid_with.update(state=Subscription.State.PAUSED, reason=Reason.METHOD_REMOVED)
    rules = method.top_up_rules.filter(state=TopUpRule.State.ACTIVE)
    rules.update(state=TopUpRule.State.PAUSED, reason=Reason.METHOD_REMOVED, declines=0, wait_until=None)
    _ensure_default(method.owner_id, now=now)
    return pausing


def replace_expired_default(*, method: PaymentMethod, now: datetime) -> PaymentMethod | None:
    """Let a card that still pays take the place of a default that expired; return it, or None where there is none."""
    successor = _successor(method.owner_id, now=now)
    if successor is not None:
        make_default(method=successor)
    return successor


def _face(card: KeptCard) -> dict[str, str | int]:
    return {
        "brand": card.brand,
        "last_four": card.last_four,
        "expires_month": card.expires_month,
        "expires_year": card.expires_year,
    }


def _replace_older(method: PaymentMethod, *, now: datetime) -> None:
    """Let a card kept anew pay for what its older entry paid for; the same face is the same card."""
    same = PaymentMethod.objects.usable().exclude(pk=method.pk).filter(owner=method.owner, gateway=method.gateway)
    for older in same.filter(
        brand=method.brand,
        last_four=method.last_four,
        expires_month=method.expires_month,
        expires_year=method.expires_year,
    ):
        if Charge.objects.open().filter(method=older).exists():
            continue  # its answer is outstanding, and the charge must not find its card gone
        was_default = older.is_default
        older.subscriptions.update(method=method)
        older.backed_up_subscriptions.update(backup_method=method)
        older.top_up_rules.update(method=method)
        retire(method=older, now=now)
        if was_default:
            make_default(method=method)


def _ensure_default(owner_id: int, *, now: datetime) -> None:
    """Make sure that one card is the default where there is a card that can pay."""
    if PaymentMethod.objects.usable().filter(owner=owner_id, is_default=True).exists():
        return
    successor = _successor(owner_id, now=now)
    if successor is None:
        return
    try:
        with transaction.atomic():
            PaymentMethod.objects.usable().filter(pk=successor.pk).update(is_default=True)
    except IntegrityError:
        return  # another card became the default a moment ago


def _successor(owner_id: int, *, now: datetime) -> PaymentMethod | None:
    return PaymentMethod.objects.chargeable(now.date()).filter(owner=owner_id).order_by("-pk").first()


def _tell_paused(subscription: Subscription, *, owner: User, now: datetime) -> None:
    notify(
        user=owner,
        kind="renewal_paused",
        key=f"renewal-paused:{subscription.public_id}:card:{subscription.method_id}",
        context={
            "line": str(subscription.line),
            "plan": plan_names(subscription.plan),
            "reason": Reason.METHOD_REMOVED,
            "agreed": as_context(subscription.agreed_price),
        },
        now=now,
    )
