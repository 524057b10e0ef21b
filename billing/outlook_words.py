"""What follows if nobody does anything, in a sentence or two."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from billing.foretelling import paid_from
from billing.renewal_problems import sentence_of
from billing.timeline import Outlook, Timeline
from billing.timeline_events import What
from billing.verdicts import Reason
from esim.models import ServiceState, SuspendedFor
from portal.lib.saying import join_sentences, say_day, say_moment, say_money


def if_you_do_nothing(timeline: Timeline) -> str:
    """Say in a sentence or two what happens by itself."""
    sentence = str(_SENTENCES[timeline.outlook](timeline))
    if timeline.is_stopped:
        return _("At present we charge nothing by ourselves: what is due waits until we go on. %(then)s") % {
            "then": sentence
        }
    return sentence


def _closed(_timeline: Timeline) -> str:
    return _("The line is closed. Nothing is charged.")


def _off(timeline: Timeline) -> str:
    return _("Nothing is charged: auto-renewal is off. %(end)s") % {"end": _the_end(timeline)}


def _under_way(timeline: Timeline) -> str:
    price = timeline.subscription.agreed_price if timeline.subscription else None
    return _("%(price)s is being charged right now.") % {"price": say_money(price) if price else ""}


def _will_charge(timeline: Timeline) -> str:
    look = timeline.decisive
    if look is None:
        return ""
    values = {
        "price": say_money(look.price),
        "at": say_moment(look.at),
        "source": paid_from(look),
        "end": say_day(look.ends_at),
    }
    sentence = _("On %(at)s, %(price)s is charged (%(source)s), and the line goes on until %(end)s.") % values
    if look.subscription.reason == Reason.LIMIT_REACHED:
        sentence = _("The limit you set for this month is reached. %(then)s") % {"then": sentence}
    if timeline.paid_until is not None and look.starts_at > timeline.paid_until:
        gap = _("It has no data from %(day)s until then.") % {"day": say_day(timeline.paid_until)}
        return join_sentences(sentence, gap)
    return sentence


def _too_low(timeline: Timeline) -> str:
    look = timeline.decisive
    values = {"price": say_money(look.price), "at": say_moment(look.at)} if look else {}
    sentence = (
        _("On %(at)s, %(price)s is due, and your balance does not hold that much. Add money until then.") % values
    )
    return join_sentences(sentence, _the_end(timeline))


def _will_retry(timeline: Timeline) -> str:
    look = timeline.decisive
    values = {"price": say_money(look.price), "at": say_moment(look.at)} if look else {}
    sentence = _("We try again on %(at)s to charge %(price)s. If every try is refused, nothing is charged.") % values
    return join_sentences(sentence, _the_end(timeline))


def _will_ask(timeline: Timeline) -> str:
    if timeline.question is not None:
        asked = _("We asked you on %(day)s; without your yes nothing is charged.")
        asked %= {"day": say_day(timeline.question.asked_at)}
        return join_sentences(asked, _the_end(timeline))
    at = timeline.when(What.QUESTION)
    asked = _("We ask you on %(day)s; without your yes nothing is charged.") % {"day": say_day(at) if at else ""}
    return join_sentences(asked, _the_end(timeline))


def _will_pause(timeline: Timeline) -> str:
    look = timeline.decisive
    changes_at = timeline.when(What.PRICE_CHANGES)
    if changes_at is not None and timeline.reason == Reason.PRICE_CHANGED and look and look.list_price:
        values = {"day": say_day(changes_at), "price": say_money(look.list_price)}
        sentence = _("The price changes to %(price)s on %(day)s: nothing is charged until you agree.") % values
    else:
        sentence = str(sentence_of(timeline.reason))
    return join_sentences(sentence, _the_end(timeline))


def _paused(timeline: Timeline) -> str:
    reason = sentence_of(timeline.reason) or _("Auto-renewal is paused. Nothing is charged.")
    return join_sentences(reason, _the_end(timeline))


def _rests(timeline: Timeline) -> str:
    return _("You suspended the line: nothing is charged until you put it back into service. %(end)s") % {
        "end": _the_end(timeline)
    }


def _unknown(timeline: Timeline) -> str:
    return _("Nothing is charged as long as your limit is reached. %(end)s") % {"end": _the_end(timeline)}


def _the_end(timeline: Timeline) -> str:
    if timeline.line.suspended_for == SuspendedFor.UNPAID and timeline.line.service_state == ServiceState.SUSPENDED:
        return _("The line is suspended until it is paid; the number stays yours.")
    if timeline.paid_until is None:
        return _("Without a plan the line has no data; the number stays yours.")
    return _("The line stops on %(day)s; the number stays yours.") % {"day": say_day(timeline.paid_until)}


_SENTENCES: dict[Outlook, Callable[[Timeline], str]] = {
    Outlook.CLOSED: _closed,
    Outlook.OFF: _off,
    Outlook.UNDER_WAY: _under_way,
    Outlook.CHARGE: _will_charge,
    Outlook.TOO_LOW: _too_low,
    Outlook.RETRY: _will_retry,
    Outlook.ASK: _will_ask,
    Outlook.WILL_PAUSE: _will_pause,
    Outlook.PAUSED: _paused,
    Outlook.RESTS: _rests,
    Outlook.UNKNOWN: _unknown,
}
