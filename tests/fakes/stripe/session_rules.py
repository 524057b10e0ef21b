"""What a checkout session may be made of: the rules that the OpenAPI document cannot say."""

from tests.fakes.stripe.api.payment_intents import check_descriptors, check_method_choice, methods_for
from tests.fakes.stripe.confirming import no_card_descriptor
from tests.fakes.stripe.money import CURRENCIES, SINGLE_USE, check_amount
from tests.fakes.stripe.problems import exclusive, invalid, missing

SHORTEST = 30 * 60
LONGEST = 24 * 3600
CLOCKS_DIFFER = 60  # seconds by which Stripe's clock and ours may disagree before a session of 30 minutes is refused


def check_new(account, params, mode):
    """Return when the session expires; Problem for parameters that do not go together."""
    if mode == "subscription":
        raise invalid("This account has no prices to subscribe to.", param="mode")
    if "success_url" not in params:
        raise missing("success_url")
    if "customer" in params and "customer_email" in params:
        raise exclusive("customer", "customer_email")
    if "customer" in params:
        account.get("customer", params["customer"], param="customer")
    check_method_choice(params)
    check_descriptors(params.get("payment_intent_data") or {})
    strange = {"payment": ["setup_intent_data"], "setup": ["line_items", "payment_intent_data", "customer_creation"]}
    for name in strange[mode]:
        if name in params:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if mode == "payment" and not params.get("line_items"):
        raise missing("line_items")
    if mode == "setup" and "currency" not in params and "allowed_payment_method_types" not in params:
        raise missing("currency")
    return expiry(params, account.now())


def expiry(params, now):
    expires_at = params.get("expires_at", now + LONGEST)
    if expires_at < now + SHORTEST - CLOCKS_DIFFER:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise invalid(message, param="expires_at")
    if expires_at > now + LONGEST + CLOCKS_DIFFER:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise invalid(message, param="expires_at")
    return expires_at


def add_up(params):
    """Return currency, sum and (name, quantity, amount) lines of a session; Problem for what cannot be paid."""
    lines, currencies = [], set()
    for index, line in enumerate(params["line_items"]):
        place = f"line_items[{index}]"
        price = line.get("price_data")
        if price is None:
            raise invalid(f"No such price: '{line.get('price')}'", param=f"{place}[price]", code="resource_missing")
        for name, value in (("quantity", line.get("quantity")), ("price_data][unit_amount", price.get("unit_amount"))):
            if value is None:
                raise missing(f"{place}[{name}]")
        if "product_data" not in price:
            raise missing(f"{place}[price_data][product_data]")
        if "recurring" in price:
            raise invalid(
                "You must use `subscription` mode with recurring prices.", param=f"{place}[price_data][recurring]"
            )
        currencies.add(price["currency"].lower())
        lines.append((price["product_data"]["name"], line["quantity"], price["unit_amount"] * line["quantity"]))
    if len(currencies) > 1:
        raise invalid("All prices must have the same currency.", param="line_items")
    currency = currencies.pop()
    total = sum(amount for _, _, amount in lines)
    check_amount(total, currency, param="line_items")
    return currency, total, lines


def offered_methods(account, params, mode, currency):
    if currency and currency.lower() not in CURRENCIES:
        raise invalid(f"Invalid currency: {currency}", param="currency")
    methods = methods_for(account, params, (currency or "usd").lower())
    if mode == "setup" or (params.get("payment_intent_data") or {}).get("setup_future_usage"):
        methods = [method for method in methods if method not in SINGLE_USE]
    if "card" in methods and (params.get("payment_intent_data") or {}).get("statement_descriptor"):
        raise no_card_descriptor("payment_intent_data[statement_descriptor]")
    if not methods:
        raise invalid("No valid payment method types for this Checkout Session.", code="no_valid_payment_method_types")
    return methods
