"""How much can be added to a balance, by currency: round amounts that people there think in."""

from dataclasses import dataclass

from portal.lib.money import Money, exponent, step

AMOUNTS = {
    "CNY": ("50", "100", "200", "500"),
    "EUR": ("10", "20", "50", "100"),
    "HKD": ("100", "200", "500", "1000"),
    "JPY": ("1000", "2000", "5000", "10000"),
    "TWD": ("300", "500", "1000", "2000"),
    "USD": ("10", "20", "50", "100"),
}
PREFERRED = 1  # which of them is chosen at first


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditAmounts:
    offered: list[Money]
    minimum: Money
    maximum: Money

    @property
    def preferred(self) -> Money:
        return self.offered[PREFERRED]

    @property
    def step(self) -> Money:
        """The least by which two amounts may differ that a card pays."""
        return Money(step(self.minimum.currency), self.minimum.currency)


def amounts_in(currency: str) -> CreditAmounts:
    """Return what to offer and the limits: half the smallest and five times the largest offered amount."""
    texts = AMOUNTS.get(currency) or ("10", "20", "50", "100")
    offered = [Money.parse(text, currency) for text in texts]
    return CreditAmounts(offered=offered, minimum=Money(offered[0].minor // 2, currency), maximum=offered[-1] * 5)


def example(currency: str) -> str:
    """Show how an amount is typed in this currency."""
    return "1500" if exponent(currency) == 0 else "15.00"
