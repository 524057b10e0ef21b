"""Plans that wait, and invitations: staff see why each stands as it does."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin

from accounts.models import Referral
from billing.models import QueuedPlan, ReferralCredit, ReferralReward
from portal.lib.money import format_money
from portal.lib.staff import KeptAdmin, ReadOnlyAdmin, moment_column, money_column, person, state_column

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

QUEUE_COLOURS = {"waiting": "info", "started": "success"}
CREDIT_COLOURS = {"granted": "success", "refused": "warning", "reversed": "danger"}

queue_state = state_column("state", _("state"), QueuedPlan.State, QUEUE_COLOURS)
bought = moment_column("created_at", _("bought"))
joined = moment_column("joined_at", _("joined"))
decided = moment_column("decided_at", _("decided"))
credit_state = state_column("state", _("state"), ReferralCredit.State, CREDIT_COLOURS)
for_referrer = money_column("for_referrer", _("who invited gets"), ordering="referrer_amount")
for_newcomer = money_column("for_newcomer", _("who was invited gets"), ordering="newcomer_amount")


def _got(attribute: str, label: "_StrPromise") -> Any:
    """Return a column of what somebody was credited; empty where nothing was."""

    @admin.display(description=label, ordering=attribute.replace("for_", "") + "_amount")
    def column(credit: ReferralCredit) -> str:
        money = getattr(credit, attribute)
        return format_money(money, get_language() or "en") if money else ""

    column.__name__ = attribute
    return column


referrer_got = _got("for_referrer", _("who invited got"))
newcomer_got = _got("for_newcomer", _("who was invited got"))


@admin.register(QueuedPlan)
class QueuedPlanAdmin(ReadOnlyAdmin):
    list_display = ("order", "line", "position", queue_state, "by_wish", bought, decided)
    list_filter = ("state", "by_wish")
    list_select_related = ("order", "line")
    search_fields = ("public_id", "order__public_id", "line__public_id", "line__msisdn", *person("order__owner"))
    ordering = ("-id",)


@admin.register(Referral)
class ReferralAdmin(ReadOnlyAdmin):
    """Also those that nobody has decided on; mailbox and device are kept as hashes, and not shown."""

    list_display = ("public_id", "referrer", "newcomer", joined, "outcome")
    list_select_related = ("referrer", "newcomer", "credit")
    search_fields = ("public_id", *person("referrer"), *person("newcomer"))
    ordering = ("-id",)
    hidden = ("id", "mailbox", "device")

    @admin.display(description=_("outcome"))
    def outcome(self, referral: Referral) -> str:
        credit = getattr(referral, "credit", None)
        if credit is None:
            return str(_("undecided"))
        return str(credit.get_reason_display() or credit.get_state_display())


@admin.register(ReferralCredit)
class ReferralCreditAdmin(ReadOnlyAdmin):
    list_display = ("referral", "referrer", "newcomer", credit_state, "reason", "order", referrer_got, decided)
    list_filter = ("state", "reason", "currency")
    list_select_related = ("referral__referrer", "referral__newcomer", "order")
    search_fields = ("referral__public_id", *person("referral__referrer"), *person("referral__newcomer"))
    ordering = ("-id",)
    shown_as = {"referrer_amount": referrer_got, "newcomer_amount": newcomer_got}

    @admin.display(description=_("invited by"))
    def referrer(self, credit: ReferralCredit) -> str:
        return credit.referral.referrer.email

    @admin.display(description=_("newcomer"))
    def newcomer(self, credit: ReferralCredit) -> str:
        return credit.referral.newcomer.email


@admin.register(ReferralReward)
class ReferralRewardAdmin(SimpleHistoryAdmin, KeptAdmin):  # type: ignore[misc]
    list_display = ("currency", for_referrer, for_newcomer, "is_on")
    list_filter = ("is_on",)
    ordering = ("currency",)
