"""The timeline of a line in words: what comes, when, and what follows if nobody does anything."""

from collections.abc import Callable
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.notifications import wanted_channels
from billing.foretelling import Foreseen, paid_from
from billing.means import listed
from billing.models import Subscription, TopUpRule
from billing.order_steps import Step
from billing.renewal_problems import sentence_of
from billing.timeline import Outlook, Timeline
from billing.timeline_events import Event, What
from billing.verdicts import Reason
from portal.lib.saying import join_sentences, say_day, say_distance, say_moment, say_money

Words = str | Promise


def steps_of(timeline: Timeline, *, now: datetime) -> list[Step]:
    """Return the moments ahead in their order."""
    return [_step(event, timeline, now=now) for event in timeline.events]


def _step(event: Event, timeline: Timeline, *, now: datetime) -> Step:
    title, text = _TOLD[event.what](event, timeline)
    state = "attention" if event.what in _TROUBLE or _is_the_end(event, timeline) else "ahead"
    # A forecast of the minute would be a pretence.
    when = say_day(event.at) if event.what == What.RUNS_OUT else say_moment(event.at)
    return Step(state=state, title=title, text=text, at=f"{when} · {say_distance(event.at, now=now)}")


def _is_the_end(event: Event, timeline: Timeline) -> bool:
    return event.what == What.END and not timeline.goes_on


def _runs_out(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    if (rule := event.rule) is not None and rule.plan is not None and rule.state != TopUpRule.State.PAUSED:
        values = {"pack": rule.plan.label, "price": say_money(rule.agreed_price), "percent": rule.low_percent}
        text = _("Before that, at %(percent)s%%, %(pack)s is bought for %(price)s, within the limits you set.") % values
        return _("The data of today runs out"), text
    return _("The data runs out"), _("If you go on using it as in the last 30 days. Nothing extra is charged.")


def _plan_begins(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    plan = event.allowance.sold.label if event.allowance else ""
    return _("%(plan)s begins") % {"plan": plan}, _("It is paid already.")


def _turn(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    plan = event.turn.terms.label if event.turn else ""
    text = _("Queued and paid. You can change its place, start it now or cancel it until then.")
    return _("%(plan)s begins") % {"plan": plan}, text


def _price_changes(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    if event.price is None:
        return _("The plan is no longer sold"), ""
    return _("The price becomes %(price)s") % {"price": say_money(event.price)}, ""


def _notice(event: Event, timeline: Timeline) -> tuple[Words, Words]:
    reader = event.foreseen.subscription.line.owner if event.foreseen else timeline.line.owner
    channels = [str(channel.label) for channel in wanted_channels(reader)]
    text = _("By %(channels)s.") % {"channels": listed(channels)} if channels else _("You have turned notices off.")
    return _("We tell you about the charge"), text


def _announced(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    was_due_at = event.foreseen.subscription.charge_due_at if event.foreseen else event.at
    text = _("It was due on %(day)s, and we charged nothing by ourselves then. You are told before we go on.")
    return _("The charge is announced anew"), text % {"day": say_day(was_due_at)}


def _card_expires(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    card = event.foreseen.card if event.foreseen else ""
    return _("%(card)s expires before the charge") % {"card": card}, _("Your bank may refuse it. Choose another card.")


def _question(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    text = _("Only with your yes %(price)s is charged.") % {"price": _price(event)}
    return _("We ask you whether to renew"), text


def _reminder(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    return _("We ask once more"), _question(event, _timeline)[1]


def _held(event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    next_at = event.foreseen.next_at if event.foreseen else event.at
    text = _("Nothing is charged before %(day)s.") % {"day": say_day(next_at)}
    return _("The limit you set for a month is reached"), text


def _pause(event: Event, timeline: Timeline) -> tuple[Words, Words]:
    look = event.foreseen
    text: Words = sentence_of(timeline.reason)
    if look is not None and look.list_price is not None and timeline.reason == Reason.PRICE_CHANGED:
        prices = {"price": say_money(look.list_price), "agreed": say_money(look.price)}
        text = _(
            "It costs %(price)s then, and you agreed to %(agreed)s. Agree to the new price, or choose another plan."
        )
        text %= prices
    return _("Auto-renewal pauses; nothing is charged"), text


def _charge(event: Event, timeline: Timeline) -> tuple[Words, Words]:
    look = event.foreseen
    if look is None:
        return "", ""
    values = {"price": say_money(look.price)}
    title = _("We try again to charge %(price)s") if timeline.outlook == Outlook.RETRY else _("%(price)s is charged")
    return title % values, join_sentences(*_about_charge(look))


def _about_charge(look: Foreseen) -> list[str]:
    period = {"source": paid_from(look), "start": say_day(look.starts_at), "end": say_day(look.ends_at)}
    parts = [_("Paid from: %(source)s. For %(start)s to %(end)s.") % period]
    if look.second_card is not None:
        parts.append(_("If the bank says no, %(card)s is tried at once.") % {"card": look.second_card})
    if not look.is_covered:
        parts.append(shortfall(look))
    return parts


def shortfall(look: Foreseen) -> str:
    """Say why a charge that is due can't be made as things stand; empty where it can."""
    if look.is_covered:
        return ""
    if look.subscription.pay_from == Subscription.PayFrom.METHOD:
        return _("An amount this small can't be paid by card.")
    return _("The balance does not hold enough at present.")


def _retry(_event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    return _("Another try"), _("Only if the one before is refused.")


def _end(_event: Event, timeline: Timeline) -> tuple[Words, Words]:
    if timeline.goes_on:
        return _("The paid time ends"), _("The next one begins. No day is lost.")
    return _("The paid time ends"), _("No data from then on, unless the line is renewed.")


def _suspension(_event: Event, _timeline: Timeline) -> tuple[Words, Words]:
    return _("The line is suspended"), _("Only if it is still unpaid. It works again as soon as you pay.")


_TOLD: dict[What, Callable[[Event, Timeline], tuple[Words, Words]]] = {
    What.RUNS_OUT: _runs_out,
    What.PRICE_CHANGES: _price_changes,
    What.ANNOUNCED: _announced,
    What.NOTICE: _notice,
    What.CARD_EXPIRES: _card_expires,
    What.QUESTION: _question,
    What.REMINDER: _reminder,
    What.HELD: _held,
    What.PAUSE: _pause,
    What.CHARGE: _charge,
    What.RETRY: _retry,
    What.END: _end,
    What.PLAN_BEGINS: _plan_begins,
    What.TURN: _turn,
    What.SUSPENSION: _suspension,
}
_TROUBLE = frozenset({What.RUNS_OUT, What.CARD_EXPIRES, What.HELD, What.PAUSE, What.SUSPENSION})


def _price(event: Event) -> str:
    return say_money(event.foreseen.price) if event.foreseen else ""
