from billing.models.agreements import Agreement, AgreementQuerySet
from billing.models.buyers import BillingDetails
from billing.models.charges import Charge, ChargeQuerySet
from billing.models.charging_stops import ChargingStop
from billing.models.comparison import ComparedDay, Discrepancy
from billing.models.disputes import Dispute, DisputeQuerySet
from billing.models.events import EventsCursor, GatewayEvent, GatewayEventQuerySet
from billing.models.invariants import InvariantReport
from billing.models.invoices import Invoice, InvoiceQuerySet, InvoiceSeries
from billing.models.ledger import LedgerAccount, LedgerEntry
from billing.models.leftovers import Leftover, LeftoverQuerySet
from billing.models.line_claims import LineClaim, LineClaimQuerySet
from billing.models.methods import CardPage, GatewayCustomer, PaymentMethod, PaymentMethodQuerySet
from billing.models.nudges import NudgeDismissal, PlanNudge, PlanNudgeQuerySet
from billing.models.orders import Order, OrderQuerySet
from billing.models.pay_links import PayLink, PayLinkQuerySet
from billing.models.payouts import Payout, PayoutQuerySet
from billing.models.questions import RenewalQuestion, RenewalQuestionQuerySet
from billing.models.queued_plans import QueuedPlan, QueuedPlanQuerySet
from billing.models.redemptions import CodeAttempt, Redemption, RedemptionQuerySet
from billing.models.referral_credits import ReferralCredit, ReferralReward, SeenCard
from billing.models.refunds import Refund, RefundQuerySet
from billing.models.sandbox import SandboxCard, SandboxDispute, SandboxPayment, SandboxRefund
from billing.models.subscriptions import Subscription, SubscriptionQuerySet
from billing.models.taxes import TaxRate
from billing.models.top_ups import TopUpRule, TopUpRuleQuerySet

__all__ = [
    "Agreement",
    "AgreementQuerySet",
    "BillingDetails",
    "CardPage",
    "Charge",
    "ChargeQuerySet",
    "ChargingStop",
    "CodeAttempt",
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
    "Leftover",
    "LeftoverQuerySet",
    "LineClaim",
    "LineClaimQuerySet",
    "NudgeDismissal",
    "Order",
    "OrderQuerySet",
    "PayLink",
    "PayLinkQuerySet",
    "PaymentMethod",
    "PaymentMethodQuerySet",
    "Payout",
    "PayoutQuerySet",
    "PlanNudge",
    "PlanNudgeQuerySet",
    "QueuedPlan",
    "QueuedPlanQuerySet",
    "Redemption",
    "RedemptionQuerySet",
    "ReferralCredit",
    "ReferralReward",
    "Refund",
    "RefundQuerySet",
    "RenewalQuestion",
    "RenewalQuestionQuerySet",
    "SandboxCard",
    "SandboxDispute",
    "SandboxPayment",
    "SandboxRefund",
    "SeenCard",
    "Subscription",
    "SubscriptionQuerySet",
    "TaxRate",
    "TopUpRule",
    "TopUpRuleQuerySet",
]
