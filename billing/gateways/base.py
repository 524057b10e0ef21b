"""What a payment gateway does for us: a handful of calls, plain values in and out.

Every call has three outcomes. Yes and no are values (`PaymentResult`); OutcomeUnknown is raised when the answer
got lost, and then it may have happened. Calls carry `key`, the idempotency key: the same key is the same payment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from portal.lib.money import Money


class OutcomeUnknown(Exception):
    """The gateway may or may not have done it: ask with `look_up`, never repeat under another key."""


class BadSignature(Exception):
    """This notice is not from the gateway, or not recent."""


class PaymentState(StrEnum):
    PREPARED = "prepared"  # exists, and takes no money until it is asked to
    PENDING = "pending"  # the payer is on the page, or the bank takes its time
    NEEDS_ACTION = "needs_action"  # the bank wants the payer to confirm
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    ABANDONED = "abandoned"  # closed before any money moved


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCard:
    """A card the gateway keeps for its customer; we store this much of it and never the number."""

    reference: str
    customer: str
    brand: str
    last_four: str
    expires_month: int
    expires_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A hosted page on which the payer pays; `keep_card` is what its checkbox says at first."""

    key: str
    money: Money
    description: str
    customer: str
    return_url: str
    locale: str
    keep_card: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPageRequest:
    """A hosted page that only keeps a card."""

    key: str
    customer: str
    return_url: str
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    payment_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCharge:
    """A charge of a kept card; `payment_id` is what `prepare` answered."""

    key: str
    money: Money
    description: str
    customer: str
    card_reference: str
    payment_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResult:
    """Where a payment stands; `card` only when the payer chose to keep it."""

    state: PaymentState
    payment_id: str
    money: Money
    decline_code: str = ""
    card: KeptCard | None = None
    next_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayNotice:
    """A verified notice: what it is about, not what to believe; the payment is looked up before we act."""

    event_id: str
    kind: str
    payment_id: str
    payload: dict[str, Any]


class PaymentGateway(Protocol):
    @property
    def name(self) -> str:
        """Name this gateway in our rows."""

    def open_page(self, request: PageRequest) -> Page:
        """Open a hosted page, or return the one this key has opened."""

    def prepare(self, charge: SavedCharge) -> str:
        """Create the payment of a kept card without taking money, and return its id.

        Its own step, so that the id is committed before money can move: a payment of known id is charged at most
        once, however long ago the key was forgotten.
        """

    def charge_saved(self, charge: SavedCharge) -> PaymentResult:
        """Take the money of a prepared payment from the kept card, without the payer."""

    def look_up(self, *, payment_id: str, key: str) -> PaymentResult | None:
        """Tell where a payment stands, by its id or, without one, by the key; None when it never got there."""

    def close_page(self, payment_id: str) -> PaymentResult:
        """Let nobody pay this any more, unless already paid; tell where it stands then."""

    def save_card_page(self, request: CardPageRequest) -> Page:
        """Open a hosted page that keeps a card and takes no money."""

    def look_up_card(self, page_id: str) -> KeptCard | None:
        """Return the card kept on such a page, if the payer went through with it."""

    def forget_card(self, reference: str) -> None:
        """Let the gateway forget a kept card; forgetting it twice is no error."""

    def read_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayNotice:
        """Verify and read a notice; raise BadSignature."""
