"""What the pages of auto-renewal show: how it stands, what went wrong, and what it could be set to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from billing import ledger, purchases
from billing.agreements import NothingToContinue, goes_on
from billing.card_offers import card_offers
from billing.card_refusals import refusals_by_card
from billing.charging_stops import is_stopped
from billing.consent import ahead_words, source_words
from billing.dunning import rungs_ahead
from billing.foretelling import Foreseen, foresee_next
from billing.means import listed, name_of, pays_once_only
from billing.models import Order, Subscription
from billing.question_links import token_for
from billing.renewal_forms import WishesForm
from billing.renewal_problems import sentence_of
from billing.renewal_terms import LimitBelowPrice, Terms, WishesUnclear, terms, wishes_of
from billing.schedule import last_paid
from billing.term_changes import Change, changes_of
from billing.top_up_pages import standing_rule
from billing.verdicts import Action, Reason, judge_each
from billing.ways_to_pay import renewal_sources
from esim.models import Allowance, Line
from portal.lib.money import Money

CHANGED = (Reason.PRICE_CHANGED, Reason.TERMS_CHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """When a line in mode "ask me first" is asked about, as far as the page of its owner says so."""

    ask_at: datetime
    ends_at: datetime
    was_asked: bool
    said_yes: bool
    token: str


def standing(
    *, line: Line, user: User, wishes: Mapping[str, str], kinds: Sequence[str], now: datetime
) -> dict[str, Any]:
    """Return how auto-renewal of the line stands, and what it could be set to; `kinds` is what the gateway takes."""
    subscription = (
        Subscription.objects.on()
        .filter(line=line)
        .select_related("plan", "method", "backup_method", "line__owner", "agreement")
        .first()
    )
    paid = last_paid([line.pk], now=now).get(line.pk)
    form = WishesForm(initial=wishes_of(subscription) if subscription else {}, owner=user, now=now)
    if wishes:
        form = WishesForm(wishes, owner=user, now=now)
    shelf = purchases.shelf(line=line, kind=Order.Kind.RENEWAL, currency=user.currency, now=now)
    shown = {
        "subscription": subscription,
        "paid": paid,
        "form": form,
        "asks_first": (wishes.get("mode") or (subscription.mode if subscription else "")) == Subscription.Mode.ASK,
        "low_data": standing_rule(line=line),
        "pays_once_only": listed(map(name_of, pays_once_only(kinds))),
        "shelf": shelf.led_by(wishes.get("plan")),
        "sources": renewal_sources(
            methods=list(form.cards.values()),
            balance=ledger.wallet_balance(user, user.currency),
            subscription=subscription,
            wished=wishes.get("source", ""),
        ),
    }
    return {**shown, **_standing(subscription, form=form, paid=paid, user=user, now=now)} if subscription else shown


def _standing(
    subscription: Subscription, *, form: WishesForm, paid: Allowance | None, user: User, now: datetime
) -> dict[str, Any]:
    cards = list(form.cards.values())
    coming = _coming(subscription, now=now)
    is_tried_again = subscription.state == Subscription.State.PAST_DUE and coming is not None and coming.charges
    return {
        "source": source_words(subscription.pay_from, subscription.method),
        "problem": sentence_of(subscription.reason),
        "refusals": refusals_by_card(subscription),
        "tries": rungs_ahead(subscription, next_at=coming.at) if coming and is_tried_again else [],
        "is_changeable": paid is not None or goes_on(subscription, mode=subscription.mode),
        "question": _question(subscription, paid=paid, coming=coming),
        "coming": coming,
        "waits_for_us": coming is not None and coming.at <= now and is_stopped(),
        "ahead": ahead_words(subscription.plan.period),
        "limit": Money(subscription.max_amount, subscription.currency) if subscription.max_amount else None,
        "card_offers": [
            offer
            for offer in card_offers(user=user, kept=cards, preferred="", now=now)
            if offer.subscription == subscription
        ],
        **_difference(subscription, user=user, now=now),
    }


def _coming(subscription: Subscription, *, now: datetime) -> Foreseen | None:
    """Return what the scheduler does when it is due next; None where that is under way, paused, or can't be judged."""
    if subscription.state not in (Subscription.State.ACTIVE, Subscription.State.PAST_DUE):
        return None
    return next(iter(foresee_next([subscription], now=now)), None)


def _question(subscription: Subscription, *, paid: Allowance | None, coming: Foreseen | None) -> Question | None:
    """Return the question before the next renewal; None where something stands in the way of asking it."""
    if not subscription.asks_first or paid is None or subscription.state == Subscription.State.PAUSED:
        return None
    if coming is not None and coming.action == Action.PAUSE:
        return None
    index = subscription.period_index
    was_asked = subscription.asked_index == index
    return Question(
        ask_at=coming.at if coming is not None else subscription.charge_due_at,
        ends_at=paid.ends_at,
        was_asked=was_asked,
        said_yes=subscription.approved_index == index,
        token=token_for(subscription, period_index=index),
    )


def _difference(subscription: Subscription, *, user: User, now: datetime) -> dict[str, Any]:
    """Return what has changed since the consent, and today's terms to agree to; nothing where nothing changed."""
    judged = judge_each([subscription], now=now)
    price = judged[0].price if judged else None
    changes: list[Change] = changes_of(subscription, price=price) if judged else []
    # What has changed already will pause it; who has read so need not wait for that.
    reasons = {subscription.reason, judged[0].reason} if judged else set()
    if price is None or not changes or reasons.isdisjoint(CHANGED):
        return {"changes": changes if price is not None else []}
    return {"changes": changes, "new_terms": _new_terms(subscription, user=user, now=now)}


def _new_terms(subscription: Subscription, *, user: User, now: datetime) -> Terms | None:
    """Return today's terms for what was chosen then; None where that can't be chosen any more, or there is no end to renew at."""
    try:
        return terms(line=subscription.line, user=user, wishes=wishes_of(subscription), now=now)
    except (purchases.NotOnSale, NothingToContinue, WishesUnclear, LimitBelowPrice):
        return None
