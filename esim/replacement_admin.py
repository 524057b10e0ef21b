"""Where staff see which lines move to another device, and how far each is."""

from django.utils.translation import gettext_lazy as _

from esim.models import Replacement
from portal.lib.staff import ReadOnlyAdmin, moment_column, person, state_column

COLOURS = {"done": "success", "failed": "danger", "undone": "warning", "to_install": "info", "online": "success"}

state = state_column("state", _("state"), Replacement.State, COLOURS)
created = moment_column("created_at", _("created"))
moved = moment_column("moved_at", _("state changed"))


class ReplacementAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "line", "reason", state, "problem", created, moved)
    list_filter = ("state", "reason", "created_at")
    list_select_related = ("line",)
    search_fields = ("public_id", "line__msisdn", "line__public_id", *person("line__owner"), "old_profile__iccid")
    ordering = ("-id",)
