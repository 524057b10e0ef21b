import secrets

from tests.fakes.stripe.api import payment_methods
from tests.fakes.stripe.confirming import confirm_intent
from tests.fakes.stripe.lists import filtered, page
from tests.fakes.stripe.money import METHODS_BY_CURRENCY, check_amount
from tests.fakes.stripe.problems import exclusive, invalid, missing
from tests.fakes.stripe.routes import answers

ONLY_WITH_CONFIRM = ("error_on_requires_action", "off_session", "return_url")
PLAIN = (
    "allowed_payment_method_types",
    "description",
    "excluded_payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "statement_descriptor",
    "statement_descriptor_suffix",
)
CANCELLABLE = {"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture", "processing"}


@answers("POST", "/v1/payment_intents")
def create(account, params):
    check_new(account, params)
    intent = make_intent(account, params)
    if params.get("confirm"):
        return confirm_intent(account, intent, params)
    return intent


def check_new(account, params):
    for name in ("amount", "currency"):
        if name not in params:
            raise missing(name)
    check_amount(params["amount"], params["currency"].lower())
    check_method_choice(params)
    if not params.get("confirm"):
        for name in ONLY_WITH_CONFIRM:
            if name in params:
                raise invalid(f"`{name}` can only be used when `confirm` is true.", param=name)
    if "customer" in params:
        account.get("customer", params["customer"], param="customer")
    check_card_options(params, params)
    check_descriptors(params)


def check_descriptors(params):
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        text = params.get(name) or "A"
        if set(text) & set("<>\\'\"*") or not any(letter.isascii() and letter.isalpha() for letter in text):
            message = f"The {name} must hold a Latin letter and none of < > \\ ' \" *"
            raise invalid(message, param=name, code="parameter_invalid_string")


def check_method_choice(params):
    """Raise Problem where the parameters that choose payment methods exclude one another."""
    if "allowed_payment_method_types" in params:
        for other in ("automatic_payment_methods", "excluded_payment_method_types", "payment_method_configuration"):
            if other in params:
                raise exclusive("allowed_payment_method_types", other)


def check_card_options(params, intent):
    card = (params.get("payment_method_options") or {}).get("card") or {}
    reuse = intent.get("setup_future_usage") or card.get("setup_future_usage")
    if "stored_credential_usage" in card and reuse and reuse != "none":
        message = "`stored_credential_usage` cannot be used together with `setup_future_usage`."
        raise invalid(message, param="payment_method_options[card][stored_credential_usage]")


def make_intent(account, params):
    """Return a kept, unconfirmed intent and its `payment_intent.created`."""
    currency = params["currency"].lower()
    automatic = params.get("automatic_payment_methods")
    if automatic is None and "allowed_payment_method_types" not in params:
        automatic = {"enabled": True}
    method = None
    if params.get("payment_method"):
        method = payment_methods.find(account, params["payment_method"], param="payment_method")["id"]
    intent = account.make(
        "payment_intent",
        amount=params["amount"],
        amount_capturable=0,
        amount_received=0,
        automatic_payment_methods=automatic and {"allow_redirects": "always", **automatic},
        capture_method="automatic_async",
        confirmation_method="automatic",
        currency=currency,
        customer=params.get("customer"),
        metadata=params.get("metadata") or {},
        payment_method=method,
        payment_method_options=shown_options(params),
        payment_method_types=methods_for(account, params, currency),
        status="requires_confirmation" if method else "requires_payment_method",
    )
    intent |= {name: params[name] for name in PLAIN if name in params}
    intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(12)}"
    account.emit("payment_intent.created", intent)
    return intent


def shown_options(params):
    card = {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
    return {"card": card | ((params.get("payment_method_options") or {}).get("card") or {})}


def methods_for(account, params, currency):
    """Return the methods that the account offers in `currency` and the parameters leave."""
    offered = [method for method in account.offered if currency in METHODS_BY_CURRENCY[method]]
    if allowed := params.get("allowed_payment_method_types"):
        offered = [method for method in offered if method in allowed]
    automatic = params.get("automatic_payment_methods") or {}
    if automatic.get("allow_redirects") == "never":
        offered = [method for method in offered if method in {"card", "wechat_pay"}]
    return [method for method in offered if method not in (params.get("excluded_payment_method_types") or [])]


@answers("GET", "/v1/payment_intents/{intent}")
def retrieve(account, params, intent):
    return account.get("payment_intent", intent, param="intent", status=404)


@answers("GET", "/v1/payment_intents")
def list_intents(account, params):
    return page(account, filtered(account.all("payment_intent"), params, "customer"), params, url="/v1/payment_intents")


@answers("POST", "/v1/payment_intents/{intent}/confirm")
def confirm(account, params, intent):
    found = account.get("payment_intent", intent, param="intent", status=404)
    check_method_choice(params)
    check_card_options(params, {**found, **params})
    return confirm_intent(account, found, params)


@answers("POST", "/v1/payment_intents/{intent}/cancel")
def cancel(account, params, intent):
    found = account.get("payment_intent", intent, param="intent", status=404)
    if found["status"] not in CANCELLABLE or (found["status"] == "processing" and found["latest_charge"]):
        message = f"You cannot cancel this PaymentIntent because it has a status of {found['status']}."
        raise invalid(message, code="payment_intent_unexpected_state", payment_intent=found)
    if account.intent_notes.get(intent, {}).get("session"):
        message = "You cannot cancel the PaymentIntent for a Checkout Session. Expire the Checkout Session instead."
        raise invalid(message, param="intent", code="payment_intent_unexpected_state")
    found |= {
        "status": "canceled",
        "canceled_at": account.now(),
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
    }
    account.emit("payment_intent.canceled", found)
    return found
