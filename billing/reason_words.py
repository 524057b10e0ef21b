"""Why an auto-renewal or a top-up rule stands as it does, in words for staff; *_problems have those for subscribers."""

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.declines import DECLINED, explain
from billing.questions import ASKED
from billing.renewal_endings import BEING_DELIVERED, GATEWAY_GONE, IN_DOUBT, LINE_IN_HAND, PAID_UNTIL, RENEWED
from billing.renewal_figures import BY_STAFF
from billing.top_up_endings import BOUGHT
from billing.verdicts import Action, Reason

WORDS: dict[str, Promise] = {
    Reason.PRICE_CHANGED: _("The price is not the one agreed to"),
    Reason.TERMS_CHANGED: _("The plan is not what was agreed to"),
    Reason.NOT_ON_SALE: _("The plan is no longer sold"),
    Reason.METHOD_REMOVED: _("The card was removed"),
    Reason.LINE_CLOSED: _("The line is closed"),
    Reason.UNDELIVERABLE: _("The network could not deliver"),
    Reason.SKIPPED: _("The subscriber cancelled a renewal"),
    Reason.DISPUTED: _("A payment is disputed"),
    Reason.UNANSWERED: _("The subscriber did not answer"),
    Reason.NOT_ASKED: _("The subscriber was not asked in time"),
    Reason.SUSPENDED: _("The subscriber suspended the line"),
    Reason.LIMIT_REACHED: _("The subscriber's limit for the month is reached"),
    Reason.STALE: _("It was due days ago: announced anew, and charged after that notice"),
    RENEWED: _("Renewed"),
    BOUGHT: _("Bought"),
    IN_DOUBT: _("The gateway's answer got lost"),
    ASKED: _("The subscriber is asked first"),
    BEING_DELIVERED: _("Paid, being delivered"),
    LINE_IN_HAND: _("Something else is being bought or taken back for the line, or the line is being ended"),
    GATEWAY_GONE: _("The gateway that keeps its card is not set up"),
    BY_STAFF: _("Paused by staff"),
}

ACTIONS: dict[Action, Promise] = {
    Action.CHARGE: _("Charged"),
    Action.WAIT: _("Left alone: paid for already"),
    Action.PAUSE: _("Paused"),
    Action.ASK: _("Asked first"),
    Action.LAPSE: _("Ended without a yes"),
    Action.REST: _("Left alone while its owner has the line suspended"),
    Action.HOLD: _("Held until next month by a limit"),
    Action.ANNOUNCE: _("Announced anew, and charged after that notice"),
}
"""What the judge says to do with a renewal."""


def reason_words(reason: str) -> str:
    """Say a reason; what staff wrote themselves stays as it is."""
    if reason.startswith(DECLINED):
        code = reason.removeprefix(DECLINED)
        return f"{explain(code).sentence} ({code})"
    if reason.startswith(PAID_UNTIL):
        moment = parse_datetime(reason.removeprefix(PAID_UNTIL))
        return gettext("Paid until %(moment)s already") % {"moment": f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "?"}
    return str(WORDS.get(reason, reason))
