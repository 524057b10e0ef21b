"""Each invariant is broken on purpose, and must be named."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Notification, Referral
from billing import ledger
from billing.invariants import INVARIANTS, broken_invariants
from billing.invoices import issue
from billing.models import (
    Charge,
    Dispute,
    GatewayEvent,
    Invoice,
    LedgerAccount,
    LedgerEntry,
    Leftover,
    Order,
    Payout,
    QueuedPlan,
    Redemption,
    ReferralCredit,
    Subscription,
)
from billing.orders import fulfil
from esim.models import Allowance, Line
from plans.models import Coupon, CouponCode
from portal.lib.money import Money
from tests import make
from tests.append_only import triggers_resting
from tests.billing.books import NOW, PRICE, buy, buy_with_code, fund, paid_order
from tests.billing.invoicing import delivered_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def business(line, plan, carrier, gateway):
    """A day's business: a balance, a delivered order, and one that the balance pays in part."""
    fund(line.owner, Money(1000, "USD"))
    fulfil(order_id=paid_order(line, plan).pk, carrier=carrier, now=NOW)
    buy(line, plan, use_wallet=True)


def delivered():
    return Order.objects.get(state="fulfilled")


def change_the_books(**columns):
    """Rewrite entries as only somebody who may switch triggers off could."""
    connection.check_constraints()  # PostgreSQL alters no table whose foreign keys it has yet to check
    with triggers_resting(connection):
        LedgerEntry.objects.filter(kind="sold").update(**columns)
        connection.check_constraints()


def mix_currencies():
    connection.check_constraints()
    with triggers_resting(connection):
        LedgerAccount.objects.filter(kind="sales").update(currency="EUR")
        connection.check_constraints()


def hold_back_money():
    Order.objects.filter(pk=delivered().pk).update(state="expired")
    change_the_books(amount=1)


def forge_a_balance():
    LedgerAccount.objects.filter(kind="wallet").update(balance=999_999)


def forge_a_shared_balance():
    LedgerAccount.objects.filter(kind="sales").update(balance=5)


def forget_to_book_a_charge():
    Charge.objects.create(
        order=delivered(),
        gateway="sandbox",
        gateway_payment_id="pay_1",
        state="succeeded",
        settled_at=NOW,
        currency="USD",
        amount=1490,
    )


def book_an_unpaid_charge():
    charge = Charge.objects.create(order=delivered(), gateway="sandbox", state="declined", currency="USD", amount=1490)
    receive(charge, key="one")


def book_a_charge_twice():
    forget_to_book_a_charge()
    charge = Charge.objects.get(state="succeeded")
    receive(charge, key="one")
    receive(charge, key="two")


def receive(charge, *, key):
    ledger.move(
        kind=ledger.Kind.RECEIVED,
        debit=ledger.gateway("sandbox", "USD"),
        credit=ledger.held("USD"),
        money=PRICE,
        key=key,
        order=charge.order,
        charge=charge,
        now=NOW,
    )


def deliver_for_nothing():
    Order.objects.filter(state="pending").update(state="paid", paid_at=NOW)


def sell_a_period_twice():
    order = delivered()
    agreement = make.make_subscription(line=order.line, plan=order.plan)
    Order.objects.filter(pk=order.pk).update(subscription=agreement, period_index=1)
    paid_order(order.line, order.plan)
    second = Order.objects.get(state="paid")
    # The constraint knows states only; the books know what was sold.
    Order.objects.filter(pk=second.pk).update(subscription=agreement, period_index=1, state="cancelled")


def deliver_nothing():
    delivered().line.allowances.all().delete()


def keep_the_money_of_an_undeliverable_order():
    Order.objects.filter(pk=delivered().pk).update(state="undeliverable")


def leave_a_paid_order_lying():
    order = paid_order(delivered().line, delivered().plan)
    Order.objects.filter(pk=order.pk).update(paid_at=NOW - timedelta(hours=2))


def give_an_iccid_to_two():
    other = make.make_line(owner=make.make_user())
    make.make_profile(line=other, iccid="89852000000000999990")
    make.make_profile(line=make.make_line(owner=delivered().owner), iccid="8985200000000099999")


def give_an_activation_code_to_two():
    for _number in range(2):
        make.make_profile(line=make.make_line(owner=make.make_user()), activation_code="1$smdp.example.com$SAME")


def copy_a_code_from_row_to_row():
    first, second = (
        make.make_profile(line=make.make_line(owner=make.make_user()), activation_code=name) for name in "AB"
    )
    second.activation_code_ciphertext = first.activation_code_ciphertext
    second.save()


def leave_a_charge_open():
    Charge.objects.create(
        order=delivered(), gateway="sandbox", currency="USD", amount=1, created_at=NOW - timedelta(days=4)
    )


