"""What the page of a question before a renewal shows: the question, or what became of it."""

from datetime import datetime
from typing import Any

from billing.charging_stops import is_stopped
from billing.consent import source_words
from billing.forms import price_token
from billing.models import RenewalQuestion
from billing.questions import is_open
from billing.renewal_problems import sentence_of

__all__ = ["price_token", "shown"]


def shown(question: RenewalQuestion, *, now: datetime) -> dict[str, Any]:
    """Return the question with what it is about, and the order it led to. Two queries, and two more after a yes."""
    subscription = question.subscription
    order = subscription.placed().filter(period_index=question.period_index).order_by("pk").last()
    return {
        "question": question,
        "subscription": subscription,
        "line": subscription.line,
        # For whoever has the link and is not signed in: the letter may not have told the whole number.
        "number_end": f"•••• {subscription.line.msisdn[-4:]}" if subscription.line.msisdn else "",
        "is_open": is_open(question, subscription, now=now),
        "has_ended": now >= question.ends_at,
        "order": order,
        "is_stopped": question.answer == RenewalQuestion.Answer.RENEW and is_stopped(),
        "source": source_words(subscription.pay_from, subscription.method),
        "second_card": subscription.second_card,
        "problem": sentence_of(subscription.reason),
        "price_token": price_token(question.price),
    }
