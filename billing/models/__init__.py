from billing.models.buyers import BillingDetails
from billing.models.charges import Charge, ChargeQuerySet
from billing.models.comparison import ComparedDay, Discrepancy
from billing.models.disputes import Dispute, DisputeQuerySet
from billing.models.events import EventsCursor, GatewayEvent, GatewayEventQuerySet
from billing.models.invariants import InvariantReport
from billing.models.invoices import Invoice, InvoiceQuerySet, InvoiceSeries
from billing.models.ledger import LedgerAccount, LedgerEntry
from billing.models.methods import CardPage, GatewayCustomer, PaymentMethod, PaymentMethodQuerySet
from billing.models.orders import Order, OrderQuerySet
from billing.models.refunds import Refund, RefundQuerySet
from billing.models.sandbox import SandboxCard, SandboxDispute, SandboxPayment, SandboxRefund
from billing.models.subscriptions import Subscription, SubscriptionQuerySet
from billing.models.taxes import TaxRate

__all__ = [
    "BillingDetails",
    "CardPage",
    "Charge",
    "ChargeQuerySet",
    "ComparedDay",
    "Discrepancy",
    "Dispute",
    "DisputeQuerySet",
    "EventsCursor",
    "GatewayCustomer",
    "GatewayEvent",
    "GatewayEventQuerySet",
    "InvariantReport",
    "Invoice",
    "InvoiceQuerySet",
    "InvoiceSeries",
    "LedgerAccount",
    "LedgerEntry",
    "Order",
    "OrderQuerySet",
    "PaymentMethod",
    "PaymentMethodQuerySet",
    "Refund",
    "RefundQuerySet",
    "SandboxCard",
    "SandboxDispute",
    "SandboxPayment",
    "SandboxRefund",
    "Subscription",
    "SubscriptionQuerySet",
    "TaxRate",
]
