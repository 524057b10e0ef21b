"""Columns that several of the pages show."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from billing.reason_words import reason_words
from portal.lib.staff import moment_column, money_column

if TYPE_CHECKING:
    from billing.models import Leftover, Payout, Subscription, TopUpRule

amount = money_column("money", _("amount"), ordering="amount")
created = moment_column("created_at", _("created"))
settled = moment_column("settled_at", _("settled"))
decided = moment_column("decided_at", _("decided"))


@display(description=_("why"), ordering="reason")  # type: ignore[untyped-decorator]
def why(row: "Subscription | TopUpRule") -> str:
    return reason_words(row.reason)


@display(description=_("owner"), ordering="account__owner")  # type: ignore[untyped-decorator]
def owner_of_account(row: "Leftover | Payout") -> str:
    return str(row.account.owner)
