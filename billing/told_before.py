"""What announced a charge before it was made: each notice, its channel, and whether it went out."""

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Notification
from accounts.notifications import NO_NUMBER, TOO_LATE
from accounts.waited_notices import NO_LONGER_SO
from billing.models import Order
from billing.notice_keys import charge_notices, questions
from billing.order_steps import Step
from portal.lib.saying import say_moment

NOT_SENT: dict[str, Promise] = {
    NO_NUMBER: gettext_lazy("Not sent: there was no confirmed mobile number."),
    TOO_LATE: gettext_lazy("Not sent: it would have come too late."),
    NO_LONGER_SO: gettext_lazy("Not sent: it was no longer so."),
}
"""Other errors are in the words of mail servers, which staff find in the list of notifications."""


def told_before(order: Order) -> list[Step]:
    """Return what told its owner of an automatic order beforehand, or asked about it, as steps. One query."""
    if order.subscription is None or order.period_index is None:
        return []
    public_id, index = order.subscription.public_id, order.period_index
    announced = charge_notices(subscription_id=public_id, period_index=index)
    asked = questions(subscription_id=public_id, period_index=index)
    told = Notification.objects.owned_by(order.owner).filter(announced | asked)
    return [_step(notice) for notice in told.order_by("created_at", "pk")]


def _step(notice: Notification) -> Step:
    values = {"channel": capfirst(notice.get_channel_display()), "words": notice.subject or notice.body}
    title = _("%(channel)s: %(words)s") % values if values["words"] else values["channel"]
    match notice.state:
        case Notification.State.SENT:
            return Step(state="done", title=title, text=_("Sent."), at=say_moment(notice.sent_at or notice.created_at))
        case Notification.State.FAILED | Notification.State.LEFT_OUT:
            text = NOT_SENT.get(notice.error, _("Not sent: the message could not be delivered."))
            return Step(state="failed", title=title, text=text, at=say_moment(notice.created_at))
    return Step(state="waiting", title=title, text=_("Waiting to be sent."), at=say_moment(notice.due_at))
