"""Amounts and currencies as Stripe takes them: https://docs.stripe.com/currencies, read November 2026 at second hand."""

from tests.fakes.stripe.problems import invalid

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
WHOLE_UNITS_ONLY = frozenset(("isk", "ugx"))
CURRENCIES = (
    ZERO_DECIMAL
    | THREE_DECIMAL
    | WHOLE_UNITS_ONLY
    | frozenset(
        [
            "aed",
            "aud",
            "bgn",
            "brl",
            "cad",
            "chf",
            "cny",
            "czk",
            "dkk",
            "eur",
            "gbp",
            "hkd",
            "huf",
            "idr",
            "ils",
            "inr",
            "mxn",
            "myr",
            "nok",
            "nzd",
            "php",
            "pln",
            "ron",
            "sar",
            "sek",
            "sgd",
            "thb",
            "try",
            "twd",
            "usd",
            "zar",
        ]
    )
)
MINIMUM = {
    "usd": 50,
    "aud": 50,
    "cad": 50,
    "chf": 50,
    "eur": 50,
    "nzd": 50,
    "sgd": 50,
    "gbp": 30,
    "hkd": 400,
    "jpy": 50,
    "cny": 400,
    "dkk": 250,
    "nok": 300,
    "sek": 300,
    "pln": 200,
    "czk": 1500,
    "myr": 200,
}
MAXIMUM = 99_999_999
METHODS_BY_CURRENCY = {
    "alipay": frozenset(["aud", "cad", "cny", "eur", "gbp", "hkd", "jpy", "myr", "nzd", "sgd", "usd"]),
    "card": CURRENCIES,
    "paypal": frozenset(
        ["aud", "cad", "chf", "czk", "dkk", "eur", "gbp", "hkd", "nok", "nzd", "pln", "sek", "sgd", "usd"]
    ),
    "wechat_pay": frozenset(
        ["aud", "cad", "chf", "cny", "dkk", "eur", "gbp", "hkd", "jpy", "nok", "sek", "sgd", "usd"]
    ),
}
SINGLE_USE = frozenset(("alipay", "wechat_pay"))


def check_amount(amount, currency, *, param="amount"):
    """Raise Problem for an amount that Stripe does not take in `currency` (lower case)."""
    if currency not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency}.", param="currency")
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param=param, code="parameter_invalid_integer")
    if amount > MAXIMUM:
        raise invalid(f"Amount must be no more than {MAXIMUM}", param=param, code="amount_too_large")
    if amount < MINIMUM.get(currency, 1):
        message = f"Amount must convert to at least 50 cents; the least in {currency} is {MINIMUM[currency]}."
        raise invalid(message, param=param, code="amount_too_small")
    if (currency in THREE_DECIMAL and amount % 10) or (currency in WHOLE_UNITS_ONLY and amount % 100):
        raise invalid(f"Invalid {currency} amount: the last digits must be zero.", param=param)
