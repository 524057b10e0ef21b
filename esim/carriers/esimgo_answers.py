"""What eSIM Go answers, as plain values; what cannot be read is an unknown outcome, never a guess.

Names and meanings by https://docs.esim-go.com/api/v2_5/. Their examples differ among pages in small things, so both
spellings are read: a list or an object with it, `createdDate` or `createDate`, numbers or text for an ICCID.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from esim.activation import ActivationCode, NotAnActivationCode
from esim.carriers.base import OrderedProfile, OutcomeUnknown
from esim.identifiers import NotAnIccid, normalised_iccid
from esim.models import DownloadState

FAILED = frozenset({"failed", "rejected", "cancelled"})
UNUSED = frozenset({"processing", "queued"})
GONE = frozenset({"revoked", "lapsed"})

PROFILE_STATES = {
    "released": DownloadState.RELEASED,
    "downloaded": DownloadState.DOWNLOADED,
    "installed": DownloadState.INSTALLED,
    "unavailable": DownloadState.ERROR,
    "deactivated": DownloadState.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirOrder:
    """An order as they list it: which bundle went to which eSIMs."""

    reference: str
    failed: bool
    items: tuple[tuple[str, tuple[str, ...]], ...]

    def iccids_of(self, bundle: str) -> tuple[str, ...]:
        return tuple(iccid for name, iccids in self.items if name == bundle for iccid in iccids)

    def has(self, bundle: str) -> bool:
        return any(name == bundle for name, _iccids in self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One bundle on an eSIM; quantities are bytes where `group` is data."""

    id: str
    reference: str
    bundle: str
    state: str
    group: str
    initial: int
    remaining: int

    @property
    def used(self) -> int:
        return max(0, self.initial - self.remaining)

    @property
    def is_unused(self) -> bool:
        return self.state in UNUSED and not self.used


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Esim:
    """What they know of one eSIM. Never printed: the matching id is a bearer secret."""

    iccid: str
    profile: OrderedProfile
    profile_status: str
    service_state: str
    first_installed_at: datetime | None
    customer_ref: str

    @property
    def download_state(self) -> DownloadState:
        state = PROFILE_STATES.get(self.profile_status)
        if state is None:
            raise OutcomeUnknown("unknown_profile_status")
        return state


def read_order(answer: Any) -> TheirOrder:
    """Read one order, as placing it answers and as the list has it."""
    reference = text_of(answer, "orderReference")
    if not reference:
        raise OutcomeUnknown("no_order_reference")
    items = [(text_of(item, "item"), tuple(_iccids(item))) for item in list_of(answer, "order")]
    return TheirOrder(reference=reference, failed=text_of(answer, "status").lower() in FAILED, items=tuple(items))


def read_orders(answer: Any) -> list[TheirOrder]:
    """Read the list of orders; one without a reference is none that could be ours."""
    found = answer if isinstance(answer, list) else list_of(answer, "orders")
    return [read_order(one) for one in found if text_of(one, "orderReference")]


def read_esim(answer: Any, *, reference: str = "") -> Esim:
    """Read an eSIM from its details, or from the list of what an order was assigned to."""
    one = answer[0] if isinstance(answer, list) and answer else answer
    iccid = _iccid(one.get("iccid") if isinstance(one, Mapping) else None)
    address = text_of(one, "smdpAddress").removeprefix("https://").removeprefix("http://").rstrip("/")
    code = f"1${address}${text_of(one, 'matchingId')}"
    try:
        smdp_address = ActivationCode.parse(code).smdp_address
    except NotAnActivationCode:
        raise OutcomeUnknown("no_activation_code") from None
    number = text_of(one, "msisdn").lstrip("+")
    return Esim(
        iccid=iccid,
        profile=OrderedProfile(
            iccid=iccid,
            msisdn=f"+{number}" if number.isdigit() else "",
            smdp_address=smdp_address,
            activation_code=code,
            pin=text_of(one, "pin"),
            puk=text_of(one, "puk"),
            reference=reference,
        ),
        profile_status=text_of(one, "profileStatus").lower(),
        service_state=text_of(one, "state").lower(),
        first_installed_at=moment_of(one, "firstInstalledDateTime"),
        customer_ref=text_of(one, "customerRef"),
    )


def read_assignments(answer: Any) -> list[Assignment]:
    """Read the bundles of an eSIM, each with its assignments."""
    return [
        Assignment(
            id=text_of(one, "id"),
            reference=text_of(one, "assignmentReference"),
            bundle=text_of(bundle, "name"),
            state=text_of(one, "bundleState").lower(),
            group=text_of(one, "callTypeGroup").lower(),
            initial=_quantity(one, "initialQuantity"),
            remaining=_quantity(one, "remainingQuantity"),
        )
        for bundle in list_of(answer, "bundles")
        for one in list_of(bundle, "assignments")
        if text_of(one, "id")
    ]


def text_of(source: Any, name: str) -> str:
    """Return a member as text, empty where there is none."""
    value = source.get(name) if isinstance(source, Mapping) else None
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    return str(value).replace("\0", "").strip()  # PostgreSQL takes no NUL


def list_of(source: Any, name: str) -> list[Any]:
    """Return a member that is a list; without it the answer is none that we know."""
    value = source.get(name) if isinstance(source, Mapping) else None
    if not isinstance(value, list):
        raise OutcomeUnknown(f"no_{name}")
    return value


def moment_of(source: Any, name: str) -> datetime | None:
    """Return a member as a moment: milliseconds since 1970, or RFC 3339; None for anything else."""
    text = text_of(source, name)
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text) / 1000, tz=UTC) if int(text) else None
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _iccids(item: Any) -> Iterator[str]:
    esims = item.get("esims") if isinstance(item, Mapping) else None
    plain = item.get("iccids") if isinstance(item, Mapping) else None
    named = [one.get("iccid") for one in esims if isinstance(one, Mapping)] if isinstance(esims, list) else []
    for value in named or (plain if isinstance(plain, list) else []):
        yield _iccid(value)


def _iccid(value: Any) -> str:
    try:
        return normalised_iccid(str(value))
    except NotAnIccid:
        raise OutcomeUnknown("no_iccid") from None


def _quantity(source: Any, name: str) -> int:
    value = source.get(name) if isinstance(source, Mapping) else None
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0
