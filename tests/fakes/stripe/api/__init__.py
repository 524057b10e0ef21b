"""The endpoints, one module a resource; importing this package fills `routes.ROUTES`."""

from tests.fakes.stripe.api import (
    charges,
    customers,
    disputes,
    events,
    payment_intents,
    payment_methods,
    refunds,
    sessions,
    setup_intents,
)

__all__ = [
    "charges",
    "customers",
    "disputes",
    "events",
    "payment_intents",
    "payment_methods",
    "refunds",
    "sessions",
    "setup_intents",
]
