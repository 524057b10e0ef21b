"""What a subscriber agrees to when a card is kept, with when and from where; stored as it was read."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _

CardConsent = Mapping[str, str]
"""Text, version of the text, moment and address, as a row keeps them; empty where nothing is kept."""

VERSION = "2026-11"
"""Changes with every change of meaning below: a consent names the text it was given to."""


def sentence() -> str:
    """Return, in the reader's language, how and when a kept card is charged, how much, and how to end it."""
    return _(
        "The payment company keeps the card, not we. It is charged only when you choose it to pay here, for the "
        "amount shown then, or by an auto-renewal that you agree to with its price and dates. You can remove it at "
        "any time under Billing, Cards; from then on nothing is charged to it."
    )


def given(*, ip: str | None, now: datetime) -> CardConsent:
    """Return the consent of whoever was shown that sentence and went on."""
    return {"text": sentence(), "version": VERSION, "at": now.isoformat(), "ip": ip or ""}
