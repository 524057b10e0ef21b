"""What banks answer to cards, and Stripe's test cards that stand for each answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """`state`: paid, declined, authentication (the payer must prove who they are) or processing (the bank takes its time)."""

    state: str
    code: str | None = None
    decline_code: str | None = None
    message: str = ""
    advice_code: str | None = None
    network_advice_code: str | None = None
    network_decline_code: str | None = None


def _declined(
    decline_code, message, *, code="card_declined", advice="try_again_later", network_advice=None, network="05"
):
    return Outcome("declined", code, decline_code, message, advice, network_advice, network)


HARD = "do_not_try_again"
GENERIC = "Your card was declined."
OUTCOMES = {
    "paid": Outcome("paid"),
    "processing": Outcome("processing"),
    "authentication_required": Outcome(
        "authentication",
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
    "authentication_failed": Outcome(
        "declined",
        "payment_intent_authentication_failure",
        message="The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod"
        " to attempt to fulfill this PaymentIntent again.",
    ),
    "insufficient_funds": _declined("insufficient_funds", "Your card has insufficient funds.", network="51"),
    "do_not_honor": _declined("do_not_honor", GENERIC),
    "generic_decline": _declined("generic_decline", GENERIC, advice=None),
    "try_again_later": _declined("try_again_later", GENERIC, network_advice="02"),
    "lost_card": _declined("lost_card", GENERIC, advice=HARD, network_advice="03", network="41"),
    "stolen_card": _declined("stolen_card", GENERIC, advice=HARD, network_advice="03", network="43"),
    "pickup_card": _declined("pickup_card", GENERIC, advice=HARD, network_advice="03", network="04"),
    "fraudulent": _declined("fraudulent", GENERIC, advice=HARD, network="59"),
    "transaction_not_allowed": _declined("transaction_not_allowed", GENERIC, advice=HARD, network="57"),
    "revocation_of_authorization": _declined(
        "revocation_of_authorization", GENERIC, advice=HARD, network_advice="21", network="R1"
    ),
    "expired_card": _declined(
        "expired_card",
        "Your card has expired.",
        code="expired_card",
        advice="confirm_card_data",
        network_advice="01",
        network="54",
    ),
    "incorrect_cvc": _declined(
        "incorrect_cvc",
        "Your card's security code is incorrect.",
        code="incorrect_cvc",
        advice="confirm_card_data",
        network="N7",
    ),
    "incorrect_number": _declined(
        "incorrect_number",
        "Your card number is incorrect.",
        code="incorrect_number",
        advice="confirm_card_data",
        network="14",
    ),
    "processing_error": _declined(
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
        code="processing_error",
        network="96",
    ),
}


@dataclass(frozen=True)
class TestCard:
    outcome: str = "paid"
    brand: str = "visa"
    last4: str = "4242"
    attaches: bool = True


TEST_CARDS = {
    "pm_card_visa": TestCard(),
    "pm_card_mastercard": TestCard(brand="mastercard", last4="4444"),
    "pm_card_chargeCustomerFail": TestCard("generic_decline", last4="0341"),
    "pm_card_chargeDeclined": TestCard("generic_decline", last4="0002", attaches=False),
    "pm_card_chargeDeclinedInsufficientFunds": TestCard("insufficient_funds", last4="9995", attaches=False),
    "pm_card_chargeDeclinedLostCard": TestCard("lost_card", last4="9987", attaches=False),
    "pm_card_chargeDeclinedStolenCard": TestCard("stolen_card", last4="9979", attaches=False),
    "pm_card_chargeDeclinedExpiredCard": TestCard("expired_card", last4="0069", attaches=False),
    "pm_card_chargeDeclinedProcessingError": TestCard("processing_error", last4="0119", attaches=False),
    "pm_card_authenticationRequired": TestCard("authentication_required", last4="3184"),
    "pm_card_threeDSecure2Required": TestCard("authentication_required", last4="3220"),
}
