"""Where staff see what came by file or API and could not be counted, how far files were read, and who was slowed down."""

from django.utils.translation import gettext_lazy as _

from esim.models import QuarantinedUsage
from portal.lib.staff import ReadOnlyAdmin, moment_column, state_column

reason = state_column("reason", _("reason"), QuarantinedUsage.Reason, {"conflicting": "danger"})
received = moment_column("received_at", _("received"))
began = moment_column("began_at", _("began"))
ended = moment_column("ended_at", _("ended"))
resets = moment_column("resets_at", _("resets"))
lifted = moment_column("lifted_at", _("lifted by the carrier"))


class QuarantinedUsageAdmin(ReadOnlyAdmin):
    list_display = ("source", "record_id", reason, "times", received)
    list_filter = ("reason", "source", "received_at")
    search_fields = ("record_id", "raw")
    ordering = ("-id",)
    hidden = ("id", "fingerprint")


class UsageImportAdmin(ReadOnlyAdmin):
    list_display = ("name", "source", "records_read", "counted", "repeated", "put_aside", began, ended)
    list_filter = ("source", "began_at")
    search_fields = ("name", "digest")
    ordering = ("-id",)


class ThrottleSpellAdmin(ReadOnlyAdmin):
    list_display = ("line", "date", "kbps", began, resets, lifted)
    list_filter = ("date",)
    list_select_related = ("line",)
    search_fields = ("line__msisdn", "line__public_id")
    ordering = ("-id",)
