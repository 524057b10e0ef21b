"""Which means of payment are offered in which currency.

A table of what Stripe can do; Stripe itself leaves out what the account does not have (only businesses in Europe have
PayPal) and what cannot be used where the payer is. Sources: docs.stripe.com, "Alipay", "WeChat Pay" and "PayPal
payments", their lists of currencies.
"""

from collections.abc import Mapping

ALIPAY = frozenset({"AUD", "CAD", "CNY", "EUR", "GBP", "HKD", "JPY", "MYR", "NZD", "SGD", "USD"})
WECHAT_PAY = frozenset({"AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "JPY", "NOK", "SEK", "SGD", "USD"})
PAYPAL = frozenset(
    {"AUD", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "NOK", "NZD", "PLN", "SEK", "SGD", "USD"},
)
CURRENCIES_BY_METHOD = {"alipay": ALIPAY, "wechat_pay": WECHAT_PAY, "paypal": PAYPAL}


def offered_in(currency: str, *, chosen: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the means offered in this currency, cards first unless the operator chose another list for it."""
    if currency in chosen:
        return list(chosen[currency])
    return ["card", *(method for method, currencies in CURRENCIES_BY_METHOD.items() if currency in currencies)]
