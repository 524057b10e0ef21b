from esim.models.allowances import Allowance, AllowanceQuerySet
from esim.models.lines import Line, LineQuerySet, ServiceState
from esim.models.profiles import DownloadState, SimProfile, SimProfileQuerySet
from esim.models.usage import DailyUsage, UsageRecord

__all__ = [
    "Allowance",
    "AllowanceQuerySet",
    "DailyUsage",
    "DownloadState",
    "Line",
    "LineQuerySet",
    "ServiceState",
    "SimProfile",
    "SimProfileQuerySet",
    "UsageRecord",
]
