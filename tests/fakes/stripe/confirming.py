"""The confirmation of a payment intent: the rules that stand between it and the bank, and what the bank's answer does."""

from tests.fakes.stripe.api import charges, payment_methods
from tests.fakes.stripe.plain import copied
from tests.fakes.stripe.problems import declined, invalid

CONFIRMABLE = {"requires_payment_method", "requires_confirmation", "requires_action"}
REDIRECTS_MISSING = (
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment"
    " methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept"
    " redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and"
    " `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents."
)


def confirm_intent(account, intent, params):
    """Return the intent after the bank answered.

    Raises Problem 402 when the bank refuses, and 400 where Stripe does not ask it.
    """
    method = check_confirmable(account, intent, params)
    off_session = bool(params.get("off_session"))
    if "setup_future_usage" in params:
        intent["setup_future_usage"] = params["setup_future_usage"] or None
    if "receipt_email" in params:
        intent["receipt_email"] = params["receipt_email"] or None
    card_options = (params.get("payment_method_options") or {}).get("card")
    if card_options:
        intent["payment_method_options"]["card"] |= card_options
    intent |= {"payment_method": method["id"], "next_action": None, "status": "requires_confirmation"}
    outcome = account.bank_says(method["id"])
    if outcome.state == "authentication" and (off_session or params.get("error_on_requires_action")):
        raise refuse(account, intent, method, outcome)
    if outcome.state == "authentication":
        return ask_payer(account, intent, params.get("return_url"))
    return settle(account, intent, outcome)


def check_confirmable(account, intent, params):
    """Return the payment method to confirm with; Problem where Stripe would not begin."""
    if intent["status"] not in CONFIRMABLE:
        status = intent["status"]
        message = f"You cannot confirm this PaymentIntent because it has a status of {status}."
        if status == "succeeded":
            message = "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
        raise invalid(message, code="payment_intent_unexpected_state", payment_intent=copied(intent))
    named = params.get("payment_method") or intent["payment_method"]
    if not named:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the"
            " PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method."
        )
        raise invalid(message, code="payment_intent_unexpected_state", payment_intent=copied(intent))
    method = payment_methods.find(account, named, param="payment_method")
    check_owner(account, intent, method)
    check_session_rules(intent, params)
    if method["type"] not in intent["payment_method_types"]:
        message = f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent."
        raise invalid(message, param="payment_method", code="payment_intent_incompatible_payment_method")
    if method["type"] == "card" and intent["statement_descriptor"]:
        raise no_card_descriptor("statement_descriptor")
    return method


def no_card_descriptor(param):
    message = "`statement_descriptor` cannot be used for a card charge. Use `statement_descriptor_suffix` instead."
    return invalid(message, param=param)


def check_owner(account, intent, method):
    if method["customer"] == intent["customer"]:
        return
    if (
        method["customer"] is None and method["id"] in account.cards
    ):  # never attached: may be used once, or saved by this payment
        return
    if method["customer"] is None:
        message = (
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a"
            " connected account without Customer attachment, or was detached from a Customer. It may not be used again. To use"
            " a PaymentMethod multiple times, you must attach it to a Customer first."
        )
        raise invalid(message, param="payment_method")
    if intent["customer"] is None:
        message = "The PaymentMethod belongs to a Customer. Please include the Customer in the `customer` parameter."
    else:
        message = f"The PaymentMethod {method['id']} does not belong to the Customer {intent['customer']}."
    raise invalid(message, param="payment_method")


def check_session_rules(intent, params):
    off_session = bool(params.get("off_session"))
    card = (params.get("payment_method_options") or {}).get("card") or {}
    reuse = params.get("setup_future_usage", intent["setup_future_usage"]) or card.get("setup_future_usage")
    if off_session and reuse and reuse != "none":
        message = (
            "You cannot confirm with `off_session=true` when `setup_future_usage` is also set on the PaymentIntent."
        )
        raise invalid(message, param="off_session")
    if "stored_credential_usage" in card and not off_session:
        message = "`stored_credential_usage` can only be used when you confirm with `off_session=true`."
        raise invalid(message, param="payment_method_options[card][stored_credential_usage]")
    automatic = intent["automatic_payment_methods"] or {}
    if automatic.get("allow_redirects") == "always" and not params.get("return_url"):
        raise invalid(REDIRECTS_MISSING, param="return_url")


def ask_payer(account, intent, return_url):
    """Leave the intent with the payer, who must prove who they are."""
    intent["status"] = "requires_action"
    if return_url:
        url = f"{account.base}/c/authenticate/{intent['id']}"
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    else:
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    account.emit("payment_intent.requires_action", intent)
    return intent


def settle(account, intent, outcome):
    """Carry the bank's answer out: paid, processing, or declined, which raises Problem 402."""
    method = account.tables["payment_method"][intent["payment_method"]]
    if outcome.state == "declined":
        raise refuse(account, intent, method, outcome)
    charge = charges.record(account, intent, method, outcome)
    if outcome.state == "processing":
        intent["status"] = "processing"
        intent["processing"] = {"type": "card", "card": {}} if method["type"] == "card" else None
        account.emit("payment_intent.processing", intent)
        return intent
    return succeed(account, intent, charge)


def succeed(account, intent, charge):
    """Take the money: at most once an intent, since no status leads here from `succeeded`."""
    if intent["status"] in {"succeeded", "canceled"}:
        raise invalid(f"This PaymentIntent is {intent['status']}.", code="payment_intent_unexpected_state")
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "next_action": None,
        "processing": None,
    }
    method = account.tables["payment_method"][intent["payment_method"]]
    card = (intent["payment_method_options"] or {}).get("card") or {}
    reuse = card.get("setup_future_usage") or intent["setup_future_usage"]
    if (
        reuse
        and reuse != "none"
        and intent["customer"]
        and method["customer"] is None
        and method["type"] in {"card", "paypal"}
    ):
        payment_methods.attach_to(account, method, intent["customer"])
    elif method["customer"] is None:
        account.cards.pop(method["id"], None)
    account.emit("payment_intent.succeeded", intent)
    return intent


def refuse(account, intent, method, outcome):
    """Return the 402, after the failed charge and the intent's way back to `requires_payment_method`."""
    charge = charges.record(account, intent, method, outcome)
    told = copied(method)
    intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None, "processing": None}
    problem = declined(outcome, charge=charge["id"], payment_method=told)
    intent["last_payment_error"] = problem.body()["error"]
    account.emit("payment_intent.payment_failed", intent)
    problem.fields["payment_intent"] = copied(intent)
    return problem
