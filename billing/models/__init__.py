from billing.models.charges import Charge, ChargeQuerySet
from billing.models.events import GatewayEvent, GatewayEventQuerySet
from billing.models.ledger import LedgerAccount, LedgerEntry
from billing.models.methods import GatewayCustomer, PaymentMethod, PaymentMethodQuerySet
from billing.models.orders import Order, OrderQuerySet
from billing.models.sandbox import SandboxCard, SandboxPayment
from billing.models.subscriptions import Subscription, SubscriptionQuerySet

__all__ = [
    "Charge",
    "ChargeQuerySet",
    "GatewayCustomer",
    "GatewayEvent",
    "GatewayEventQuerySet",
    "LedgerAccount",
    "LedgerEntry",
    "Order",
    "OrderQuerySet",
    "PaymentMethod",
    "PaymentMethodQuerySet",
    "SandboxCard",
    "SandboxPayment",
    "Subscription",
    "SubscriptionQuerySet",
]