def leave_an_order_unended():
    Order.objects.filter(state="pending").update(expires_at=NOW - timedelta(days=2))


def leave_a_renewal_in_flight():
    make.make_subscription(
        line=delivered().line,
        plan=delivered().plan,
        state=Subscription.State.IN_FLIGHT,
        lease_until=NOW - timedelta(hours=2),
    )


def leave_an_event_unapplied():
    GatewayEvent.objects.create(
        gateway="sandbox",
        event_id="evt_1",
        kind="payment.succeeded",
        payload={},
        received_at=NOW - timedelta(days=2),
        due_at=NOW - timedelta(days=1),
    )


def leave_a_notice_unsent():
    Notification.objects.update(due_at=NOW - timedelta(minutes=6))


def leave_a_notice_half_sent():
    Notification.objects.update(state="sending", lease_until=NOW - timedelta(minutes=6))


def begin_a_refund_past_the_books():
    charge = make.make_charge(order=delivered(), refunded_amount=500)
    make.make_refund(charge=charge, amount=500, state="created")


def freeze_balance_past_the_books():
    make.make_dispute(charge=make.make_charge(order=delivered()), credited_amount=100, frozen_amount=100)


def withdraw_past_the_books():
    make.make_dispute(charge=make.make_charge(order=delivered()), is_withdrawn=True)


def refund_past_the_books():
    charge = make.make_charge(order=delivered(), refunded_amount=500)
    make.make_refund(charge=charge, amount=500, state="succeeded", gateway_refund_id="re_1", settled_at=NOW)


def count_a_refund_that_is_none():
    make.make_charge(order=delivered(), refunded_amount=1)


def count_a_refund_of_balance_that_is_none():
    Order.objects.filter(pk=delivered().pk).update(refunded_wallet_amount=1)


def undo_an_order_and_leave_its_plan():
    Order.objects.filter(pk=delivered().pk).update(state="refunded")


def undo_an_order_and_keep_its_money():
    delivered().line.allowances.update(taken_back_at=NOW)
    Order.objects.filter(pk=delivered().pk).update(state="refunded")


def leave_a_refund_unsent():
    make.make_refund(charge=make.make_charge(order=delivered()), state="unknown", created_at=NOW - timedelta(days=4))


def leave_an_order_half_undone():
    Order.objects.filter(pk=delivered().pk).update(state="taking_back", lease_until=NOW - timedelta(hours=3))


def take_an_invoice_out_of_its_series():
    for _sale in range(3):
        make.make_invoice(order=delivered_order(make.make_user()), series="2020")
    connection.check_constraints()
    with triggers_resting(connection):
        Invoice.objects.filter(series="2020").order_by("pk").first().delete()
        connection.check_constraints()


def invoice_another_price():
    order = delivered()
    issue(order_id=order.pk, now=NOW)
    Order.objects.filter(pk=order.pk).update(amount=1500)


def invoice_past_the_mark():
    make.make_invoice(order=delivered())


def credit_more_than_was_invoiced():
    invoice = issue(order_id=delivered().pk, now=NOW)
    make.make_invoice(
        order=delivered(), kind="credit_note", corrects=invoice, refund_key="rfd_1", amount=invoice.amount + 1
    )


def suspend_a_line_that_is_paid_for():
    Line.objects.update(service_state="suspended", suspended_for="unpaid")


def leave_a_line_half_suspended():
    began = NOW - timedelta(days=2)
    Line.objects.update(service_change="suspending", service_change_at=began, service_change_until=NOW)


def queued():
    line = Line.objects.get()
    return QueuedPlan.objects.filter(order=paid_order(line, make.make_plan(), is_queued=True))


def deliver_what_waits():
    Order.objects.filter(queued_plan__in=queued()).update(fulfil_due_at=NOW)


def begin_what_nobody_delivers():
    queued().update(state="started", decided_at=NOW)


def cancel_and_keep_the_money():
    queued().update(state="cancelled", decided_at=NOW)


def forget_whose_turn_it_is():
    Order.objects.filter(queued_plan__in=queued()).update(paid_at=NOW - timedelta(days=1))
    Allowance.objects.update(starts_at=NOW - timedelta(days=3), ends_at=NOW - timedelta(days=2))


def redeemed():
    """An order that waits for its payment, with a coupon that it reserved."""
    make.make_coupon(code="AUTUMN10")
    line = make.make_line(owner=Line.objects.get().owner)
    return Redemption.objects.filter(order=buy_with_code(line, make.make_plan(), "AUTUMN10"))


def count_a_coupon_too_often():
    Coupon.objects.filter(redemptions__in=redeemed()).update(used=5)


def forget_that_a_code_was_used():
    CouponCode.objects.filter(redemptions__in=redeemed()).update(used=0)


