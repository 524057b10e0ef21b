"""Letting a process die at its n-th step, and letting the timetable clear up after it."""

from collections import Counter
from datetime import timedelta

from django.db import connection, transaction

from accounts.models import Notification
from billing import disputes, expiry, gateway_events, orders, reconciliation, refunds, renewals, taking_back
from billing.invariants import broken_invariants
from billing.models import Charge, Dispute, LedgerAccount, LedgerEntry, Order, Refund, Subscription
from esim.models import Allowance, Line
from tests.billing.books import NOW
from tests.billing.test_crashes import Crash, Dying, Fuse
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway

MINUTE = timedelta(minutes=1)
# Longer apart than any lease and than the first look at a charge.
ROUNDS = [NOW + minutes * MINUTE for minutes in (11, 22, 33)]


def tick(*, gateway, carrier, now):
    """Let every entry of the timetable that moves money come round once."""
    gateway_events.apply_gateway_events(gateway=gateway, now=now)
    reconciliation.reconcile_charges(gateway=gateway, now=now)
    taking_back.take_back_due(carrier=carrier, now=now)
    refunds.settle_refunds(gateway=gateway, now=now)
    disputes.settle_disputes(gateway=gateway, now=now)
    orders.fulfil_due(carrier=carrier, now=now)
    renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=now)
    expiry.expire_unpaid_orders(gateways={gateway.name: gateway}, now=now)


def world(gateway, carrier):
    """What is left when the dust has settled; no moments in it, because who died comes later."""
    return {
        "orders": Counter(Order.objects.values_list("kind", "state")),
        "charges": Counter(Charge.objects.exclude(state=Charge.State.ABANDONED).values_list("state", flat=True)),
        "entries": Counter(LedgerEntry.objects.values_list("kind", "amount")),
        "balances": sorted(LedgerAccount.objects.filter(owner__isnull=False).values_list("currency", "balance")),
        "agreements": sorted(Subscription.objects.values_list("state", "declines", "period_index", "reason")),
        "taken": len(gateway.taken),
        "granted": len(carrier.grants),
        "profiles": len(carrier.profiles),
        "lines": Line.objects.count(),
        "allowances": Allowance.objects.standing().count(),
        "refunds": Counter(Refund.objects.values_list("state", "amount")),
        "given back": sorted((one.money.minor, one.state) for one in gateway.refunds.values()),
        "taken back": sorted(carrier.revoked),
        "disputes": Counter(Dispute.objects.values_list("state", "frozen_amount", "is_withdrawn")),
        "notices": Counter(Notification.objects.values_list("kind", flat=True)),
    }


def die_everywhere(story, *, sample, again=None, prepared=lambda _gateway: None, rounds=ROUNDS, most=400):
    """Tell a story to its end, then once for each step of the sample with a death there; all must end alike.

    A step is a statement of the database (the end of a transaction is one too) or either side of an outside call.
    `again` is what people do after a death: send their form once more. Returns the ending and about the number of steps.
    """
    ending = None
    for count in (0, *sample.of(range(1, most))):
        died, end, broken = die_at(count, story, again=again, prepared=prepared, rounds=rounds)
        ending = ending or end
        assert end == ending, f"after dying at step {count}"
        assert broken == {}, f"after dying at step {count}"
        if count and not died:
            return ending, count
    raise AssertionError(f"The story has more than {most} steps.")


def die_at(step, story, *, again=None, prepared=lambda _gateway: None, rounds=ROUNDS):
    """Tell a story with a death at one step (0: none), let the timetable clear up, and forget all of it.

    Returns whether it came to that death, what was left, and which invariants were broken.
    """
    fuse = Fuse(step)
    with transaction.atomic():
        gateway, carrier = FakeGateway(), FakeCarrier()
        prepared(gateway)
        try:
            with connection.execute_wrapper(fuse.around_statement):
                story(gateway=Dying(gateway, fuse), carrier=Dying(carrier, fuse))
        except Crash:
            # Who dies before a statement outside any transaction has broken none; Django thinks that it was ours.
            transaction.set_rollback(False)
        if fuse.blown and again is not None:
            again(gateway=gateway, carrier=carrier)
        for now in rounds:
            tick(gateway=gateway, carrier=carrier, now=now)
        end, broken = world(gateway, carrier), broken_invariants(now=NOW)
        transaction.set_rollback(True)
    return fuse.blown, end, broken
