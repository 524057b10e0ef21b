"""The sentences a subscriber agrees to when a top-up rule is turned on; stored as they were read."""

from django.utils.translation import get_language, ngettext

from billing.consent import source_words
from billing.models import PaymentMethod
from billing.purchases import Offer
from portal.lib.money import Money, format_money

VERSION = "2026-11"
"""Changes with every change of meaning below: a consent names the text it was given to."""


def data_text(
    *,
    offer: Offer,
    low_percent: int,
    pay_from: str,
    method: PaymentMethod | None,
    max_times: int,
    max_amount: Money,
) -> str:
    """Return the agreement to buy a data pack, with price, mark, source of the money and limits."""
    values = {
        "pack": offer.terms.label,
        "percent": low_percent,
        "price": _words(offer.price),
        "source": source_words(pay_from, method),
        "times": max_times,
        "most": _words(max_amount),
    }
    return (
        ngettext(
            "When %(percent)d%% of the data or less is left, buy “%(pack)s” for %(price)s, paid from %(source)s, until I "
            "turn this off: at most once and for %(most)s a calendar month, and never the next pack before the last "
            "one is in use. If price or terms change, nothing is bought until I agree again.",
            "When %(percent)d%% of the data or less is left, buy “%(pack)s” for %(price)s, paid from %(source)s, until I "
            "turn this off: at most %(times)d times and for %(most)s a calendar month, and never the next pack before "
            "the last one is in use. If price or terms change, nothing is bought until I agree again.",
            max_times,
        )
        % values
    )


def balance_text(*, amount: Money, low_mark: Money, method: PaymentMethod, max_times: int, max_amount: Money) -> str:
    """Return the agreement to add money, with amount, mark, card and limits."""
    values = {
        "amount": _words(amount),
        "mark": _words(low_mark),
        "card": str(method),
        "times": max_times,
        "most": _words(max_amount),
    }
    return (
        ngettext(
            "When my balance falls below %(mark)s, add %(amount)s from %(card)s, until I turn this off: at most once "
            "and %(most)s a calendar month.",
            "When my balance falls below %(mark)s, add %(amount)s from %(card)s, until I turn this off: at most "
            "%(times)d times and %(most)s a calendar month.",
            max_times,
        )
        % values
    )


def _words(money: Money) -> str:
    return format_money(money, get_language() or "en")
