"""Our books: accounts and the movements between them."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models.charges import Charge
from billing.models.orders import Order
from portal.lib.money import Money

if TYPE_CHECKING:
    from accounts.models import User
    from portal.lib.kept_sql import Slot


class LedgerAccountQuerySet(models.QuerySet["LedgerAccount"]):
    def owned_by(self, user: "User | Slot") -> "LedgerAccountQuerySet":
        return self.filter(kind=LedgerAccount.Kind.WALLET, owner=user)


class LedgerAccount(models.Model):
    """One account of our books in one currency.

    WALLET is a subscriber's balance; HELD is money taken for orders not yet fulfilled or expired;
    GATEWAY is what a payment gateway owes us; SALES is what we earned; REFUNDING is money on its way back to payers.
    DISPUTED is money that banks withdrew and may return; FROZEN is balance held until they decide; LOSSES is what
    disputes cost; REWARDS is what we gave for bringing others along;
    GIVEN_UP is what people left behind who closed their accounts; of what came to them later and no card took back,
    UNCLAIMED is what staff wrote off, and BY_HAND what they paid out themselves, also to people who stay.
    `balance` (credits less debits) is kept for wallets only, moved by a conditional UPDATE in the transaction
    that writes the entry: on the shared accounts it would make every sale wait for every other.
    """

    class Kind(models.TextChoices):
        WALLET = "wallet", _("balance of a subscriber")
        HELD = "held", _("held for orders")
        GATEWAY = "gateway", _("owed by a gateway")
        SALES = "sales", _("sales")
        REFUNDING = "refunding", _("on its way back to payers")
        DISPUTED = "disputed", _("withdrawn by banks")
        FROZEN = "frozen", _("frozen balances")
        LOSSES = "losses", _("losses")
        REWARDS = "rewards", _("rewards")
        GIVEN_UP = "given_up", _("balances given up")
        UNCLAIMED = "unclaimed", _("balances nobody claimed")
        BY_HAND = "by_hand", _("paid out by hand")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="wallets",
        verbose_name=_("owner"),
    )
    gateway = models.CharField(_("gateway"), max_length=20, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    balance = models.BigIntegerField(_("balance"), default=0)

    objects = LedgerAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")
        constraints = [
            # Two constraints, because SQLite and PostgreSQL before 15 take every empty owner for a different one.
            models.UniqueConstraint(
                fields=["owner", "currency"], condition=Q(kind="wallet"), name="ledger_one_wallet_a_currency"
            ),
            models.UniqueConstraint(
                fields=["kind", "gateway", "currency"], condition=~Q(kind="wallet"), name="ledger_shared_account_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="wallet", owner__isnull=False) | (~Q(kind="wallet") & Q(owner__isnull=True)),
                name="ledger_wallet_has_owner",
            ),
            models.CheckConstraint(condition=Q(balance__gte=0), name="ledger_balance_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.owner_id or self.gateway} {self.currency}"

    @property
    def money(self) -> Money:
        return Money(self.balance, self.currency)


MAY_TOUCH_WALLETS = ~Q(kind__in=["received", "sold"])
"""What a card pays for goes from account to account of our own: that is nearly all there is, and of no wallet."""


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    def owned_by(self, user: "User") -> "LedgerEntryQuerySet":
        """Movements of this person's wallets."""
        # Their ids are asked for first: for either side of a movement the other table knows no index serves both.
        wallets = list(LedgerAccount.objects.owned_by(user).values_list("pk", flat=True))
        return self.filter(MAY_TOUCH_WALLETS, Q(debit_account__in=wallets) | Q(credit_account__in=wallets))

    def kept_as_balance(self, charge: "Charge | OuterRef") -> "LedgerEntryQuerySet":
        """The movement by which money of this charge, which paid for nothing, became balance."""
        return self.filter(charge=charge, kind=LedgerEntry.Kind.RETURNED)


class LedgerEntry(models.Model):
    """One movement of `amount` from the debited to the credited account: balanced by construction.

    Append-only, enforced by database triggers; a correction is a new entry. `key` names the business fact
    ("charge:chg_…:received"), so writing it twice is refused by the database.
    """

    class Kind(models.TextChoices):
        RECEIVED = "received", _("payment received")
        RESERVED = "reserved", _("balance reserved")
        RELEASED = "released", _("reservation released")
        SOLD = "sold", _("sold")
        CREDITED = "credited", _("balance topped up")
        RETURNED = "returned", _("money returned")
        OPENING = "opening", _("opening balance")
        REFUNDING = "refunding", _("refund begun")
        REFUNDED = "refunded", _("refunded")
        UNREFUNDED = "unrefunded", _("refund came back")
        WITHDRAWN = "withdrawn", _("withdrawn by the bank")
        REINSTATED = "reinstated", _("given back by the bank")
        FROZEN = "frozen", _("balance frozen")
        UNFROZEN = "unfrozen", _("balance free again")
        LOST = "lost", _("lost in a dispute")
        RECOVERED = "recovered", _("arrears paid")
        REWARDED = "rewarded", _("reward for a referral")
        UNREWARDED = "unrewarded", _("reward taken back")
        GIVEN_UP = "given_up", _("balance given up")
        UNCLAIMED = "unclaimed", _("balance written off")
        PAID_OUT = "paid_out", _("balance paid out by hand")
        PUT_BACK = "put_back", _("payout came back")

    key = models.CharField(_("key"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    # Indexes below begin with the accounts, and triggers hold both ends of what their foreign keys would: to check
    # those, every sale would lock the same few rows.
    debit_account = models.ForeignKey(
        LedgerAccount,
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="debits",
        verbose_name=_("debited"),
    )
    credit_account = models.ForeignKey(
        LedgerAccount,
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="credits",
        verbose_name=_("credited"),
    )
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.BigIntegerField(_("amount"))
    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, null=True, blank=True, related_name="entries", verbose_name=_("order")
    )
    charge = models.ForeignKey(
        Charge,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="entries",
        verbose_name=_("charge"),
    )
    at = models.DateTimeField(_("at"), default=timezone.now, editable=False)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_amount_positive"),
            models.CheckConstraint(condition=~Q(debit_account=F("credit_account")), name="ledger_between_two_accounts"),
        ]
        indexes = [
            models.Index(fields=["debit_account", "-at"], condition=MAY_TOUCH_WALLETS, name="ledger_by_debit"),
            models.Index(fields=["credit_account", "-at"], condition=MAY_TOUCH_WALLETS, name="ledger_by_credit"),
            models.Index(fields=["charge"], condition=Q(kind="returned"), name="ledger_of_kept_charge"),
            BrinIndex(fields=["at"], name="ledger_by_time"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)
