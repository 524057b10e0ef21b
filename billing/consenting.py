"""What a subscriber agreed to, and writing it into an auto-renewal."""

from dataclasses import dataclass
from datetime import datetime

from billing.consent import source_words
from billing.models import Agreement, PaymentMethod, Subscription
from esim.models import Line
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How often, and for how much in all, may be charged in a calendar month; None is no limit."""

    max_times: int | None = None
    max_amount: Money | None = None

    def to_json(self) -> dict[str, int]:
        """Return the limits that are set, the amount in minor units."""
        amount = self.max_amount.minor if self.max_amount else None
        limits = {"max_times": self.max_times, "max_amount": amount}
        return {name: value for name, value in limits.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the subscriber agreed to, word for word and to the cent."""

    plan: Plan
    price: Money
    pay_from: Subscription.PayFrom
    method: PaymentMethod | None
    backup_method: PaymentMethod | None = None
    mode: Subscription.Mode = Subscription.Mode.AUTOMATIC
    limits: Limits = Limits()
    text: str
    version: str
    ip: str | None


def write_into(agreed: Subscription, consent: Consent, *, line: Line, now: datetime) -> None:
    """Hold each further charge against this consent; what stood in the way before is over. Saves the proof only."""
    limits = consent.limits.to_json()
    agreed.plan = consent.plan
    agreed.pay_from = consent.pay_from
    agreed.method = consent.method
    agreed.backup_method = consent.backup_method
    agreed.currency = consent.price.currency
    agreed.consent_amount = consent.price.minor
    agreed.consent_terms = PlanTerms.of(consent.plan).to_json()
    agreed.max_times = limits.get("max_times")
    agreed.max_amount = limits.get("max_amount")
    agreed.agreement = Agreement.objects.create(
        about=Agreement.About.RENEWAL,
        owner=line.owner,
        line=line,
        plan=consent.plan,
        currency=consent.price.currency,
        amount=consent.price.minor,
        terms=agreed.consent_terms,
        limits=limits,
        paid_with=source_words(consent.pay_from, consent.method),
        text=consent.text,
        version=consent.version,
        agreed_at=now,
        ip=consent.ip,
    )
    agreed.mode = consent.mode
    agreed.state = Subscription.State.ACTIVE
    agreed.uses_backup = False
    agreed.asked_index = None
    agreed.approved_index = None
    agreed.declines = 0
    agreed.reason = ""
    agreed.lease_until = None
