"""Kinds of money that pay, as people call them."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

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


def listed(names: Iterable[str]) -> str:
    return pgettext("between the items of a list", ", ").join(names)


def pays_once_only(kinds: Sequence[str]) -> list[str]:
    """Return those that cannot renew by themselves: only a card is kept."""
    return [kind for kind in kinds if kind not in ("card", BALANCE)]
