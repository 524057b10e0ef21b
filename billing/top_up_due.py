"""Which top-up rules are due: the database looks at what is left, nobody walks through lines."""

from datetime import datetime, timedelta

from django.db.models import BigIntegerField, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from billing.models import Charge, LedgerAccount, Order, OrderQuerySet, TopUpRule, TopUpRuleQuerySet
from esim.models import Allowance, ServiceChange, ServiceState

Kind = TopUpRule.Kind
WORTH_A_PACK = timedelta(hours=1)
"""What is bought by itself can be used for longer than that."""


def due(kind: TopUpRule.Kind, *, now: datetime) -> TopUpRuleQuerySet:
    """Return the rules of a kind that should buy now: what they watch is low, and nothing bought is on its way."""
    watching = TopUpRule.objects.watching(now).of_kind(kind)
    wanted = low(watching, kind=kind, now=now).filter(~Exists(_under_way(kind)))
    if kind == Kind.BALANCE:
        return wanted
    lasting = Allowance.objects.not_ended(now + WORTH_A_PACK).filter(line=OuterRef("line"), is_data_pack=False)
    return wanted.filter(Exists(lasting))


def low(rules: TopUpRuleQuerySet, *, kind: TopUpRule.Kind, now: datetime) -> TopUpRuleQuerySet:
    """Narrow rules of a kind down to those whose data, or balance, is low."""
    if kind == Kind.BALANCE:
        wallets = LedgerAccount.objects.filter(
            kind=LedgerAccount.Kind.WALLET, owner=OuterRef("owner"), currency=OuterRef("currency")
        )
        balance = Coalesce(Subquery(wallets.values("balance")), 0, output_field=BigIntegerField())
        return rules.filter(low_amount__gt=balance)
    left_percent = Subquery(Allowance.objects.filter(line=OuterRef("line")).metered(now).values("left_percent"))
    # A pack bought is begun before the next one is bought: usage that is reported late, or a pack too small to lift
    # the rest above the mark, must not buy one after the other.
    unused = Allowance.objects.running(now).filter(granted_for=OuterRef("public_id"), used_bytes=0)
    bought = Order.objects.filter(top_up_rule=OuterRef("pk"), state=Order.State.FULFILLED).filter(Exists(unused))
    in_service = rules.filter(line__service_state=ServiceState.ACTIVE)
    stays = in_service.exclude(line__service_change=ServiceChange.TERMINATING)
    return stays.filter(~Exists(bought), low_percent__gte=left_percent)


def _under_way(kind: TopUpRule.Kind) -> OrderQuerySet:
    """Return what is being bought for the line, or added to the balance, of a rule.

    A declined order that waits for the rule's own next attempt is none: without an open attempt nobody pays it.
    """
    being_paid = Q(Exists(Charge.objects.open().filter(order=OuterRef("pk"))))
    unpaid = Q(state=Order.State.PENDING) & (Q(trigger=Order.Trigger.CLICK) | being_paid)
    orders = Order.objects.filter(unpaid | Q(state__in=Order.State.IN_FLIGHT))
    if kind == Kind.BALANCE:
        return orders.filter(kind=Order.Kind.CREDIT, owner=OuterRef("owner"), currency=OuterRef("currency"))
    return orders.filter(kind=Order.Kind.TOP_UP, line=OuterRef("line"))
