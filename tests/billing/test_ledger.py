import pytest
from django.db import IntegrityError, connection, transaction

from billing import ledger
from billing.ledger import InsufficientBalance
from billing.models import LedgerAccount, LedgerEntry
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(subscriber):
    return fund(subscriber, Money(5000, "USD"))


def test_a_movement_changes_the_wallet_it_touches(subscriber, entry, now):
    ledger.move(
        kind=ledger.Kind.RESERVED,
        debit=ledger.wallet(subscriber.pk, "USD"),
        credit=ledger.held("USD"),
        money=Money(1490, "USD"),
        key="order:one:reserved",
        now=now,
    )

    assert ledger.wallet_balance(subscriber, "USD") == Money(3510, "USD")
    assert [one.kind for one in ledger.movements_of(subscriber)] == ["reserved", "opening"]


def test_a_wallet_never_goes_below_zero(subscriber, entry, now):
    with pytest.raises(InsufficientBalance), transaction.atomic():
        ledger.move(
            kind=ledger.Kind.RESERVED,
            debit=ledger.wallet(subscriber.pk, "USD"),
            credit=ledger.held("USD"),
            money=Money(5001, "USD"),
            key="order:one:reserved",
            now=now,
        )

    assert ledger.wallet_balance(subscriber, "USD") == Money(5000, "USD")
    assert LedgerEntry.objects.count() == 1


def test_the_same_fact_is_written_once(subscriber, entry):
    with pytest.raises(IntegrityError), transaction.atomic():
        fund(subscriber, Money(100, "USD"), key=entry.key)

    assert ledger.wallet_balance(subscriber, "USD") == Money(5000, "USD")


def test_wallets_of_two_currencies_are_apart(subscriber, entry):
    fund(subscriber, Money(900, "JPY"))

    assert ledger.wallet_balance(subscriber, "JPY") == Money(900, "JPY")
    assert ledger.wallet_balance(subscriber, "USD") == Money(5000, "USD")


def test_a_stranger_sees_no_movement(stranger, entry):
    assert not ledger.movements_of(stranger).exists()
    assert ledger.wallet_balance(stranger, "USD") == Money(0, "USD")


def test_an_account_is_opened_once(subscriber, entry):
    fund(subscriber, Money(100, "USD"))

    assert LedgerAccount.objects.count() == 2


@pytest.mark.parametrize(
    "account",
    [
        pytest.param({"kind": "held", "currency": "USD"}, id="held"),
        pytest.param({"kind": "gateway", "currency": "USD", "gateway": "sandbox"}, id="gateway"),
    ],
)
def test_the_database_refuses_a_second_shared_account(account):
    LedgerAccount.objects.create(**account)

    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.create(**account)


def test_the_database_refuses_a_second_wallet_in_a_currency(subscriber, entry):
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.create(kind="wallet", owner=subscriber, currency="USD")


def test_the_database_refuses_a_negative_balance(subscriber, entry):
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.filter(kind="wallet").update(balance=-1)


def test_the_database_refuses_a_movement_between_currencies(subscriber, entry):
    yen = LedgerAccount.objects.create(kind="held", currency="JPY")

    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            kind="sold", key="x", debit_account=entry.credit_account, credit_account=yen, currency="USD", amount=1
        )


ATTACKS = {
    "update": "UPDATE billing_ledgerentry SET amount = 1",
    "delete": "DELETE FROM billing_ledgerentry",
    "replace": "INSERT OR REPLACE INTO billing_ledgerentry SELECT * FROM billing_ledgerentry",
    "truncate": "TRUNCATE billing_ledgerentry",
}
ONLY_ON = {"replace": "sqlite", "truncate": "postgresql"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_statement_rewrites_the_books(attack, entry):
    if ONLY_ON.get(attack, connection.vendor) != connection.vendor:
        pytest.skip(f"no such statement on {connection.vendor}")
    connection.check_constraints()  # PostgreSQL truncates nothing whose foreign keys it has yet to check

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ATTACKS[attack])

    assert LedgerEntry.objects.get().amount == 5000


ATTACKS_ON_ACCOUNTS = {
    "update": "UPDATE billing_ledgeraccount SET currency = 'JPY'",
    "swap": "UPDATE billing_ledgeraccount SET id = id + 1000",
    "delete": "DELETE FROM billing_ledgeraccount",
    "replace": "INSERT OR REPLACE INTO billing_ledgeraccount SELECT * FROM billing_ledgeraccount",
    "truncate": "TRUNCATE billing_ledgeraccount CASCADE",
}


@pytest.mark.parametrize("attack", ATTACKS_ON_ACCOUNTS)
def test_no_statement_takes_an_account_from_its_movements(attack, entry):
    if ONLY_ON.get(attack, connection.vendor) != connection.vendor:
        pytest.skip(f"no such statement on {connection.vendor}")
    connection.check_constraints()

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ATTACKS_ON_ACCOUNTS[attack])


def test_no_movement_names_an_account_that_is_not_there(entry):
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerEntry.objects.create(
            kind="sold", key="x", debit_account=entry.credit_account, credit_account_id=10**6, currency="USD", amount=1
        )


def test_replacing_by_key_is_refused_too(entry):
    if connection.vendor != "sqlite":
        pytest.skip("no such statement on PostgreSQL")

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT OR REPLACE INTO billing_ledgerentry"
            " (key, kind, debit_account_id, credit_account_id, currency, amount, at)"
            " SELECT key, kind, debit_account_id, credit_account_id, currency, 1, at"
            " FROM billing_ledgerentry"
        )

    assert LedgerEntry.objects.get().amount == 5000


def test_the_orm_rewrites_nothing_either(entry):
    entry.amount = 1

    for attack in (
        entry.save,
        entry.delete,
        lambda: LedgerEntry.objects.bulk_update([entry], ["amount"]),
        lambda: LedgerEntry.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attack()

    assert LedgerEntry.objects.get().amount == 5000


def test_another_persons_wallet_stays_as_it_was(subscriber, stranger, entry):
    fund(stranger, Money(700, "USD"))

    assert ledger.wallet_balance(subscriber, "USD") == Money(5000, "USD")
    assert make.make_user() not in {subscriber, stranger}
