"""Who our subscribers are at Stripe: one customer each, under whom cards are kept."""

from hashlib import sha256

from django.db.models import QuerySet

from accounts.models import User
from billing.gateways.stripe_client import StripeApi, StripeData
from billing.gateways.stripe_settings import STRIPE
from billing.models import GatewayCustomer


def reference_of(subscriber: str) -> str:
    """Return what Stripe calls a subscriber (by public id), empty where it doesn't know them yet."""
    return _of(subscriber).values_list("reference", flat=True).first() or ""


def subscriber_of(about: StripeData) -> str:
    """Return whose something is at Stripe: the public id kept with its customer, or else what we wrote into it."""
    reference = id_of(about.get("customer"))
    if reference:
        known = GatewayCustomer.objects.filter(gateway=STRIPE, reference=reference)
        if subscriber := known.values_list("owner__public_id", flat=True).first():
            return subscriber
    return str((about.get("metadata") or {}).get("customer", ""))


def ensure(api: StripeApi, subscriber: str, *, email: str) -> str:
    """Return what Stripe calls a subscriber, made known there on the first occasion.

    Two that ask at once use one idempotency key and get one customer.
    """
    known = reference_of(subscriber)
    if known:
        return known
    # With the address in the key: an address that changed meanwhile would be another wish under the same key.
    version = sha256(email.encode()).hexdigest()[:12]
    made = api.ask(
        lambda stripe: stripe.v1.customers.create(
            {"metadata": {"customer": subscriber}, **({"email": email} if email else {})},
            {"idempotency_key": f"customer:{subscriber}:{version}"},
        )
    )
    row, _made = GatewayCustomer.objects.get_or_create(
        owner=User.objects.get(public_id=subscriber), gateway=STRIPE, defaults={"reference": made["id"]}
    )
    return row.reference


def forget(subscriber: str, *, reference: str) -> None:
    """Drop a customer that Stripe no longer knows: deleted there, or of another account."""
    _of(subscriber).filter(reference=reference).delete()


def id_of(one: StripeData | str | None) -> str:
    """Return the id of something that Stripe gives whole or by its id."""
    if isinstance(one, dict):
        return str(one["id"])
    return one or ""


def _of(subscriber: str) -> QuerySet[GatewayCustomer]:
    return GatewayCustomer.objects.filter(owner__public_id=subscriber, gateway=STRIPE)
