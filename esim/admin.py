"""Where staff see lines, their SIM profiles and what was granted and used; the portal alone changes them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.looked_at import RecordsLooks
from esim import sharing_admin, usage_admin
from esim.application_admin import SimApplicationAdmin
from esim.card_admin import BindingAttemptAdmin, SimCardAdmin
from esim.models import (
    Allowance,
    BindingAttempt,
    CarrierEvent,
    CarrierOrder,
    CarrierProduct,
    DailyUsage,
    DownloadState,
    Line,
    LineInvitation,
    LineMember,
    LineMove,
    Outlet,
    ProfileOrder,
    QuarantinedUsage,
    Replacement,
    ServiceState,
    SimApplication,
    SimCard,
    SimProfile,
    ThrottleSpell,
    UsageImport,
    UsageRecord,
)
from esim.outlet_admin import OutletAdmin
from esim.product_admin import CarrierOrderAdmin, CarrierProductAdmin
from esim.profile_order_admin import CarrierEventAdmin, ProfileOrderAdmin, problem
from esim.replacement_admin import ReplacementAdmin
from esim.service_dialogs import ChangesService
from portal.lib.staff import ReadOnlyAdmin, ReadOnlyInline, data_column, moment_column, person, state_column

SERVICE_COLOURS = {"active": "success", "pending": "info", "suspended": "warning", "terminated": "danger"}
DOWNLOAD_COLOURS = {"released": "info", "installed": "success", "enabled": "success", "error": "danger"}

service_state = state_column("service_state", _("service"), ServiceState, SERVICE_COLOURS)
download_state = state_column("download_state", _("download"), DownloadState, DOWNLOAD_COLOURS)
data_used = data_column("used_bytes", _("data used"))
data_granted = data_column("data_bytes", _("data"), empty=_("unlimited"))
daily_cap = data_column("daily_cap_bytes", _("full speed a day"))
data_reported = data_column("data_bytes", _("data"))

admin.site.register(CarrierProduct, CarrierProductAdmin)
admin.site.register(CarrierOrder, CarrierOrderAdmin)
admin.site.register(Outlet, OutletAdmin)
admin.site.register(SimApplication, SimApplicationAdmin)
admin.site.register(SimCard, SimCardAdmin)
admin.site.register(BindingAttempt, BindingAttemptAdmin)
admin.site.register(ProfileOrder, ProfileOrderAdmin)
admin.site.register(CarrierEvent, CarrierEventAdmin)
admin.site.register(Replacement, ReplacementAdmin)
admin.site.register(LineMember, sharing_admin.LineMemberAdmin)
admin.site.register(LineInvitation, sharing_admin.LineInvitationAdmin)
admin.site.register(LineMove, sharing_admin.LineMoveAdmin)

created = moment_column("created_at", _("created"))
usage_as_of = moment_column("usage_reported_at", _("usage as of"))
starts = moment_column("starts_at", _("starts"))
ends = moment_column("ends_at", _("ends"))
at = moment_column("at", _("at"))
received = moment_column("received_at", _("received"))


class ProfileInline(ReadOnlyInline):
    model = SimProfile
    fields = ("iccid", "eid", "download_state", "is_current", "created_at")
    verbose_name_plural = _("SIM profiles")


class AllowanceInline(ReadOnlyInline):
    model = Allowance
    fields = (data_granted, data_used, "starts_at", "ends_at", "taken_back_at", "granted_for")
    ordering = ("-ends_at",)
    verbose_name_plural = _("Allowances")


@admin.register(Line)
class LineAdmin(RecordsLooks, ChangesService, ReadOnlyAdmin):
    list_display = ("__str__", "msisdn", "owner", "form", service_state, "carrier", usage_as_of, created)
    list_filter = ("service_state", "form", "carrier", "created_at")
    list_select_related = ("owner",)
    search_fields = ("msisdn", "nickname", "public_id", *person("owner"), "profiles__iccid")
    ordering = ("-id",)
    inlines = (ProfileInline, AllowanceInline)
    actions_detail = ("suspend", "resume")


@admin.register(SimProfile)
class SimProfileAdmin(ReadOnlyAdmin):
    """The activation code is the line itself to whoever reads it: staff never see it."""

    list_display = ("iccid", "line", download_state, "is_current", "smdp_address", created)
    list_filter = ("download_state", "is_current")
    list_select_related = ("line",)
    search_fields = ("iccid", "eid", "public_id", "line__msisdn", *person("line__owner"))
    ordering = ("-id",)
    shown_as = {"problem": problem}


@admin.register(Allowance)
class AllowanceAdmin(ReadOnlyAdmin):
    list_display = ("line", "sold", "is_data_pack", data_granted, data_used, starts, ends, "granted_for")
    list_filter = ("is_data_pack", "ends_at", "sold__region")
    list_select_related = ("line", "sold")
    search_fields = ("granted_for", "public_id", "line__msisdn", "line__public_id", *person("line__owner"))
    ordering = ("-id",)
    shown_as = {"data_bytes": data_granted, "used_bytes": data_used, "daily_cap_bytes": daily_cap}


@admin.register(UsageRecord)
class UsageRecordAdmin(ReadOnlyAdmin):
    list_display = (at, "line", data_reported, "voice_seconds", "sms_count", "source", "record_id", received)
    list_filter = ("source", "at")
    list_select_related = ("line",)
    search_fields = ("record_id", "line__msisdn", "line__public_id")
    ordering = ("-id",)
    shown_as = {"data_bytes": data_reported}


@admin.register(DailyUsage)
class DailyUsageAdmin(ReadOnlyAdmin):
    list_display = ("date", "line", data_reported, "voice_seconds", "sms_count")
    list_filter = ("date",)
    list_select_related = ("line",)
    search_fields = ("line__msisdn", "line__public_id")
    ordering = ("-date", "-id")
    shown_as = {"data_bytes": data_reported}


admin.site.register(QuarantinedUsage, usage_admin.QuarantinedUsageAdmin)
admin.site.register(UsageImport, usage_admin.UsageImportAdmin)
admin.site.register(ThrottleSpell, usage_admin.ThrottleSpellAdmin)
