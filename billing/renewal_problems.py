"""Why auto-renewal is not simply going on, in the subscriber's words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.declines import DECLINED, explain
from billing.verdicts import Reason

SENTENCES: dict[str, Promise] = {
    Reason.PRICE_CHANGED: _("The price has changed since you agreed. Nothing is charged until you agree again."),
    Reason.TERMS_CHANGED: _(
        "What the plan gives has changed since you agreed. Nothing is charged until you agree again."
    ),
    Reason.NOT_ON_SALE: _("This plan is no longer sold. Nothing is charged. Choose another one."),
    Reason.METHOD_REMOVED: _(
        "The card that paid for it was removed. Nothing is charged. Choose what pays from now on."
    ),
    Reason.LINE_CLOSED: _("The line is closed. Nothing is charged."),
    Reason.DISPUTED: _("A payment for this line is disputed at your bank. Nothing is charged until that is decided."),
    Reason.SKIPPED: _(
        "You cancelled the last renewal. Nothing is charged by itself until you renew the line or turn this on again."
    ),
    Reason.UNANSWERED: _(
        "Without your yes the last renewal was not charged. The next one is asked about once you have renewed the line."
    ),
    Reason.NOT_ASKED: _(
        "We did not ask you in time, so the last renewal was not charged. Renew the line yourself; the next one is asked"
        " about again."
    ),
    Reason.UNDELIVERABLE: _("The network could not deliver the last renewal. Its price is back in your balance."),
}


def sentence_of(reason: str) -> Promise | str:
    """Say why auto-renewal stands as it does; empty when there is nothing to say."""
    if reason.startswith(DECLINED):
        return explain(reason.removeprefix(DECLINED)).sentence
    return SENTENCES.get(reason, "")
