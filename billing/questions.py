"""Renewals that are asked about first: the question, its reminder, and what follows from the answer."""

from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from accounts.notifications import notify
from billing import agreements
from billing.models import RenewalQuestion, Subscription
from billing.plan_names import plan_names
from billing.question_links import token_for
from billing.sales import as_context
from billing.schedule import lead
from billing.verdicts import Reason, Verdict

Answer = RenewalQuestion.Answer
ASKED = "asked"


class NoLongerAsked(Exception):
    """The question is answered, its time is over, or auto-renewal stands otherwise now."""

    sentence = _("This question is no longer open. Nothing was changed.")


def ask(verdict: Verdict, *, now: datetime) -> None:
    """Put the question of a claimed subscription, or remind of it; each goes out once a period.

    Whoever lost the claim writes nothing.
    """
    subscription, index, ends_at = verdict.subscription, verdict.schedule.period_index, verdict.starts_at
    remind = subscription.asked_index == index and now >= ends_at - lead(subscription.plan.period)
    with transaction.atomic():
        moved = subscription.held().update(
            state=Subscription.State.ACTIVE,
            declines=0,
            reason=ASKED,
            decided_at=now,
            lease_until=None,
            asked_index=index,
            **asdict(verdict.schedule),
        )
        if moved:
            _put(subscription, index=index, ends_at=ends_at, now=now)
            _tell(subscription, index=index, ends_at=ends_at, remind=remind, now=now)


def _put(subscription: Subscription, *, index: int, ends_at: datetime, now: datetime) -> None:
    """Write the question down; one that was put before is about what is agreed to now."""
    about = {"currency": subscription.currency, "amount": subscription.consent_amount, "ends_at": ends_at}
    RenewalQuestion.objects.update_or_create(
        subscription=subscription, period_index=index, defaults=about, create_defaults={**about, "asked_at": now}
    )


def _tell(subscription: Subscription, *, index: int, ends_at: datetime, remind: bool, now: datetime) -> None:
    notify(
        user=subscription.line.owner,
        kind="renewal_question",
        key=f"renewal-question{'-last' if remind else ''}:{subscription.public_id}:{index}:{subscription.agreement_id}",
        context={
            **_about(subscription),
            "ends_at": ends_at.isoformat(),
            "token": token_for(subscription, period_index=index),
            "is_reminder": remind,
        },
        now=now,
    )


def lapse(verdict: Verdict, *, now: datetime) -> None:
    """Let the line end without a renewal: nobody said yes, or could. Auto-renewal waits until it is renewed by hand."""
    subscription, index = verdict.subscription, verdict.schedule.period_index
    with transaction.atomic():
        ended = subscription.held().update(
            state=Subscription.State.PAUSED,
            reason=verdict.reason,
            decided_at=now,
            declines=0,
            lease_until=None,
            # Its number is used up: what is bought by hand next is asked about under its own.
            period_index=index + 1,
        )
        if ended:
            notify(
                user=subscription.line.owner,
                kind="renewal_lapsed",
                key=f"renewal-lapsed:{subscription.public_id}:{index}",
                context={
                    **_about(subscription),
                    "line_id": subscription.line.public_id,
                    "was_not_asked": verdict.reason == Reason.NOT_ASKED,
                },
                now=now,
            )


def answer(
    question: RenewalQuestion,
    given: Answer,
    *,
    actor: User | None,
    ip: str | None,
    now: datetime,
) -> None:
    """Write the one answer to a question and let it work; raises NoLongerAsked and BeingCharged.

    `actor` is None where the link alone was shown.
    """
    subscription = question.subscription
    with transaction.atomic():
        standing = Subscription.objects.select_for_update().get(pk=subscription.pk)
        if standing.state == Subscription.State.IN_FLIGHT:
            raise agreements.BeingCharged
        if not is_open(question, standing, now=now) or not _write(question, given, ip=ip, now=now):
            raise NoLongerAsked
        match given:
            case Answer.RENEW:
                Subscription.objects.filter(pk=standing.pk).update(
                    approved_index=question.period_index, charge_due_at=now
                )
            case Answer.SKIP:
                agreements.skip(standing)
            case Answer.STOP:
                agreements.turn_off(subscription=subscription, actor=actor, ip=ip, now=now)
        if given != Answer.STOP:
            audit.record(
                actor=actor,
                subject=subscription.line.owner,
                action="auto_renewal.said_yes" if given == Answer.RENEW else "auto_renewal.skipped",
                target=subscription.line.public_id,
                detail={"price": str(standing.agreed_price), "period": question.period_index},
                ip=ip,
                now=now,
            )


def is_open(question: RenewalQuestion, subscription: Subscription, *, now: datetime) -> bool:
    """Tell whether an answer still counts: unanswered, in time, and about what would be bought next."""
    return (
        not question.answer
        and now < question.ends_at
        and subscription.asks_first
        and subscription.state in {Subscription.State.ACTIVE, Subscription.State.IN_FLIGHT}
        and subscription.period_index == question.period_index
        and subscription.asked_index == question.period_index
    )


def _write(question: RenewalQuestion, given: Answer, *, ip: str | None, now: datetime) -> bool:
    open_ones = RenewalQuestion.objects.unanswered(now).filter(pk=question.pk)
    return open_ones.update(answer=given, answered_at=now, answered_from=ip) == 1


def _about(subscription: Subscription) -> dict[str, object]:
    return {
        "line": str(subscription.line),
        "plan": plan_names(subscription.plan),
        "price": as_context(subscription.agreed_price),
    }
