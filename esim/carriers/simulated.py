"""A network that exists only here, so that the demo lives without one.

It keeps no books. What a real network would remember, it works out from the key or the ICCID, so that asking
twice gives the same answer, or reads from our own rows. It also plays the phone: the code is scanned as soon
as the portal has shown it, and installed some minutes later.
"""
# ruff: noqa: ARG002 - a carrier without books has no use for keys

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.utils.crypto import salted_hmac

from esim.activation import ActivationCode
from esim.carriers.base import (
    Capabilities,
    CarrierRefused,
    Grant,
    OrderedProfile,
    ProfileAsk,
    ProfileStatus,
    Reinstall,
    Sighting,
    UsageReport,
)
from esim.identifiers import with_eid_check_digits, with_luhn_digit
from esim.models import Allowance, DownloadState, SimProfile
from plans.terms import PlanTerms
from portal.lib.data_size import MB
from portal.lib.due_rows import among

SMDP_ADDRESS = "rsp.simulated.example"
ISSUER = "8999901"  # 999 is no country's calling code.
NETWORK = "Simulated Mobile"
USED = "used"
UNKNOWN_ICCID = "unknown_iccid"

# Long enough to look at the code, and to print it.
PROGRESS = (
    (timedelta(minutes=5), DownloadState.ENABLED),
    (timedelta(minutes=4), DownloadState.INSTALLED),
    (timedelta(minutes=3), DownloadState.DOWNLOADED),
)

REPORT_EVERY = timedelta(minutes=15)
LONGEST_REPORT = timedelta(days=31)
MB_BY_HOUR = (4, 2, 1, 1, 1, 2, 8, 20, 28, 24, 22, 26, 34, 30, 24, 22, 24, 30, 38, 46, 52, 48, 30, 12)
"""What an average person uses in each hour of the day (UTC): about half a gigabyte a day."""


class SimulatedCarrier:
    name = "simulated"
    capabilities = Capabilities(
        idempotent_ordering=True,
        install_events=True,
        enable_events=True,
        usage_reports=True,
        suspension=True,
        taking_back=True,
        throttling=True,
        moving=True,
        reinstall=Reinstall.NEW_PROFILE,
    )
    apn = "internet"

    def order_profile(self, ask: ProfileAsk) -> OrderedProfile:
        key = ask.key
        digits = _digits("profile", key)
        code = ActivationCode(smdp_address=SMDP_ADDRESS, matching_id=_matching_id(key))
        return OrderedProfile(
            iccid=with_luhn_digit(ISSUER + digits[:11]),
            # Numbers with 555 in the middle belong to nobody.
            msisdn=f"+1{int(digits[11:14]) % 800 + 200}555{digits[14:18]}",
            smdp_address=code.smdp_address,
            activation_code=str(code),
            pin=digits[18:22],
            puk=digits[22:30],
            reference=f"sim-{_digest('reference', key).hex()[:12]}",
        )

    def grant(self, *, key: str, iccid: str, terms: PlanTerms, starts_at: datetime, ends_at: datetime) -> None:
        _profile(iccid)

    def grant_many(self, grants: Sequence[Grant]) -> list[CarrierRefused | None]:
        wanted = SimProfile.objects.filter(iccid__in=among([grant.iccid for grant in grants], kind="text"))
        known = set(wanted.values_list("iccid", flat=True))
        return [None if grant.iccid in known else CarrierRefused(UNKNOWN_ICCID) for grant in grants]

    def profile_status(self, *, iccid: str, now: datetime) -> ProfileStatus:
        shown_at = _profile(iccid).code_shown_at
        if shown_at is not None:
            for delay, state in PROGRESS:
                if now >= shown_at + delay:
                    return ProfileStatus(download_state=state, changed_at=shown_at + delay, eid=_eid(iccid))
        return ProfileStatus(download_state=DownloadState.RELEASED, changed_at=None)

    def usage_since(self, *, iccid: str, since: datetime, until: datetime) -> Sequence[UsageReport]:
        profile = _profile(iccid)
        enabled_at = _enabled_at(profile)
        if enabled_at is None or not profile.is_current:
            return []
        standing = Allowance.objects.standing().filter(line=profile.line_id)
        allowances = list(standing.filter(ends_at__gt=since, starts_at__lte=until))
        left = {allowance.pk: allowance.remaining_bytes for allowance in allowances}
        return [
            _report(iccid, at)
            for at in _report_times(max(since, enabled_at, until - LONGEST_REPORT), until)
            # Prepaid: what nothing covers does not flow.
            if any(one.starts_at <= at < one.ends_at and left[one.pk] != 0 for one in allowances)
        ]

    def last_seen(self, *, iccid: str, now: datetime) -> Sighting | None:
        """A device reports every quarter of an hour from when it is switched on, with or without a plan."""
        profile = _profile(iccid)
        enabled_at = _enabled_at(profile)
        if enabled_at is None or enabled_at > now or not profile.is_current:
            return None
        times = _report_times(max(enabled_at, now - REPORT_EVERY), now)
        return Sighting(at=next(times, enabled_at), network=NETWORK)

    def suspend(self, *, key: str, iccid: str) -> None:
        _profile(iccid)

    def resume(self, *, key: str, iccid: str) -> None:
        _profile(iccid)

    def revoke(self, *, key: str, iccid: str, only_unused: bool) -> None:
        granted = Allowance.objects.filter(line=_profile(iccid).line_id, granted_for=key).first()
        if only_unused and granted is not None and not granted.is_unused:
            raise CarrierRefused(USED)

    def terminate(self, *, key: str, iccid: str) -> None:
        _profile(iccid)

    def throttle(self, *, key: str, iccid: str, kbps: int | None) -> None:
        _profile(iccid)

    def move(self, *, key: str, from_iccid: str, to_iccid: str) -> None:
        _profile(from_iccid)
        _profile(to_iccid)

    def reinstall(self, *, key: str, iccid: str) -> OrderedProfile:
        raise CarrierRefused("a_profile_once_deleted_is_gone")


