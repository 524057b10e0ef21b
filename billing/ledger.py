"""Moving money between the accounts of our books."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from billing.models import Charge, LedgerAccount, LedgerEntry, Order
from billing.models.ledger import LedgerEntryQuerySet
from portal.lib.money import Money

Kind = LedgerEntry.Kind


class InsufficientBalance(Exception):
    """The balance does not cover the amount; nothing was moved."""

    sentence = _("Your balance does not cover this. Nothing was taken. Add money, or pay another way.")


@dataclass(frozen=True, slots=True)
class Account:
    """What names an account: the row is made when money first touches it."""

    kind: LedgerAccount.Kind
    currency: str
    owner_id: int | None = None
    gateway: str = ""

    @property
    def condition(self) -> Q:
        return Q(kind=self.kind, currency=self.currency, owner_id=self.owner_id, gateway=self.gateway)


def wallet(user_id: int, currency: str) -> Account:
    return Account(LedgerAccount.Kind.WALLET, currency, owner_id=user_id)


def held(currency: str) -> Account:
    return Account(LedgerAccount.Kind.HELD, currency)


def gateway(name: str, currency: str) -> Account:
    return Account(LedgerAccount.Kind.GATEWAY, currency, gateway=name)


def sales(currency: str) -> Account:
    return Account(LedgerAccount.Kind.SALES, currency)


def refunding(currency: str) -> Account:
    return Account(LedgerAccount.Kind.REFUNDING, currency)


def disputed(currency: str) -> Account:
    return Account(LedgerAccount.Kind.DISPUTED, currency)


def frozen(currency: str) -> Account:
    return Account(LedgerAccount.Kind.FROZEN, currency)


def losses(currency: str) -> Account:
    return Account(LedgerAccount.Kind.LOSSES, currency)


def rewards(currency: str) -> Account:
    return Account(LedgerAccount.Kind.REWARDS, currency)


def given_up(currency: str) -> Account:
    return Account(LedgerAccount.Kind.GIVEN_UP, currency)


def unclaimed(currency: str) -> Account:
    return Account(LedgerAccount.Kind.UNCLAIMED, currency)


def by_hand(currency: str) -> Account:
    return Account(LedgerAccount.Kind.BY_HAND, currency)


def move(
    *,
    kind: LedgerEntry.Kind,
    debit: Account,
    credit: Account,
    money: Money,
    key: str,
    order: Order | None = None,
    charge: Charge | None = None,
    now: datetime,
) -> LedgerEntry:
    """Write one movement, and the balance of each wallet it touches.

    Called inside the transaction of the fact it records. Raises InsufficientBalance when the debited wallet
    holds less, and IntegrityError when the movement named by `key` was written before.
    """
    rows = _rows([debit, credit])
    for account, sign in ((debit, -1), (credit, 1)):
        if account.kind == LedgerAccount.Kind.WALLET:
            _change_balance(rows[account], sign * money.minor)
    return LedgerEntry.objects.create(
        kind=kind,
        debit_account=rows[debit],
        credit_account=rows[credit],
        currency=money.currency,
        amount=money.minor,
        key=key,
        order=order,
        charge=charge,
        at=now,
    )


def ids_of(accounts: Iterable[Account]) -> dict[Account, int]:
    """Return the ids of accounts, opened where money first touches them. One query for all."""
    return {account: row.pk for account, row in _rows(accounts).items()}


def _change_balance(row: LedgerAccount, change: int) -> None:
    # The check is part of the write: between a look and a write another purchase could take the same money.
    covered = LedgerAccount.objects.filter(pk=row.pk, balance__gte=-change)
    if covered.update(balance=F("balance") + change) == 0:
        raise InsufficientBalance


def _rows(accounts: Iterable[Account]) -> dict[Account, LedgerAccount]:
    wanted = set(accounts)
    found = _find(wanted)
    if missing := wanted - found.keys():
        # Two processes may open the same account at once: the constraint lets one row through, both then read it.
        # In one order everywhere, so that they cannot wait for each other in a circle.
        LedgerAccount.objects.bulk_create(
            [
                LedgerAccount(kind=one.kind, currency=one.currency, owner_id=one.owner_id, gateway=one.gateway)
                for one in sorted(missing, key=repr)
            ],
            ignore_conflicts=True,
        )
        found = _find(wanted)
    return found


def _find(wanted: set[Account]) -> dict[Account, LedgerAccount]:
    rows = LedgerAccount.objects.filter(reduce(or_, (account.condition for account in wanted)))
    return {Account(LedgerAccount.Kind(row.kind), row.currency, row.owner_id, row.gateway): row for row in rows}


def locked_balance(*, user_id: int, currency: str) -> Money:
    """Return the balance and keep others from moving it until the transaction ends."""
    rows = LedgerAccount.objects.select_for_update().filter(wallet(user_id, currency).condition)
    return next((row.money for row in rows), Money.zero(currency))


def wallet_balance(user: User, currency: str) -> Money:
    """Return what the subscriber has with us in this currency."""
    row = LedgerAccount.objects.filter(wallet(user.pk, currency).condition).first()
    return row.money if row else Money.zero(currency)


def own_first(wallets: Iterable[LedgerAccount], *, currency: str) -> list[Money]:
    """Return the balances that hold something; first that in the owner's own currency, also when it is empty."""
    balances = {wallet.currency: wallet.money for wallet in wallets}
    own = balances.pop(currency, Money.zero(currency))
    return [own, *(money for money in balances.values() if money)]


def movements_of(user: User) -> LedgerEntryQuerySet:
    """Return the movements of the subscriber's wallets, newest first, with what a page shows of them."""
    entries = LedgerEntry.objects.owned_by(user).select_related("debit_account", "credit_account", "order")
    return entries.order_by("-at", "-pk")
