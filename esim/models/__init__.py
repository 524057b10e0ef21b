from esim.models.allowances import Allowance, AllowanceQuerySet
from esim.models.applications import SimApplication, SimApplicationQuerySet
from esim.models.cards import BindingAttempt, SimCard, SimCardQuerySet
from esim.models.carrier_events import CarrierEvent
from esim.models.carrier_products import CarrierOrder, CarrierProduct
from esim.models.lines import Line, LineQuerySet, ServiceChange, ServiceState, SuspendedFor
from esim.models.members import LineInvitation, LineInvitationQuerySet, LineMember, LineMemberQuerySet, Role
from esim.models.moves import LineMove, LineMoveQuerySet
from esim.models.outlets import Outlet, OutletQuerySet
from esim.models.profile_orders import ProfileOrder, ProfileOrderQuerySet
from esim.models.profiles import DownloadState, SimProfile, SimProfileQuerySet
from esim.models.replacements import Replacement, ReplacementQuerySet
from esim.models.throttles import ThrottleSpell, ThrottleSpellQuerySet, UsageBudget
from esim.models.usage import DailyUsage, UsageRecord
from esim.models.usage_intake import QuarantinedUsage, UsageImport

__all__ = [
    "Allowance",
    "AllowanceQuerySet",
    "BindingAttempt",
    "CarrierEvent",
    "CarrierOrder",
    "CarrierProduct",
    "DailyUsage",
    "DownloadState",
    "Line",
    "LineInvitation",
    "LineInvitationQuerySet",
    "LineMember",
    "LineMemberQuerySet",
    "LineMove",
    "LineMoveQuerySet",
    "LineQuerySet",
    "Outlet",
    "OutletQuerySet",
    "ProfileOrder",
    "ProfileOrderQuerySet",
    "QuarantinedUsage",
    "Replacement",
    "ReplacementQuerySet",
    "Role",
    "ServiceChange",
    "ServiceState",
    "SimApplication",
    "SimApplicationQuerySet",
    "SimCard",
    "SimCardQuerySet",
    "SimProfile",
    "SimProfileQuerySet",
    "SuspendedFor",
    "ThrottleSpell",
    "ThrottleSpellQuerySet",
    "UsageBudget",
    "UsageImport",
    "UsageRecord",
]
