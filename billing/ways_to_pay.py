"""The ways to pay that a page offers, one of them chosen already."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.forms import BALANCE, NEW_METHOD
from billing.means import listed, name_of
from billing.models import PaymentMethod, Subscription, TopUpRule
from billing.purchases import Means
from portal.lib.money import Money, format_money

BOTH = f"{BALANCE}+"
"""Before the card's id: the balance first, that card for the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    value: str
    title: str | Promise
    text: str | Promise = ""
    badge: str | Promise = ""
    aside: str = ""
    icon: str
    checked: bool


def ways_to_pay(
    means: Means, *, kinds: Sequence[str], chosen: str | None = None, with_balance: bool = False
) -> list[Way]:
    """Return the kept cards, the balance where it covers the price, and the gateway's page, which takes `kinds`.

    Only the balance where the price is less than a card is charged.
    """
    offers_balance = with_balance and means.balance_covers
    if with_balance and means.is_too_little_for_card:
        return [_balance(means, checked=True)] if offers_balance else []
    values = [method.public_id for method in means.methods]
    values += [BALANCE] if offers_balance else []
    first = chosen if chosen in (*values, NEW_METHOD) else [*values, NEW_METHOD][0]
    ways = [_card(method, checked=method.public_id == first) for method in means.methods]
    if offers_balance:
        ways.append(_balance(means, checked=first == BALANCE))
    return [*ways, _new(kinds, has_cards=bool(means.methods), checked=first == NEW_METHOD)]


def renewal_sources(
    *,
    methods: Sequence[PaymentMethod],
    balance: Money,
    subscription: Subscription | TopUpRule | None,
    wished: str = "",
) -> list[Way]:
    """Return what can pay without a click: each card, the balance, and the balance with the first card behind it."""
    standing = wished or (source_of(subscription) if subscription else "")
    offered: list[tuple[str, str, PaymentMethod | None]] = [
        (method.public_id, str(method), method) for method in methods
    ]
    offered.append((BALANCE, _("Balance only"), None))
    if methods:
        both = _("Balance first, then %(card)s") % {"card": methods[0]}
        offered.insert(1, (f"{BOTH}{methods[0].public_id}", both, None))
    first = standing if standing in [value for value, _title, _method in offered] else offered[0][0]
    return [
        Way(
            value=value,
            title=title,
            text=card_validity(method) if method else "",
            aside=format_money(balance, get_language() or "en") if value == BALANCE else "",
            icon="wallet" if value == BALANCE else "card",
            checked=value == first,
        )
        for value, title, method in offered
    ]


def source_of(subscription: Subscription | TopUpRule) -> str:
    """Write what pays for a standing auto-renewal, or top-up rule, the way its form does."""
    if subscription.pay_from == Subscription.PayFrom.WALLET or subscription.method is None:
        return BALANCE
    prefix = BOTH if subscription.pay_from == Subscription.PayFrom.WALLET_THEN_METHOD else ""
    return f"{prefix}{subscription.method.public_id}"


def card_validity(method: PaymentMethod) -> str:
    return _("valid until %(month)02d/%(year)d") % {"month": method.expires_month, "year": method.expires_year}


def _card(method: PaymentMethod, *, checked: bool) -> Way:
    badge = _("Default") if method.is_default else ""
    return Way(
        value=method.public_id, title=str(method), text=card_validity(method), badge=badge, icon="card", checked=checked
    )


def _balance(means: Means, *, checked: bool) -> Way:
    left = format_money(means.balance - means.price, get_language() or "en")
    return Way(
        value=BALANCE,
        title=_("Balance"),
        text=_("%(money)s left afterwards") % {"money": left},
        aside=format_money(means.balance, get_language() or "en"),
        icon="wallet",
        checked=checked,
    )


def _new(kinds: Sequence[str], *, has_cards: bool, checked: bool) -> Way:
    names = [_("Another card") if kind == "card" and has_cards else name_of(kind) for kind in kinds]
    return Way(
        value=NEW_METHOD,
        title=listed(names),
        text=_("You pay on the payment page and come back here."),
        icon="plus" if has_cards else "card",
        checked=checked,
    )
