"""The demo's lines: one in order, one that needs attention, one just bought."""

import math
from datetime import datetime, timedelta

from accounts.models import User
from esim.models import Allowance, DailyUsage, DownloadState, Line, ServiceState, SimProfile
from plans.models import Plan
from portal.lib.data_size import GB


def make_lines(*, subscriber: User, stranger: User, now: datetime) -> None:
    """Give the two demo subscribers their lines, unless they have some."""
    if Line.objects.filter(owner__in=[subscriber, stranger]).exists():
        return
    berlin = _line(subscriber, "Berlin", "+4915155501420", now)
    _run(berlin, "europe-10gb-30day", used=0.38, began=now - timedelta(days=12), now=now)
    work = _line(subscriber, "Work phone", "+14155550143", now)
    _run(work, "north-america-10gb-30day", used=0.91, began=now - timedelta(days=27, hours=3), now=now)
    tokyo = _line(subscriber, "Tokyo in spring", "+819015550144", now, state=DownloadState.RELEASED)
    _run(tokyo, "japan-unlimited-7day", used=0.0, began=now - timedelta(hours=1), now=now)
    other = _line(stranger, "Travel", "+34655550145", now)
    _run(other, "world-3gb-30day", used=0.5, began=now - timedelta(days=9), now=now)


def _line(owner: User, nickname: str, msisdn: str, now: datetime, *, state: str = DownloadState.ENABLED) -> Line:
    line = Line.objects.create(
        owner=owner,
        nickname=nickname,
        msisdn=msisdn,
        service_state=ServiceState.ACTIVE,
        time_zone=owner.time_zone,
        created_at=now - timedelta(days=60),
        usage_reported_at=now,
        usage_poll_due_at=now + timedelta(minutes=1),
    )
    profile = SimProfile(
        line=line,
        iccid=f"8944500000{msisdn[-8:]}0",
        smdp_address="smdp.example.com",
        download_state=state,
        created_at=now - timedelta(days=60),
    )
    profile.activation_code = f"1$smdp.example.com$DEMO-{msisdn[-8:]}"
    profile.save()
    return line


def _run(line: Line, code: str, *, used: float, began: datetime, now: datetime) -> None:
    plan = Plan.objects.get(code=code)
    Allowance.objects.create(
        line=line,
        plan=plan,
        granted_for=f"demo_{line.public_id}",
        data_bytes=plan.data_bytes,
        daily_cap_bytes=plan.daily_cap_bytes,
        throttled_kbps=plan.throttled_kbps,
        voice_minutes=plan.voice_minutes,
        sms_count=plan.sms_count,
        used_bytes=round(used * (plan.data_bytes or 0)),
        used_minutes=plan.voice_minutes // 5 if used else 0,
        starts_at=began,
        ends_at=began + timedelta(days=plan.period_count),
    )
    if used:
        today = now.astimezone(line.zone).date()
        DailyUsage.objects.bulk_create(
            DailyUsage(line=line, date=today - timedelta(days=back), data_bytes=_day(back)) for back in range(34)
        )


def _day(back: int) -> int:
    """A plausible day: more at weekends, never the same twice."""
    return round(GB * (0.28 + 0.2 * math.sin(back * 1.7) + (0.15 if back % 7 in {1, 2} else 0)))
