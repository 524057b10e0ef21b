"""What the portal asks of whoever runs the network and the SM-DP+: plain values in and out.

Every call has three outcomes. It returns: yes. It raises `CarrierRefused`: a final no. It raises
`OutcomeUnknown`: it may have happened; ask again later under the same key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from esim.models import DownloadState
from plans.terms import PlanTerms


class CarrierRefused(Exception):
    """A final no; `reason` is the carrier's own word for it, for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutcomeUnknown(Exception):
    """Perhaps done, perhaps not: repeat under the same key, never under a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this carrier can do; pages offer nothing that it cannot."""

    idempotent_ordering: bool
    install_events: bool
    usage_reports: bool
    suspension: bool
    taking_back: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderedProfile:
    """A profile waiting at the SM-DP+. Never printed: the activation code is a bearer secret."""

    iccid: str
    msisdn: str
    smdp_address: str
    activation_code: str
    pin: str
    puk: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileStatus:
    download_state: DownloadState
    changed_at: datetime | None
    eid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """What was used up to `at` since the report before; `record_id` is the carrier's and never repeats."""

    record_id: str
    at: datetime
    data_bytes: int = 0
    voice_seconds: int = 0
    sms_count: int = 0


class Carrier(Protocol):
    """One network. A call that changes something carries a `key`: the same key has the same result."""

    name: str
    capabilities: Capabilities

    def order_profile(self, *, key: str) -> OrderedProfile:
        """Have a profile prepared and released for download."""
        ...

    def grant(self, *, key: str, iccid: str, terms: PlanTerms, starts_at: datetime, ends_at: datetime) -> None:
        """Let the profile use what the terms say, from `starts_at` until, not including, `ends_at`."""
        ...

    def profile_status(self, *, iccid: str, now: datetime) -> ProfileStatus: ...

    def usage_since(self, *, iccid: str, since: datetime, until: datetime) -> Sequence[UsageReport]:
        """Return what was used after `since` and up to `until`, oldest first; repeats are harmless."""
        ...

    def suspend(self, *, key: str, iccid: str) -> None: ...

    def resume(self, *, key: str, iccid: str) -> None: ...

    def revoke(self, *, key: str, iccid: str, only_unused: bool) -> None:
        """Take back what was granted under `key`; where `only_unused`, refuse once any of it was used.

        The network decides, because it knows of usage before it reports it.
        """
        ...

    def terminate(self, *, key: str, iccid: str) -> None:
        """End the profile for good: it gets no service, and its activation code is no longer accepted."""
        ...
