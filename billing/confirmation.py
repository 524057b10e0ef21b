"""Which payments ask for a fresh proof of who it is, before money moves on a saved card or out of the balance."""

from django.conf import settings

from portal.lib.money import Money


def needs_proof(money: Money) -> bool:
    """Tell whether this much moves only after a proof; in a currency without a limit, anything does."""
    limit = settings.PORTAL_CONFIRM_ABOVE.get(money.currency)
    return limit is None or money > limit
