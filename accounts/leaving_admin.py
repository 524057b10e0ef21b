"""Who asked for a copy of their data, and who closes their account."""

from django.utils.translation import gettext_lazy as _

from accounts.models import AccountClosing
from portal.lib.staff import ReadOnlyAdmin, moment_column, person, state_column

ended = moment_column("ended_at", _("ended"))
closing_state = state_column(
    "state", _("state"), AccountClosing.State, {"asked": "warning", "ending": "warning", "closed": "success"}
)


class AccountClosingAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "user", closing_state, "held_by", moment_column("closes_at", _("closes")), ended)
    list_filter = ("state",)
    list_select_related = ("user",)
    search_fields = ("public_id", *person("user"))
    ordering = ("-id",)


class DataExportAdmin(ReadOnlyAdmin):
    """Who asked for a copy, and whether it was made; the copy itself is for its owner only."""

    list_display = ("public_id", "user", "document", "attempts", moment_column("asked_at", _("asked for")))
    list_select_related = ("user", "document")
    search_fields = ("public_id", *person("user"))
    ordering = ("-id",)
