"""The sentence a subscriber agrees to when turning auto-renewal on; stored as it was read."""

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.models import PaymentMethod, Subscription
from billing.purchases import Offer
from billing.schedule import lead
from portal.lib.money import format_money
from portal.lib.periods import Period

VERSION = "2026-11"
"""Changes with every change of meaning below: a consent names the text it was given to."""

HOUR = 3600


def consent_text(*, offer: Offer, pay_from: str, method: PaymentMethod | None) -> str:
    """Return the agreement in the reader's language, with price, period, source of the money and time of charge."""
    values = {
        "price": format_money(offer.price, get_language() or "en"),
        "plan": offer.terms.label,
        "period": offer.terms.period.describe(),
        "source": source_words(pay_from, method),
        "hours": hours_before(offer.terms.period),
    }
    return (
        _(
            "Renew “%(plan)s” (%(period)s) for %(price)s each time, paid from %(source)s, %(hours)d hours before the paid "
            "time ends, until I turn this off. If price or terms change, nothing is charged until I agree again."
        )
        % values
    )


def source_words(pay_from: str, method: PaymentMethod | None) -> str:
    """Name what pays: "Visa 4242", "my balance", or both."""
    card = str(method) if method else ""
    match pay_from:
        case Subscription.PayFrom.WALLET:
            return _("my balance")
        case Subscription.PayFrom.WALLET_THEN_METHOD:
            return _("my balance first and %(card)s for the rest") % {"card": card}
    return card


def hours_before(period: Period) -> int:
    return int(lead(period).total_seconds()) // HOUR
