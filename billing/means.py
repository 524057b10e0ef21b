"""Kinds of money that pay, as people call them."""

from django.utils.translation import gettext_lazy as _

BALANCE = "balance"

NAMES = {
    BALANCE: _("Balance"),
    "card": _("Card"),
    "alipay": _("Alipay"),
    "wechat_pay": _("WeChat Pay"),
    "paypal": _("PayPal"),
}


def name_of(means: str) -> str:
    """Return the name of what `Charge.paid_with` says; empty is a card, as before gateways told."""
    return str(NAMES.get(means or "card", means))
