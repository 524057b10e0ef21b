"""Why a top-up rule buys nothing, in the subscriber's words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.declines import DECLINED, explain
from billing.verdicts import Reason

SENTENCES: dict[str, Promise] = {
    Reason.PRICE_CHANGED: _("The price has changed since you agreed. Nothing is bought until you agree again."),
    Reason.TERMS_CHANGED: _(
        "What the data pack gives has changed since you agreed. Nothing is bought until you agree."
    ),
    Reason.NOT_ON_SALE: _("This data pack is no longer sold. Nothing is bought. Choose another one."),
    Reason.METHOD_REMOVED: _("The card that paid was removed. Nothing is charged. Choose what pays from now on."),
    Reason.LINE_CLOSED: _("The line is closed. Nothing is charged."),
    Reason.DISPUTED: _("A payment is disputed at your bank. Nothing is charged until you turn this on again."),
    Reason.SKIPPED: _(
        "You cancelled the last purchase, or gave it back. Nothing is bought until you turn this on again."
    ),
    Reason.UNDELIVERABLE: _("The network could not deliver the last purchase. Its price is back in your balance."),
}


def sentence_of(reason: str) -> Promise | str:
    """Say why a rule stands as it does; what support wrote is shown as it is."""
    if reason.startswith(DECLINED):
        return explain(reason.removeprefix(DECLINED)).sentence
    return SENTENCES.get(reason, reason)