def take_off_less_than_was_promised():
    redeemed().update(amount=1)


def give_back_the_coupon_of_an_order_that_stands():
    redeemed().update(state="released", settled_at=NOW)


def credit_a_referral_past_the_books():
    newcomer = make.make_user()
    referral = Referral.objects.create(referrer=Line.objects.get().owner, newcomer=newcomer, mailbox="m")
    terms = {"currency": "USD", "referrer_amount": 500, "newcomer_amount": 300}
    ReferralCredit.objects.create(referral=referral, state="granted", order=delivered(), **terms)


def settled(**changes):
    """A debt of US$14.90 that an order settles; `changes` are to that order."""
    owed = make.make_order(owner=delivered().owner, line=delivered().line, state="expired")
    charge = make.make_charge(order=owed, state="abandoned")
    lost = make.make_dispute(charge=charge, state="lost", is_withdrawn=True, credited_amount=1490, closed_at=NOW)
    order = make.make_order(**{"owner": owed.owner, "line": owed.line, "kind": "arrears", "plan": None} | changes)
    Dispute.objects.filter(pk=lost.pk).update(settled_by=order)
    return Dispute.objects.filter(pk=lost.pk)


def settle_what_is_not_owed():
    settled().update(state="won")


def settle_with_a_purchase():
    settled(kind="renewal", plan=make.make_plan())


def settle_for_somebody_else():
    settled(owner=make.make_user())


def settle_less_than_is_owed():
    settled(amount=1000)


def settle_nothing():
    settled().update(settled_by=None)


def clear_a_leftover(**changes):
    wallet = LedgerAccount.objects.get(kind="wallet")
    given = {"currency": "USD", "amount": 1, "way": "by_hand", "reason": "Because", "requested_by": make.make_user()}
    Leftover.objects.create(account=wallet, **{**given, "state": "cleared", "decided_at": NOW, **changes})


def write_off_without_a_decision():
    fund(delivered().owner, Money(1, "USD"))
    ledger.move(
        kind=ledger.Kind.UNCLAIMED,
        debit=ledger.wallet(delivered().owner_id, "USD"),
        credit=ledger.unclaimed("USD"),
        money=Money(1, "USD"),
        key="leftover:none",
        now=NOW,
    )


def clear_the_balance_of_somebody_who_is_there():
    clear_a_leftover(state="requested", decided_at=None)


def pay_out(**changes):
    wallet = LedgerAccount.objects.get(kind="wallet")
    agreed = {"state": "to_transfer", "decided_at": NOW, "amount": 1, "by_hand_amount": 1}
    given = {"currency": "USD", "reason": "Because", "requested_by": make.make_user(), **agreed}
    return Payout.objects.create(account=wallet, **{**given, **changes})


def pay_out_past_the_books():
    pay_out()


def pay_out_less_than_was_asked_for():
    fund(delivered().owner, Money(1, "USD"))
    book_by_hand(key=f"payout:{pay_out(amount=5).public_id}")


def put_a_payout_back_past_the_books():
    fund(delivered().owner, Money(1, "USD"))
    book_by_hand(key=f"payout:{pay_out(state='returned').public_id}")


def pay_out_without_a_decision():
    fund(delivered().owner, Money(1, "USD"))
    book_by_hand(key="payout:none")


def book_by_hand(*, key):
    ledger.move(
        kind=ledger.Kind.PAID_OUT,
        debit=ledger.wallet(delivered().owner_id, "USD"),
        credit=ledger.by_hand("USD"),
        money=Money(1, "USD"),
        key=key,
        now=NOW,
    )


