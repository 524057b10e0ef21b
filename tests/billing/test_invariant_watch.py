"""What the hourly look finds stops automatic charges, until it is put right or a person answers for it."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from billing import renewals, tasks
from billing.charging_stops import ChargingStopped
from billing.invariant_watch import acknowledge, look
from billing.models import InvariantReport, LedgerAccount, Order
from billing.models.invariants import SHOWN
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund

pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet(subscriber):
    fund(subscriber, Money(1000, "USD"))
    return LedgerAccount.objects.get(kind="wallet", owner=subscriber)


def say(wallet, balance):
    LedgerAccount.objects.filter(pk=wallet.pk).update(balance=balance)


def break_a_wallet():
    LedgerAccount.objects.create(kind="wallet", owner=make.make_user(), currency="USD", balance=7)


def forget_an_order(subscriber):
    """Leave an order unpaid and unended for days: broken, and not about money."""
    return make.make_order(owner=subscriber, created_at=NOW - timedelta(days=3), expires_at=NOW - timedelta(days=2))


@pytest.fixture
def due(line, plan):
    return make.make_subscription(line=line, plan=plan, charge_due_at=NOW)


@pytest.fixture
def renew(due, gateway, carrier):
    return lambda: renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)


def test_what_is_broken_is_kept_and_told_by_name(wallet, caplog):
    say(wallet, 999_999)

    look(now=NOW)

    report = InvariantReport.objects.get()
    assert report.stops_money
    assert report.sentences == [f"I2: account {wallet.pk} (wallet) says 999999 where its movements say 1000"]
    assert report.sentences[0] in caplog.text


def test_while_all_is_well_nothing_is_kept(wallet, caplog):
    look(now=NOW)

    assert not InvariantReport.objects.exists()
    assert not caplog.text


def test_nothing_is_charged_while_money_does_not_add_up(wallet, renew, gateway, carrier):
    say(wallet, 999_999)
    look(now=NOW)

    with pytest.raises(ChargingStopped):
        renew()
    with pytest.raises(ChargingStopped):
        renewals.retry_declined(gateways={gateway.name: gateway}, carrier=carrier, now=NOW)

    assert not Order.objects.exists()
    assert not gateway.payments


@pytest.mark.parametrize("name", ["renew_due", "retry_declined"])
def test_jobs_and_commands_say_why_they_stand_still(wallet, name, caplog):
    say(wallet, 999_999)
    look(now=NOW)
    caplog.clear()

    getattr(tasks, name)()

    assert "Nothing is charged automatically" in caplog.text
    with pytest.raises(CommandError, match="Nothing is charged automatically"):
        call_command(name)


def test_put_right_charging_goes_on_after_the_next_look(wallet, renew):
    say(wallet, 999_999)
    look(now=NOW)
    say(wallet, 1000)

    call_command("check_invariants", at=NOW)

    assert InvariantReport.objects.get().over_at == NOW
    assert renew()


def test_a_person_who_answers_for_it_lets_charging_go_on(wallet, renew, staff):
    say(wallet, 999_999)
    look(now=NOW)
    report = InvariantReport.objects.get()

    assert acknowledge(report=report, note="A test account", actor=staff, ip=None, now=NOW)
    assert not acknowledge(report=report, note="Twice", actor=staff, ip=None, now=NOW)
    look(now=NOW + timedelta(hours=1))

    report = InvariantReport.objects.get()
    assert (report.note, report.seen_at) == ("A test account", NOW + timedelta(hours=1))
    assert renew()


def test_what_breaks_after_the_answer_stops_charging_again(wallet, renew, staff, stranger):
    say(wallet, 999_999)
    look(now=NOW)
    acknowledge(report=InvariantReport.objects.get(), note="A test account", actor=staff, ip=None, now=NOW)
    fund(stranger, Money(500, "USD"))
    LedgerAccount.objects.filter(kind="wallet", owner=stranger).update(balance=501)

    look(now=NOW)

    assert InvariantReport.objects.standing().get().broken["I2"][1:] != []
    with pytest.raises(ChargingStopped):
        renew()


def test_nor_does_it_go_unseen_among_very_many(renew, staff):
    for _number in range(SHOWN):
        break_a_wallet()
    look(now=NOW)
    acknowledge(report=InvariantReport.objects.get(), note="An import", actor=staff, ip=None, now=NOW)
    look(now=NOW)
    assert renew()
    break_a_wallet()

    look(now=NOW)

    with pytest.raises(ChargingStopped):
        renew()


def test_what_is_not_about_money_is_kept_and_stops_nothing(subscriber, renew):
    order = forget_an_order(subscriber)

    look(now=NOW)

    report = InvariantReport.objects.get()
    assert report.sentences == [f"I8: order {order.public_id} was neither paid nor ended"]
    assert not report.stops_money
    assert renew()


def test_a_dry_run_only_tells(wallet):
    say(wallet, 999_999)

    with pytest.raises(CommandError, match="I2: account"):
        call_command("check_invariants", at=NOW, dry_run=True)

    assert not InvariantReport.objects.exists()


def test_a_report_stays_short_however_much_is_broken(subscriber):
    for _number in range(SHOWN + 1):
        forget_an_order(subscriber)

    assert len(look(now=NOW)["I8"]) == SHOWN + 1
    assert len(InvariantReport.objects.get().sentences) == SHOWN + 1
    assert InvariantReport.objects.get().sentences[-1] == "I8: and 1 more, which check_invariants prints"
