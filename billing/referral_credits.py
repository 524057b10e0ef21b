"""Crediting both for a referral: once, and not before the first purchase can no more be given back."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from accounts import audit
from accounts.models import AccountClosing, Referral, ReferralQuerySet, User
from accounts.notifications import notify
from billing import ledger
from billing.models import Dispute, Order, OrderQuerySet, ReferralCredit, ReferralReward, Refund
from billing.referral_traits import objection_to
from billing.sales import as_context
from portal.lib.money import Money
from portal.lib.one_by_one import one_by_one

BATCH = 200
LOOK_BACK = timedelta(days=180)
"""How long after the credit a purchase that is given back after all, or disputed, takes it back: as long as banks do."""

State, Reason = ReferralCredit.State, ReferralCredit.Reason
PURCHASES = (Order.Kind.NEW_LINE, Order.Kind.RENEWAL, Order.Kind.TOP_UP)


def settle_referrals(*, within: timedelta, now: datetime) -> int:
    """Decide on the referrals whose first purchase can't be given back any more and return how many were credited.

    `within` is how long after its delivery it can be.
    """
    decided = one_by_one(
        to_decide(within=within, now=now).order_by("pk")[:BATCH],
        lambda referral: _decide(referral, within=within, now=now),
        what="Deciding on a referral",
        about=lambda referral: {"referral": referral},
    )
    one_by_one(
        unearned(now).order_by("pk")[:BATCH],
        lambda credit: take_back(credit, now=now),
        what="Taking a referral credit back",
        about=lambda credit: {"order": credit.order},
    )
    return sum(credit is not None and credit.state == State.GRANTED for credit in decided)


def undecided() -> ReferralQuerySet:
    """Referrals whose newcomer has paid for something."""
    paid = _paid_for().filter(owner=OuterRef("newcomer"))
    return Referral.objects.filter(Exists(paid), credit=None).select_related("referrer", "newcomer")


def to_decide(*, within: timedelta, now: datetime) -> ReferralQuerySet:
    """Those whose first purchase stands, or went back: what only waits must not be in the way of the others."""
    first = _paid_for().filter(owner=OuterRef("newcomer")).order_by("paid_at", "pk")
    stands = Q(state=Order.State.FULFILLED, confirmed_at__lte=now - within)
    ripe = Order.objects.filter(stands | _given_back(), pk=OuterRef("first"))
    return undecided().annotate(first=Subquery(first.values("pk")[:1])).filter(Exists(ripe))


def _paid_for() -> OrderQuerySet:
    return Order.objects.filter(kind__in=PURCHASES, paid_at__isnull=False, amount__gt=0)


def first_purchase(user: User) -> Order | None:
    return _paid_for().filter(owner=user).order_by("paid_at", "pk").first()


def _decide(referral: Referral, *, within: timedelta, now: datetime) -> ReferralCredit | None:
    order = first_purchase(referral.newcomer)
    if order is None:
        return None
    if was_given_back(order):
        return _refuse(referral, order=order, reason=Reason.GIVEN_BACK, now=now)
    if order.state != Order.State.FULFILLED or order.confirmed_at is None or now < order.confirmed_at + within:
        return None  # it waits, is being delivered or taken back, or can still be given back
    are_gone = len(_gone(referral)) > 1
    if reason := Reason.ACCOUNT_CLOSED if are_gone else objection_to(referral):
        return _refuse(referral, order=order, reason=reason, now=now)
    reward = ReferralReward.objects.filter(currency=order.currency, is_on=True).first()
    if reward is None:
        return _refuse(referral, order=order, reason=Reason.NOT_OFFERED, now=now)
    return _grant(referral, order=order, reward=reward, now=now)


def was_given_back(order: Order) -> bool:
    """Tell whether any of its money left us again, or a bank may take it."""
    return Order.objects.filter(_given_back(), pk=order.pk).exists()


def _given_back() -> Q:
    disputed = Dispute.objects.exclude(state=Dispute.State.WON).filter(charge__order=OuterRef("pk"))
    # A second payment, which was balance, is no part of the purchase that went back.
    refunded = Refund.objects.live().filter(order=OuterRef("pk"), taken_from=Refund.Source.SALES)
    over = Q(state__in=[Order.State.UNDELIVERABLE, Order.State.REFUNDED])
    return over | Exists(refunded) | Exists(disputed)


def _refuse(referral: Referral, *, order: Order, reason: ReferralCredit.Reason, now: datetime) -> ReferralCredit | None:
    with transaction.atomic():
        if not _is_open(referral):
            return None
        credit = ReferralCredit.objects.create(
            referral=referral, state=State.REFUSED, reason=reason, order=order, decided_at=now
        )
        _record("referral.refused", referral, now=now, reason=reason)
    return credit


def _gone(referral: Referral) -> set[int]:
    """Return which of the two have closed their accounts: a balance nobody can spend is not added to."""
    closings = AccountClosing.objects.gone().filter(user__in=[referral.referrer_id, referral.newcomer_id])
    return set(closings.values_list("user", flat=True))


def _grant(referral: Referral, *, order: Order, reward: ReferralReward, now: datetime) -> ReferralCredit | None:
    with transaction.atomic():
        if not _is_open(referral):
            return None
        gone = _gone(referral)
        credit = ReferralCredit.objects.create(
            referral=referral,
            state=State.GRANTED,
            order=order,
            currency=reward.currency,
            referrer_amount=0 if referral.referrer_id in gone else reward.referrer_amount,
            newcomer_amount=0 if referral.newcomer_id in gone else reward.newcomer_amount,
            decided_at=now,
        )
        for role, user, money in shares_of(credit):
            ledger.move(
                kind=ledger.Kind.REWARDED,
                debit=ledger.rewards(money.currency),
                credit=ledger.wallet(user.pk, money.currency),
                money=money,
                key=f"referral:{referral.public_id}:{role}",
                now=now,
            )
            _tell("referral_rewarded", referral, role=role, user=user, money=money, now=now)
        _record("referral.rewarded", referral, now=now)
    return credit


def _is_open(referral: Referral) -> bool:
    """Hold a referral, and tell whether nobody has decided on it; inside a transaction."""
    Referral.objects.select_for_update(of=("self",)).get(pk=referral.pk)
    return not ReferralCredit.objects.filter(referral=referral).exists()


def shares_of(credit: ReferralCredit) -> list[tuple[str, User, Money]]:
    """Return who gets what, by their role."""
    referral = credit.referral
    both = [
        ("referrer", referral.referrer, Money(credit.referrer_amount, credit.currency)),
        ("newcomer", referral.newcomer, Money(credit.newcomer_amount, credit.currency)),
    ]
    return [(role, user, money) for role, user, money in both if money]


def unearned(now: datetime) -> QuerySet[ReferralCredit]:
    """Credits whose purchase went back after all: given back by staff, or lost to the bank."""
    lost = Dispute.objects.filter(charge__order=OuterRef("order"), state=Dispute.State.LOST)
    granted = ReferralCredit.objects.filter(state=State.GRANTED, decided_at__gt=now - LOOK_BACK)
    gone = granted.filter(Q(order__state=Order.State.REFUNDED) | Exists(lost))
    return gone.select_related("referral__referrer", "referral__newcomer", "order")


@transaction.atomic
def take_back(credit: ReferralCredit, *, now: datetime) -> bool:
    """Take a credit back from both, as far as it is not spent; return False where somebody did before."""
    if not ReferralCredit.objects.filter(pk=credit.pk, state=State.GRANTED).update(state=State.REVERSED):
        return False
    for role, user, money in shares_of(credit):
        left = min(money, ledger.locked_balance(user_id=user.pk, currency=money.currency))
        if not left:
            continue
        ledger.move(
            kind=ledger.Kind.UNREWARDED,
            debit=ledger.wallet(user.pk, money.currency),
            credit=ledger.rewards(money.currency),
            money=left,
            key=f"referral:{credit.referral.public_id}:{role}:back",
            now=now,
        )
        _tell("referral_reversed", credit.referral, role=role, user=user, money=left, now=now)
    _record("referral.reversed", credit.referral, now=now)
    return True


def _tell(kind: str, referral: Referral, *, role: str, user: User, money: Money, now: datetime) -> None:
    key = f"referral:{referral.public_id}:{role}:{kind}"
    notify(user=user, kind=kind, key=key, context={"role": role, "money": as_context(money)}, now=now)


def _record(action: str, referral: Referral, *, now: datetime, **detail: str) -> None:
    subject, target = referral.referrer, referral.public_id
    audit.record(actor=None, subject=subject, action=action, target=target, detail=detail, ip=None, now=now)
