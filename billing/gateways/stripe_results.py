"""What Stripe's payment intents, checkout sessions and cards mean in our words."""

from collections.abc import Mapping

from billing.gateways.base import KeptCard, PaymentResult, PaymentState
from billing.gateways.stripe_client import StripeData
from billing.gateways.stripe_customers import id_of, subscriber_of
from billing.gateways.stripe_money import money_of
from portal.lib.money import Money

State = PaymentState
AUTHENTICATION_REQUIRED = "authentication_required"
INTENT_STATES = {
    "requires_confirmation": State.PREPARED,
    "requires_action": State.NEEDS_ACTION,
    "processing": State.PENDING,
    "requires_capture": State.PENDING,
    "succeeded": State.SUCCEEDED,
    "canceled": State.ABANDONED,
}
# How Stripe writes a brand, and how people do.
BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "Eftpos",
    "jcb": "JCB",
    "link": "Link",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


def result_of_intent(intent: StripeData, *, live: bool, known: Mapping[str, str]) -> PaymentResult:
    """Tell where the payment of a kept card stands; `known` are subscribers by what Stripe calls them."""
    state = state_of(intent)
    error = intent.get("last_payment_error") or {}
    refused = bool(error) and state in {State.DECLINED, State.NEEDS_ACTION}
    return PaymentResult(
        state=state,
        payment_id=intent["id"],
        money=_money_of_intent(intent, state),
        decline_code=_decline_code(error) if refused else "",
        next_url=_next_url(intent),
        transaction_id=intent["id"],
        paid_with=_means_of(intent),
        fingerprint=_fingerprint(intent),
        customer=known.get(id_of(intent.get("customer"))) or subscriber_of(intent),
        problem=_problem(intent, live=live),
        advice=(error.get("advice_code") or "") if refused else "",
        network_code=(error.get("network_decline_code") or "") if refused else "",
    )


def result_of_page(session: StripeData, *, live: bool) -> PaymentResult:
    """Tell where a payment on a hosted page stands; its intent must be expanded, with the payment method in it."""
    intent = session.get("payment_intent") or {}
    state = _state_of_page(session, intent)
    error = intent.get("last_payment_error") or {}
    customer = subscriber_of(session)
    paid = state == State.SUCCEEDED
    return PaymentResult(
        state=state,
        payment_id=session["id"],
        money=_money_of_intent(intent, state) if paid else money_of(session["amount_total"], session["currency"]),
        decline_code=_decline_code(error) if state == State.DECLINED else "",
        card=card_of(intent.get("payment_method"), subscriber=customer) if paid else None,
        transaction_id=intent.get("id", ""),
        # On an open page they may still turn to other means.
        paid_with=_means_of(intent) if session["status"] == "complete" else "",
        fingerprint=_fingerprint(intent) if paid else "",
        customer=customer,
        problem=_problem(session, live=live),
    )


def card_of(method: StripeData | None, *, subscriber: str) -> KeptCard | None:
    """Return a card that Stripe keeps for a customer; None for other means, and for cards it does not keep."""
    if not isinstance(method, dict) or method.get("type") != "card" or not method.get("customer"):
        return None
    card = method["card"]
    return KeptCard(
        reference=method["id"],
        customer=subscriber,
        brand=BRANDS.get(card["brand"], "Card"),
        last_four=card["last4"],
        expires_month=card["exp_month"],
        expires_year=card["exp_year"],
    )


def state_of(intent: StripeData) -> PaymentState:
    if intent["status"] != "requires_payment_method":
        return INTENT_STATES[intent["status"]]
    error = intent.get("last_payment_error")
    if not error:
        return State.PREPARED
    return State.NEEDS_ACTION if _decline_code(error) == AUTHENTICATION_REQUIRED else State.DECLINED


def _state_of_page(session: StripeData, intent: StripeData) -> PaymentState:
    """While the page is open a refused payer can try another card, so a decline there is not the end."""
    if session["status"] == "open":
        return State.PENDING
    if session["status"] == "expired":
        return State.ABANDONED
    if session["payment_status"] == "paid":
        return State.SUCCEEDED
    # Paid by a means that takes its time: Stripe calls the page complete before the money is there.
    state = state_of(intent) if intent else State.PENDING
    return state if state in {State.DECLINED, State.ABANDONED} else State.PENDING


def _money_of_intent(intent: StripeData, state: PaymentState) -> Money:
    """Return what was taken, or what is to be."""
    return money_of(intent["amount_received" if state == State.SUCCEEDED else "amount"], intent["currency"])


def _decline_code(error: StripeData) -> str:
    return str(error.get("decline_code") or error.get("code") or "generic_decline")


def _next_url(intent: StripeData) -> str:
    redirect = (intent.get("next_action") or {}).get("redirect_to_url") or {}
    return str(redirect.get("url") or "")


def _means_of(intent: StripeData) -> str:
    method = intent.get("payment_method")
    return str(method["type"]) if isinstance(method, dict) else ""


def _fingerprint(intent: StripeData) -> str:
    """Return by what Stripe knows a card again, whoever pays with it; empty for other means."""
    method = intent.get("payment_method")
    card = method.get("card") if isinstance(method, dict) else None
    return str((card or {}).get("fingerprint") or "")


def _problem(one: StripeData, *, live: bool) -> str:
    if one["livemode"] != live:
        modes = ("live", "test") if live else ("test", "live")
        return f"our key is a {modes[0]} key, {one['id']} is a {modes[1]} payment"
    if one.get("status") == "requires_capture":
        return f"{one['id']} is only authorised: somebody asked Stripe to capture by hand"
    return ""
