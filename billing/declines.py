"""What a bank's no means: whether to try again, and what to tell the subscriber.

The codes are Stripe's (https://docs.stripe.com/declines/codes), those of its other payment methods, and our own.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DECLINED = "declined:"
"""What the reason of a subscription, or a rule, begins with whose payment was refused; the code follows."""

BALANCE_TOO_LOW = "balance_too_low"
TOO_LITTLE_FOR_CARD = "too_little_for_card"


class DeclineKind(StrEnum):
    SOFT = "soft"  # may pass another day
    HARD = "hard"  # this card will not pay: never ask it again
    NEEDS_CUSTOMER = "needs_customer"  # only the payer can make it pass


@dataclass(frozen=True, slots=True)
class Decline:
    """A decline in plain words: `sentence` says what happened, `advice` what to do now.

    Nothing here tells a thief that a card is reported stolen: those codes read like any other refusal.
    """

    kind: DeclineKind
    sentence: Promise
    advice: Promise


_ANOTHER_CARD = _("Nothing was charged. Pay with another card, or ask your bank.")
_ANOTHER_WAY = _("Nothing was charged. Pay another way.")
_LATER = _("Nothing was charged. Try again later, or pay another way.")
_CHECK_DETAILS = _("Nothing was charged. Check number, expiry and security code, or pay with another card.")
_SOFT, _HARD, _NEEDS_CUSTOMER = DeclineKind.SOFT, DeclineKind.HARD, DeclineKind.NEEDS_CUSTOMER

_DECLINED = _("Your bank declined the card.")
_REFUSED = Decline(_SOFT, _DECLINED, _ANOTHER_CARD)
_NEVER = Decline(_HARD, _DECLINED, _ANOTHER_CARD)
_NO_FUNDS = Decline(_SOFT, _("Your bank declined the card: not enough funds."), _LATER)
_LIMIT_REACHED = Decline(_SOFT, _("Your bank declined the card: a limit of the card is reached."), _LATER)
_AMOUNT = Decline(_SOFT, _("Your bank declined the card for this amount."), _ANOTHER_CARD)
_TWICE = Decline(_SOFT, _("Your bank took this for a payment made twice."), _LATER)
_NOT_NOW = Decline(_SOFT, _("Your bank could not answer just now."), _LATER)
_CLOSED = Decline(_HARD, _("The account of this card is closed or blocked."), _ANOTHER_CARD)
_NOT_FOR_THIS = Decline(_HARD, _("The card cannot be used for this kind of payment."), _ANOTHER_CARD)
_NOT_IN_CURRENCY = Decline(_HARD, _("The card cannot pay in this currency."), _ANOTHER_CARD)
_STOPPED = Decline(_HARD, _("Your bank was told to stop payments to us with this card."), _ANOTHER_CARD)
_EXPIRED = Decline(
    _NEEDS_CUSTOMER,
    _("The card has expired."),
    _("Nothing was charged. Pay with another card, and replace the saved one."),
)
_RENEWED = Decline(
    _NEEDS_CUSTOMER,
    _("Your bank has given this card new details."),
    _("Nothing was charged. Pay with the new card, and replace the saved one."),
)
_WRONG_DETAILS = Decline(_NEEDS_CUSTOMER, _("The card's details were not accepted."), _CHECK_DETAILS)
_WRONG_ADDRESS = Decline(
    _NEEDS_CUSTOMER,
    _("The address does not belong to this card."),
    _("Nothing was charged. Give the address your bank knows, or pay with another card."),
)
_WANTS_PIN = Decline(_NEEDS_CUSTOMER, _("Your bank wants the card's PIN, which cannot be given here."), _ANOTHER_CARD)
_TEST_CARD = Decline(_NEEDS_CUSTOMER, _("This is a card for tests only."), _ANOTHER_CARD)
_CONFIRM = Decline(
    _NEEDS_CUSTOMER,
    _("Your bank wants you to confirm this payment."),
    _("Nothing was charged yet. Pay now and confirm it in your bank's app."),
)
_NOT_CONFIRMED = Decline(
    _NEEDS_CUSTOMER,
    _("The payment was not confirmed with your bank."),
    _("Nothing was charged. Pay again and confirm it, or pay with another card."),
)
_SERVICE_DECLINED = Decline(_NEEDS_CUSTOMER, _("The payment service declined the payment."), _ANOTHER_WAY)
_SERVICE_SILENT = Decline(_SOFT, _("The payment service did not answer in time."), _LATER)
_LEFT = Decline(_NEEDS_CUSTOMER, _("The payment was not finished in time."), _LATER)
_BALANCE_TOO_LOW = Decline(
    _SOFT,
    _("Your balance does not cover this."),
    _("Nothing was taken. Add money, or pay by card."),
)
_TOO_LITTLE_FOR_CARD = Decline(
    _NEEDS_CUSTOMER,
    _("An amount this small can't be paid by card."),
    _("Nothing was charged. Add money to your balance, and pay from it."),
)
_CARD_GONE = Decline(
    _NEEDS_CUSTOMER,
    _("The saved card is no longer available."),
    _("Nothing was charged. Pay with another card."),
)
_GATEWAY_REFUSED = Decline(_SOFT, _("The payment company did not accept this payment."), _ANOTHER_WAY)

_MEANINGS = {
    # The bank says no, for now.
    "approve_with_id": _NOT_NOW,
    "call_issuer": _REFUSED,
    "card_declined": _REFUSED,
    "card_velocity_exceeded": _LIMIT_REACHED,
    "do_not_honor": _REFUSED,
    "duplicate_transaction": _TWICE,
    "generic_decline": _REFUSED,
    "insufficient_funds": _NO_FUNDS,
    "invalid_amount": _AMOUNT,
    "issuer_not_available": _NOT_NOW,
    "no_action_taken": _REFUSED,
    "processing_error": _NOT_NOW,
    "reenter_transaction": _NOT_NOW,
    "security_violation": _REFUSED,
    "try_again_later": _NOT_NOW,
    "withdrawal_count_limit_exceeded": _LIMIT_REACHED,
    # Only the payer can help.
    "authentication_not_handled": _NOT_CONFIRMED,
    "authentication_refused": _NOT_CONFIRMED,
    "authentication_required": _CONFIRM,
    "card_gone": _CARD_GONE,
    "confirm_card_data": _WRONG_DETAILS,
    "expired_card": _EXPIRED,
    "incorrect_address": _WRONG_ADDRESS,
    "incorrect_cvc": _WRONG_DETAILS,
    "incorrect_number": _WRONG_DETAILS,
    "incorrect_pin": _WANTS_PIN,
    "incorrect_zip": _WRONG_ADDRESS,
    "invalid_cvc": _WRONG_DETAILS,
    "invalid_expiry_month": _WRONG_DETAILS,
    "invalid_expiry_year": _WRONG_DETAILS,
    "invalid_number": _WRONG_DETAILS,
    "invalid_pin": _WANTS_PIN,
    "mobile_device_authentication_required": _CONFIRM,
    "new_account_information_available": _RENEWED,
    "offline_pin_required": _WANTS_PIN,
    "online_or_offline_pin_required": _WANTS_PIN,
    "payment_intent_authentication_failure": _NOT_CONFIRMED,
    "pin_try_exceeded": _WANTS_PIN,
    "setup_intent_authentication_failure": _NOT_CONFIRMED,
    "testmode_decline": _TEST_CARD,
    # This card never will.
    "card_not_supported": _NOT_FOR_THIS,
    "currency_not_supported": _NOT_IN_CURRENCY,
    "do_not_try_again": _NEVER,
    "elevated_risk_level": _NEVER,
    "fraudulent": _NEVER,
    "highest_risk_level": _NEVER,
    "invalid_account": _CLOSED,
    "lost_card": _NEVER,
    "merchant_blacklist": _NEVER,
    "not_permitted": _NOT_FOR_THIS,
    "pickup_card": _NEVER,
    "restricted_card": _NEVER,
    "revocation_of_all_authorizations": _STOPPED,
    "revocation_of_authorization": _STOPPED,
    "service_not_allowed": _NOT_FOR_THIS,
    "stolen_card": _NEVER,
    "stop_payment_order": _STOPPED,
    "transaction_not_allowed": _NOT_FOR_THIS,
    # Other ways than a card.
    BALANCE_TOO_LOW: _BALANCE_TOO_LOW,
    TOO_LITTLE_FOR_CARD: _TOO_LITTLE_FOR_CARD,
    "gateway_refused": _GATEWAY_REFUSED,
    "payment_intent_payment_attempt_expired": _LEFT,
    "payment_method_customer_decline": _LEFT,
    "payment_method_provider_decline": _SERVICE_DECLINED,
    "payment_method_provider_timeout": _SERVICE_SILENT,
}
KNOWN_CODES = frozenset(_MEANINGS)

TELLS_OF_FRAUD = frozenset(
    {
        "elevated_risk_level",
        "fraudulent",
        "highest_risk_level",
        "lost_card",
        "merchant_blacklist",
        "pickup_card",
        "restricted_card",
        "security_violation",
        "stolen_card",
    }
)
"""What whoever holds the card must not learn, not even as a code for support."""

NEVER_AGAIN = frozenset({"04", "07", "12", "15", "41", "43", "46", "57", "R0", "R1", "R3"})
"""Codes of the card networks after which trying again is fined (Visa Core Rules, reattempts, category 1)."""


def explain(code: str) -> Decline:
    """Return what a decline code means; an unknown one is an ordinary refusal, which may be tried again."""
    return _MEANINGS.get(code, _REFUSED)


def code_to_keep(*, code: str, advice: str = "", network_code: str = "") -> str:
    """Return the code that says what follows from a decline, where bank or network add advice to a plain no."""
    if explain(code).kind != DeclineKind.SOFT:
        return code
    if advice == "do_not_try_again" or network_code in NEVER_AGAIN:
        return "do_not_try_again"
    return "confirm_card_data" if advice == "confirm_card_data" else code


def code_to_show(code: str) -> str:
    """Return the code that the subscriber can tell support; empty for one that speaks of fraud."""
    return "" if code in TELLS_OF_FRAUD else code
