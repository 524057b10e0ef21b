"""What the pages of auto-renewal show: how it stands, the terms offered, and the sentence to agree to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing import ledger, purchases
from billing.agreements import Consent, NothingToContinue, next_charge_at
from billing.consent import VERSION, consent_text, source_words
from billing.forms import BALANCE
from billing.means import listed, name_of, pays_once_only
from billing.models import Order, PaymentMethod, Subscription
from billing.purchases import Offer
from billing.renewal_problems import sentence_of
from billing.schedule import last_paid
from billing.verdicts import judge
from billing.ways_to_pay import BOTH, renewal_sources
from esim.models import Line
from portal.lib.money import Money
from portal.lib.public_ids import is_public_id


class NoSuchSource(Exception):
    """What should pay is not there: a card that was removed, or nothing chosen."""

    sentence = _("Choose what pays for auto-renewal: a saved card, your balance, or both.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the subscriber is asked to agree to."""

    offer: Offer
    pay_from: Subscription.PayFrom
    method: PaymentMethod | None
    source: str
    sentence: str
    paid_until: datetime
    charge_at: datetime

    def consent(self, *, ip: str | None) -> Consent:
        return Consent(
            plan=self.offer.plan,
            price=self.offer.price,
            pay_from=self.pay_from,
            method=self.method,
            text=self.sentence,
            version=VERSION,
            ip=ip,
        )


def standing(*, line: Line, user: User, kinds: Sequence[str], now: datetime) -> dict[str, Any]:
    """Return how auto-renewal of the line stands, and what it could be set to; `kinds` is what the gateway takes."""
    subscription = (
        Subscription.objects.filter(line=line, mode=Subscription.Mode.AUTOMATIC)
        .select_related("plan", "method", "line")
        .first()
    )
    return {
        "subscription": subscription,
        "paid": last_paid([line.pk], now=now).get(line.pk),
        "source": source_words(subscription.pay_from, subscription.method) if subscription else "",
        "problem": sentence_of(subscription.reason) if subscription else "",
        "pays_once_only": listed(map(name_of, pays_once_only(kinds))),
        "new_price": _new_price(subscription, now=now) if subscription else None,
        "shelf": purchases.shelf(line=line, kind=Order.Kind.RENEWAL, currency=user.currency, now=now),
        "sources": renewal_sources(
            methods=list(PaymentMethod.objects.owned_by(user).chargeable(now.date()).order_by("-is_default", "-pk")),
            balance=ledger.wallet_balance(user, user.currency),
            subscription=subscription,
        ),
    }


def terms(*, line: Line, user: User, wishes: Mapping[str, str], now: datetime) -> Terms:
    """Return the terms for the plan and the source wished for; raises NotOnSale, NoSuchSource, NothingToContinue."""
    paid = last_paid([line.pk], now=now).get(line.pk)
    if paid is None:
        raise NothingToContinue
    offer = purchases.find_offer(
        plan_id=wishes.get("plan", ""), kind=Order.Kind.RENEWAL, currency=user.currency, now=now
    )
    source = wishes.get("source", "")
    pay_from, method = _source(source, user=user, now=now)
    return Terms(
        offer=offer,
        pay_from=pay_from,
        method=method,
        source=source,
        sentence=consent_text(offer=offer, pay_from=pay_from, method=method),
        paid_until=paid.ends_at,
        charge_at=max(now, next_charge_at(paid, offer.plan.period)),
    )


def _source(source: str, *, user: User, now: datetime) -> tuple[Subscription.PayFrom, PaymentMethod | None]:
    if source == BALANCE:
        return Subscription.PayFrom.WALLET, None
    card = source.removeprefix(BOTH)
    usable = PaymentMethod.objects.owned_by(user).chargeable(now.date())
    method = usable.filter(public_id=card).first() if is_public_id(card) else None
    if method is None:
        raise NoSuchSource
    return Subscription.PayFrom.WALLET_THEN_METHOD if source.startswith(BOTH) else Subscription.PayFrom.METHOD, method


def _new_price(subscription: Subscription, *, now: datetime) -> Money | None:
    """Return the price that counts now where it is another than the one agreed to."""
    price = judge([subscription], now=now)[0].price
    return price if price is not None and price != subscription.agreed_price else None
