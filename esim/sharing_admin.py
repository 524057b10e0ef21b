"""Where staff see who shares which line, who was invited, and which lines go to another account."""

from django.utils.translation import gettext_lazy as _

from esim.models import LineInvitation, LineMove, Role
from portal.lib.staff import ReadOnlyAdmin, moment_column, person, state_column

INVITATION_COLOURS = {"open": "info", "accepted": "success", "declined": "warning"}
MOVE_COLOURS = {"offered": "info", "agreed": "warning", "done": "success"}

role = state_column("role", _("role"), Role, {"payer": "info"})
since = moment_column("created_at", _("since"))
sent = moment_column("created_at", _("sent"))
expires = moment_column("expires_at", _("expires"))
moves = moment_column("moves_at", _("moves"))


class LineMemberAdmin(ReadOnlyAdmin):
    list_display = ("line", "user", role, since)
    list_filter = ("role", "created_at")
    list_select_related = ("line", "user")
    search_fields = ("line__public_id", "line__msisdn", *person("line__owner"), *person("user"))
    ordering = ("-id",)


class LineInvitationAdmin(ReadOnlyAdmin):
    list_display = (
        "line",
        "email",
        role,
        state_column("state", _("state"), LineInvitation.State, INVITATION_COLOURS),
        "invited_by",
        sent,
        expires,
    )
    list_filter = ("state", "role", "created_at")
    list_select_related = ("line", "invited_by")
    search_fields = ("line__public_id", "line__msisdn", *person("invited_by"), "email")
    ordering = ("-id",)


class LineMoveAdmin(ReadOnlyAdmin):
    list_display = (
        "line",
        "from_owner",
        "to_email",
        state_column("state", _("state"), LineMove.State, MOVE_COLOURS),
        moves,
        "by_claim",
        "waits_for",
    )
    list_filter = ("state", "by_claim", "created_at")
    list_select_related = ("line", "from_owner")
    search_fields = (
        "public_id",
        "line__public_id",
        "line__msisdn",
        *person("from_owner"),
        "to_email",
        *person("to_owner"),
    )
    ordering = ("-id",)