def _profile(iccid: str) -> SimProfile:
    profile = SimProfile.objects.filter(iccid=iccid).first()
    if profile is None:
        raise CarrierRefused(UNKNOWN_ICCID)
    return profile


def _enabled_at(profile: SimProfile) -> datetime | None:
    if profile.code_shown_at is not None:
        return profile.code_shown_at + PROGRESS[0][0]
    return profile.created_at if profile.download_state == DownloadState.ENABLED else None


def _report_times(since: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the quarters of an hour after `since` and up to `until`."""
    step = int(REPORT_EVERY.total_seconds())
    for slot in range(int(since.timestamp()) // step + 1, int(until.timestamp()) // step + 1):
        yield datetime.fromtimestamp(slot * step, tz=UTC)


def _report(iccid: str, at: datetime) -> UsageReport:
    record_id = f"{iccid}-{at:%Y%m%dT%H%M}"
    noise = _digest("usage", record_id)
    per_report = MB_BY_HOUR[at.hour] * MB // 4
    return UsageReport(
        record_id=record_id,
        at=at,
        # Between nothing and twice the average.
        data_bytes=per_report * noise[0] // 128,
        voice_seconds=noise[1] * 2 if noise[2] < 8 else 0,  # noqa: PLR2004 - three calls a day
        sms_count=1 if noise[3] < 4 else 0,  # noqa: PLR2004 - a message every other day
    )


def _matching_id(key: str) -> str:
    """Return 100 unguessable bits in the alphabet of SGP.22 §4.1.1, in four groups of five."""
    letters = base64.b32encode(_digest("matching id", key)).decode()
    return "-".join(letters[start : start + 5] for start in range(0, 20, 5))


def _eid(iccid: str) -> str:
    return with_eid_check_digits("89999" + _digits("eid", iccid)[:25])


def _digits(purpose: str, text: str) -> str:
    return f"{int.from_bytes(_digest(purpose, text)) % 10**40:040}"


def _digest(purpose: str, text: str) -> bytes:
    return salted_hmac(f"esim.carriers.simulated {purpose}", text, algorithm="sha256").digest()
