"""The test cards of the sandbox."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What a bank may say besides a decline code.
PAID = "paid"
LATER = "later"
AUTHENTICATE = "authentication_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxTestCard:
    """A card of the sandbox: what its bank says on the page, when the kept card is charged, and to a refund."""

    number: str
    brand: str
    title: Promise
    text: Promise
    on_page: str
    when_kept: str
    when_refunded: str = PAID

    @property
    def last_four(self) -> str:
        return self.number[-4:]

    @property
    def ending(self) -> str:
        return f"···· {self.last_four}"


TEST_CARDS = [
    SandboxTestCard(
        number="4242 4242 4242 4242",
        brand="Visa",
        title=_("Pays"),
        text=_("The bank says yes at once, and whenever the kept card is charged."),
        on_page=PAID,
        when_kept=PAID,
    ),
    SandboxTestCard(
        number="4000 0000 0000 0002",
        brand="Visa",
        title=_("Declined"),
        text=_("The bank says no without a reason."),
        on_page="generic_decline",
        when_kept="generic_decline",
    ),
    SandboxTestCard(
        number="4000 0000 0000 9995",
        brand="Visa",
        title=_("Declined: not enough funds"),
        text=_("The bank says no now; another day it might say yes."),
        on_page="insufficient_funds",
        when_kept="insufficient_funds",
    ),
    SandboxTestCard(
        number="4000 0000 0000 0069",
        brand="Visa",
        title=_("Declined: card expired"),
        text=_("The bank says no, and always will."),
        on_page="expired_card",
        when_kept="expired_card",
    ),
    SandboxTestCard(
        number="4000 0025 0000 3155",
        brand="Visa",
        title=_("Asks to confirm"),
        text=_("The bank wants the payer to confirm, also when the kept card is charged."),
        on_page=AUTHENTICATE,
        when_kept=AUTHENTICATE,
    ),
    SandboxTestCard(
        number="5555 5555 5555 4444",
        brand="Mastercard",
        title=_("Pays later"),
        text=_("The bank takes about twenty seconds to say yes."),
        on_page=LATER,
        when_kept=PAID,
    ),
    SandboxTestCard(
        number="4000 0000 0000 0341",
        brand="Visa",
        title=_("Pays now, declines later"),
        text=_("The bank says yes on this page and no (not enough funds) when the kept card is charged."),
        on_page=PAID,
        when_kept="insufficient_funds",
    ),
    SandboxTestCard(
        number="4000 0000 0000 7726",
        brand="Visa",
        title=_("Pays; refunds take their time"),
        text=_("A refund is on its way for about twenty seconds and then arrives."),
        on_page=PAID,
        when_kept=PAID,
        when_refunded=LATER,
    ),
    SandboxTestCard(
        number="4000 0000 0000 5126",
        brand="Visa",
        title=_("Pays; refunds fail"),
        text=_("The bank sends a refund back after about twenty seconds: the account is closed."),
        on_page=PAID,
        when_kept=PAID,
        when_refunded="expired_or_canceled_card",
    ),
]
CARDS_BY_LAST_FOUR = {card.last_four: card for card in TEST_CARDS}
