"""What a bank's no means: whether to try again, and what to tell the subscriber."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


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
_LATER = _("Nothing was charged. Try again later, or pay another way.")

_REFUSED = Decline(DeclineKind.SOFT, _("Your bank declined the card."), _ANOTHER_CARD)
_NEVER = Decline(DeclineKind.HARD, _("Your bank declined the card."), _ANOTHER_CARD)
_NO_FUNDS = Decline(DeclineKind.SOFT, _("Your bank declined the card: not enough funds."), _LATER)
_NOT_NOW = Decline(DeclineKind.SOFT, _("Your bank could not answer just now."), _LATER)
_EXPIRED = Decline(
    DeclineKind.NEEDS_CUSTOMER,
    _("The card has expired."),
    _("Nothing was charged. Pay with another card, and replace the saved one."),
)
_WRONG_DETAILS = Decline(
    DeclineKind.NEEDS_CUSTOMER,
    _("The card's details were not accepted."),
    _("Nothing was charged. Check number, expiry and security code, or pay with another card."),
)
_CONFIRM = Decline(
    DeclineKind.NEEDS_CUSTOMER,
    _("Your bank wants you to confirm this payment."),
    _("Nothing was charged yet. Pay now and confirm it in your bank's app."),
)
_NOT_CONFIRMED = Decline(
    DeclineKind.NEEDS_CUSTOMER,
    _("The payment was not confirmed with your bank."),
    _("Nothing was charged. Pay again and confirm it, or pay with another card."),
)
_BALANCE_TOO_LOW = Decline(
    DeclineKind.SOFT,
    _("Your balance does not cover this."),
    _("Nothing was taken. Add money, or pay by card."),
)
_CARD_GONE = Decline(
    DeclineKind.NEEDS_CUSTOMER,
    _("The saved card is no longer available."),
    _("Nothing was charged. Pay with another card."),
)

_MEANINGS = {
    "insufficient_funds": _NO_FUNDS,
    "withdrawal_count_limit_exceeded": _NO_FUNDS,
    "card_velocity_exceeded": _NO_FUNDS,
    "processing_error": _NOT_NOW,
    "try_again_later": _NOT_NOW,
    "issuer_not_available": _NOT_NOW,
    "reenter_transaction": _NOT_NOW,
    "approve_with_id": _NOT_NOW,
    "generic_decline": _REFUSED,
    "do_not_honor": _REFUSED,
    "call_issuer": _REFUSED,
    "expired_card": _EXPIRED,
    "incorrect_number": _WRONG_DETAILS,
    "invalid_number": _WRONG_DETAILS,
    "incorrect_cvc": _WRONG_DETAILS,
    "invalid_expiry_year": _WRONG_DETAILS,
    "invalid_expiry_month": _WRONG_DETAILS,
    "authentication_required": _CONFIRM,
    "authentication_refused": _NOT_CONFIRMED,
    "balance_too_low": _BALANCE_TOO_LOW,
    "card_gone": _CARD_GONE,
    "lost_card": _NEVER,
    "stolen_card": _NEVER,
    "pickup_card": _NEVER,
    "restricted_card": _NEVER,
    "invalid_account": _NEVER,
    "highest_risk_level": _NEVER,
    "fraudulent": _NEVER,
    "transaction_not_allowed": _NEVER,
    "revocation_of_authorization": _NEVER,
    "revocation_of_all_authorizations": _NEVER,
    "currency_not_supported": _NEVER,
}
KNOWN_CODES = frozenset(_MEANINGS)


def explain(code: str) -> Decline:
    """Return what a decline code means; an unknown one is an ordinary refusal, which may be tried again."""
    return _MEANINGS.get(code, _REFUSED)
