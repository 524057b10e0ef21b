"""What must be true of lines that are suspended; see `billing/invariants.py`."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from esim.models import Allowance, Line, ServiceState, SuspendedFor

CHANGE_DEADLINE = timedelta(days=1)


def paid_time_is_honoured(now: datetime) -> list[str]:
    paid = Allowance.objects.running(now).filter(line=OuterRef("pk"), is_data_pack=False)
    unpaid = Line.objects.filter(service_state=ServiceState.SUSPENDED, suspended_for=SuspendedFor.UNPAID)
    return [
        f"line {line.public_id} is suspended as unpaid, with paid time running" for line in unpaid.filter(Exists(paid))
    ]


def no_change_of_service_is_stuck(now: datetime) -> list[str]:
    stuck = Line.objects.exclude(service_change="").filter(service_change_at__lt=now - CHANGE_DEADLINE)
    return [
        f"line {line.public_id} has been {line.service_change} since {line.service_change_at:%Y-%m-%d %H:%M}"
        for line in stuck
    ]