CRIMES = [
    ("I1", pay_out_past_the_books, "is not in the books as it says"),
    ("I1", pay_out_less_than_was_asked_for, "is not all of what was asked for"),
    ("I1", put_a_payout_back_past_the_books, "is not in the books as it says"),
    ("I1", pay_out_without_a_decision, "by_hand holds 1 USD where the rows say 0"),
    ("I1", clear_a_leftover, "is cleared, and the books say otherwise"),
    ("I1", write_off_without_a_decision, "unclaimed holds 1 USD where the rows say 0"),
    ("I1", clear_the_balance_of_somebody_who_is_there, "of an account that was not closed"),
    ("I14", settle_what_is_not_owed, "nothing is owed for it"),
    ("I14", settle_with_a_purchase, "made for something else"),
    ("I14", settle_for_somebody_else, "made for something else"),
    ("I14", settle_less_than_is_owed, "costs 1000 and settles 1490"),
    ("I14", settle_nothing, "costs 1490 and settles 0"),
    ("I7", count_a_coupon_too_often, "counts 5 of any uses and has 1"),
    ("I7", forget_that_a_code_was_used, "counts 0 of any uses and has 1"),
    ("I7", take_off_less_than_was_promised, "costs 1341 where 1 are taken off 1490"),
    ("I7", give_back_the_coupon_of_an_order_that_stands, "is released and its order"),
    ("I13", credit_a_referral_past_the_books, "is granted, and the books say otherwise"),
    ("I12", deliver_what_waits, "waits, and its order is being delivered"),
    ("I12", begin_what_nobody_delivers, "nobody delivers its order"),
    ("I12", cancel_and_keep_the_money, "is cancelled, and its order stands"),
    ("I12", forget_whose_turn_it_is, "should have begun"),
    ("I11", suspend_a_line_that_is_paid_for, "suspended as unpaid, with paid time running"),
    ("I11", leave_a_line_half_suspended, "has been suspending since"),
    ("I10", take_an_invoice_out_of_its_series, "series 2020 has 2 documents"),
    ("I10", invoice_another_price, "no invoice over its price"),
    ("I10", invoice_past_the_mark, "is not marked"),
    ("I10", credit_more_than_was_invoiced, "credited with more"),
    ("I1", begin_a_refund_past_the_books, "refunding holds 0 USD where the rows say 500"),
    ("I1", freeze_balance_past_the_books, "frozen holds 0 USD where the rows say 100"),
    ("I1", withdraw_past_the_books, "disputed holds 0 USD where the rows say 1490"),
    ("I3", refund_past_the_books, "is succeeded, and the books say otherwise"),
    ("I3", count_a_refund_that_is_none, "counts refunds it does not have"),
    ("I3", count_a_refund_of_balance_that_is_none, "counts refunds it does not have"),
    ("I5", undo_an_order_and_leave_its_plan, "its plan still there"),
    ("I5", undo_an_order_and_keep_its_money, "not all of it refunded"),
    ("I8", leave_a_refund_unsent, "still unknown"),
    ("I8", leave_an_order_half_undone, "nobody works on it"),
    ("I1", mix_currencies, "between currencies"),
    ("I1", hold_back_money, "holds 1489 instead of 0"),
    ("I2", forge_a_balance, "says 999999"),
    ("I2", forge_a_shared_balance, "says 5"),
    ("I3", forget_to_book_a_charge, "not in the books"),
    ("I3", book_an_unpaid_charge, "declined and in the books"),
    ("I3", book_a_charge_twice, "in the books twice"),
    ("I3", deliver_for_nothing, "costs 1490 and 0"),
    ("I4", sell_a_period_twice, "sold 2 times"),
    ("I5", deliver_nothing, "granted nothing"),
    ("I5", keep_the_money_of_an_undeliverable_order, "was not returned"),
    ("I5", leave_a_paid_order_lying, "still paid"),
    ("I6", give_an_iccid_to_two, "share an ICCID"),
    ("I6", give_an_activation_code_to_two, "share an activation code"),
    ("I6", copy_a_code_from_row_to_row, "an activation code that cannot be read"),
    ("I8", leave_a_charge_open, "still created"),
    ("I8", leave_an_order_unended, "neither paid nor ended"),
    ("I8", leave_a_renewal_in_flight, "lease that ended"),
    ("I8", leave_an_event_unapplied, "evt_1"),
    ("I9", leave_a_notice_unsent, "did not leave"),
    ("I9", leave_a_notice_half_sent, "did not leave"),
]


def test_a_days_business_breaks_nothing(now):
    assert broken_invariants(now=now) == {}


def test_what_is_settled_for_a_line_and_for_the_balance_breaks_nothing_of_it(now):
    settled()
    settled(line=None).update(charge=make.make_charge(order=make.make_order(owner=delivered().owner, state="expired")))

    assert "I14" not in broken_invariants(now=now)


@pytest.mark.parametrize(("invariant", "crime", "words"), CRIMES, ids=[crime.__name__ for _, crime, _ in CRIMES])
def test_what_is_broken_is_named(invariant, crime, words, now):
    crime()

    assert any(words in sentence for check in INVARIANTS[invariant] for sentence in check(now))


def test_every_invariant_is_broken_once():
    assert {invariant for invariant, _, _ in CRIMES} == INVARIANTS.keys()


def test_no_secret_is_named(now):
    give_an_activation_code_to_two()

    assert "SAME" not in str(broken_invariants(now=now))


def test_the_command_says_that_all_is_well(capsys):
    Notification.objects.all().delete()

    call_command("check_invariants", at=NOW)

    assert capsys.readouterr().out == "all invariants hold\n"


def test_the_command_fails_and_names_what_is_broken():
    forge_a_balance()

    with pytest.raises(CommandError, match=r"I2: account .* says 999999"):
        call_command("check_invariants", at=timezone.now())
