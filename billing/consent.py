"""The sentences a subscriber agrees to when turning auto-renewal on; stored as they were read."""

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from billing.models import PaymentMethod, Subscription
from billing.purchases import Offer
from billing.schedule import ask_lead, lead
from portal.lib.money import Money, format_money
from portal.lib.periods import Period
from portal.lib.saying import join_sentences

VERSION = "2026-11-2"
"""Changes with every change of meaning below: a consent names the text it was given to."""

HOUR = 3600
DAY_HOURS = 24


def consent_text(
    *,
    offer: Offer,
    pay_from: str,
    method: PaymentMethod | None,
    mode: str = Subscription.Mode.AUTOMATIC,
    backup_method: PaymentMethod | None = None,
    max_times: int | None = None,
    max_amount: Money | None = None,
) -> str:
    """Return the agreement in the reader's language: price, period, source of the money, time of charge, limits."""
    values = {
        "price": format_money(offer.price, get_language() or "en"),
        "plan": offer.terms.label,
        "period": offer.terms.period.describe(),
        "source": source_words(pay_from, method),
        "hours": hours_before(offer.terms.period),
        "ahead": ahead_words(offer.terms.period),
    }
    basis = _basis(mode) % values
    second = _second_card(method, backup_method)
    return join_sentences(basis, second, limit_words(max_times, max_amount))


def source_words(pay_from: str, method: PaymentMethod | None) -> str:
    """Name what pays: "Visa 4242", "my balance", or both."""
    card = str(method) if method else ""
    match pay_from:
        case Subscription.PayFrom.WALLET:
            return _("my balance")
        case Subscription.PayFrom.WALLET_THEN_METHOD:
            return _("my balance first and %(card)s for the rest") % {"card": card}
    return card


def limit_words(max_times: int | None, max_amount: Money | None) -> str:
    """Say how much may be charged in a month; empty without a limit."""
    parts = []
    if max_times is not None:
        parts.append(
            ngettext(
                "It is charged at most once in a calendar month.",
                "It is charged at most %(count)d times in a calendar month.",
                max_times,
            )
            % {"count": max_times}
        )
    if max_amount is not None:
        money = format_money(max_amount, get_language() or "en")
        parts.append(_("Never more than %(money)s is charged in a calendar month.") % {"money": money})
    return join_sentences(*parts)


def hours_before(period: Period) -> int:
    return int(lead(period).total_seconds()) // HOUR


def ahead_words(period: Period) -> str:
    """Say how long before the end of the paid time the question comes: "3 days", "6 hours"."""
    hours = int(ask_lead(period).total_seconds()) // HOUR
    if hours % DAY_HOURS:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return ngettext("%(count)d day", "%(count)d days", hours // DAY_HOURS) % {"count": hours // DAY_HOURS}


def _basis(mode: str) -> str:
    if mode == Subscription.Mode.ASK:
        return _(
            "Ask me %(ahead)s before the paid time ends whether to renew “%(plan)s” (%(period)s) for %(price)s, paid from "
            "%(source)s. Each time I am asked anew, and only when I say yes is that one renewal charged. If price or "
            "terms change, I am not asked until I agree again."
        )
    return _(
        "Renew “%(plan)s” (%(period)s) for %(price)s each time, paid from %(source)s, %(hours)d hours before the paid "
        "time ends, until I turn this off. If price or terms change, nothing is charged until I agree again."
    )


def _second_card(method: PaymentMethod | None, backup_method: PaymentMethod | None) -> str:
    if method is None or backup_method is None:
        return ""
    return _("If %(card)s is declined, %(second)s is charged instead.") % {"card": method, "second": backup_method}
