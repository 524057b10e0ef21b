"""What the portal asks of whoever runs the network and the SM-DP+: plain values in and out.

Every call has three outcomes. It returns: yes. It raises `CarrierRefused`: a final no. It raises
`OutcomeUnknown`: it may have happened; ask again later under the same key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Protocol, runtime_checkable

from esim.models import DownloadState
from plans.terms import PlanTerms

POLL_EVERY = timedelta(minutes=5)
POLL_INSTALLING_EVERY = timedelta(seconds=30)
"""Shorter than the tick: somebody who is installing looks at the page and waits."""


class CarrierRefused(Exception):
    """A final no; `reason` is the carrier's own word for it, for staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ProfileSpoilt(CarrierRefused):
    """A final no that lies in the profile named by the ask: the next buyer would hear the same."""


class OutcomeUnknown(Exception):
    """Perhaps done, perhaps not: repeat under the same key, never under a new one."""


class NotAsked(OutcomeUnknown):
    """The carrier could not be reached, or turned us away before it looked: nothing was done, for sure."""


class Reinstall(StrEnum):
    """What puts a line on a device again after its profile was deleted (SGP.22 §3.1.6 knows no way back)."""

    SAME_CODE = auto()
    NEW_PROFILE = auto()
    UNSUPPORTED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What this carrier can do; pages offer nothing that it cannot.

    `usage_reports`: it answers when asked; `usage_push`: it sends records by itself. `order_by_iccid`: profiles come
    from the operator's stock, those of `profile_type`. `enable_events`: it tells when a profile is switched on; SGP.22
    v2 itself only tells of the installation. `moving`: a line's number and plans can go over to another profile.
    `product_codes`: it sells by codes of its own, so a plan is sold here only once staff entered its
    `CarrierProduct`. `poll_every`: how often it lets itself be asked about a line, and `poll_installing_every` about
    one that is just being installed.
    """

    idempotent_ordering: bool
    install_events: bool
    usage_reports: bool
    suspension: bool
    taking_back: bool
    enable_events: bool = False
    usage_push: bool = False
    order_by_iccid: bool = False
    profile_type: str = ""
    confirmation_code: bool = False
    data_packs: bool = True
    throttling: bool = False
    moving: bool = False
    product_codes: bool = False
    reinstall: Reinstall = Reinstall.UNSUPPORTED
    poll_every: timedelta = POLL_EVERY
    poll_installing_every: timedelta = POLL_INSTALLING_EVERY


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProfileAsk:
    """What a profile is ordered with; the same `key` always comes with the same values.

    `iccid` names a profile of the operator's stock. `matching_id` is ours, of 80 bits at least, so that the same
    order is the same request (SGP.22 §4.1.1). `confirmation_code` goes to the subscriber by another way (§4.7).
    `is_first`: nobody asked before, so a profile that is ordered already is not ours.
    `plan_code` is `Plan.code` of what the line is bought with: a reseller sells no profile without a plan.
    """

    key: str
    plan_code: str = ""
    profile_type: str = ""
    iccid: str = ""
    eid: str = ""
    matching_id: str = ""
    confirmation_code: str = ""
    is_first: bool = False


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
    confirmation_code: str = ""
    profile_type: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What `Carrier.grant` is asked for, as a value."""

    key: str
    iccid: str
    terms: PlanTerms
    starts_at: datetime
    ends_at: datetime


class Carrier(Protocol):
    """One network. A call that changes something carries a `key`: the same key has the same result."""

    name: str
    capabilities: Capabilities
    apn: str
    """What a device is to be set to; empty where it finds out by itself."""

    def order_profile(self, ask: ProfileAsk) -> OrderedProfile:
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

    def throttle(self, *, key: str, iccid: str, kbps: int | None) -> None:
        """Slow the profile down to so many kbit/s; None: full speed again. Where `throttling`."""
        ...

    def move(self, *, key: str, from_iccid: str, to_iccid: str) -> None:
        """Let number and plans go over from one profile to another, and back again if asked. Where `moving`.

        A grant asked for again goes along under its key; the profile that was left refuses new ones.
        """
        ...

    def reinstall(self, *, key: str, iccid: str) -> OrderedProfile:
        """Make the profile ready for download once more, with whatever code it has then. Where `SAME_CODE`."""
        ...


@runtime_checkable
class GrantsMany(Protocol):
    """What a carrier may have besides; one without it is asked grant by grant, side by side."""

    def grant_many(self, grants: Sequence[Grant]) -> Sequence[Exception | None]:
        """Grant each, and return for each what `grant` would have raised, None for a yes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A device that was on a network; `network` in the words it shows."""

    at: datetime
    network: str


@runtime_checkable
class SeesDevices(Protocol):
    """What a carrier has besides where it tells when a device was on its network."""

    def last_seen(self, *, iccid: str, now: datetime) -> Sighting | None:
        """Return where the device of a profile was last; None where it has not been seen yet."""
        ...


@runtime_checkable
class AllocatesFirst(Protocol):
    """What a carrier has besides where its first step must not be repeated, and all the others may.

    The ICCID is written down before it goes on. An answer that got lost leaves the order in doubt.
    """

    def allocate(self, ask: ProfileAsk) -> str:
        """Take a profile for this ask and return its ICCID, which `order_profile` is then called with."""
        ...
