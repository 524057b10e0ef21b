"""What a payment gateway does for us: a handful of calls, plain values in and out.

Every call has three outcomes. Yes and no are values (`PaymentResult`); OutcomeUnknown is raised when the answer
got lost, and then it may have happened. GatewayRefused is raised where a request was turned down before any bank
was asked: wrong for the gateway, whoever pays. Calls carry `key`, the idempotency key: the same key is the same
payment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from portal.lib.money import Money


class OutcomeUnknown(Exception):
    """The gateway may or may not have done it: ask with `look_up`, never repeat under another key."""


class GatewayRefused(Exception):
    """The gateway will not do what was asked, finally, and nothing happened; the text is for the log and for staff."""


class BadSignature(Exception):
    """This notice is not from the gateway, or not recent."""


class PaymentState(StrEnum):
    PREPARED = "prepared"  # exists, and takes no money until it is asked to
    PENDING = "pending"  # the payer is on the page, or the bank takes its time
    NEEDS_ACTION = "needs_action"  # the bank wants the payer to confirm
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    ABANDONED = "abandoned"  # closed before any money moved


class Subject(StrEnum):
    """What a notice is about; it decides what is looked up."""

    PAYMENT = "payment"
    CARD = "card"
    REFUND = "refund"
    DISPUTE = "dispute"
    OTHER = "other"


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
    """A hosted page on which the payer pays; `keep_card` is what its checkbox says at first.

    `customer` is empty where who pays has no account here: then nothing of anybody's is shown there, and no card kept.
    Everything in it is the same when the request is repeated under its key: gateways refuse a key with other wishes.
    """

    key: str
    money: Money
    description: str
    customer: str
    return_url: str
    locale: str
    expires_at: datetime
    keep_card: bool = False
    customer_email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPageRequest:
    """A hosted page that only keeps a card."""

    key: str
    customer: str
    return_url: str
    locale: str
    customer_email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    payment_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCharge:
    """A charge of a kept card; `payment_id` is what `prepare` answered.

    `off_session`: nobody is there to confirm with the bank. `recurring`: a renewal the payer agreed to beforehand.
    `customer_reference` is what the gateway calls the customer, where that was looked up before: then neither call
    needs the database.
    """

    key: str
    money: Money
    description: str
    customer: str
    card_reference: str
    payment_id: str = ""
    off_session: bool = True
    recurring: bool = False
    customer_reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResult:
    """Where a payment stands; `card` only when the payer chose to keep it.

    `transaction_id` names the money itself, where the page that took it has another id: refunds and disputes hang on
    it. `paid_with` is the kind of means ("card", "alipay", "wechat_pay", "paypal"), empty while the payer is still on
    the page. `customer` is whose payment the gateway says it is, empty where it doesn't say. `problem` is why it must
    not be settled, for staff.
    `fingerprint` is the same for one card whoever pays with it, empty where the gateway doesn't say.
    `advice` and `network_code` stand beside a decline code where the card network gave them: a bank's plain no may
    come with "do_not_try_again".
    """

    state: PaymentState
    payment_id: str
    money: Money
    decline_code: str = ""
    card: KeptCard | None = None
    next_url: str = ""
    transaction_id: str = ""
    paid_with: str = ""
    customer: str = ""
    problem: str = ""
    advice: str = ""
    network_code: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayNotice:
    """A verified notice: what it is about, not what to believe; its subject is looked up before we act.

    `payment_id` is the subject's id at the gateway, whatever the subject is. `payload["key"]` is our key, where the
    gateway gives it back.
    """

    event_id: str
    kind: str
    about: Subject
    payment_id: str
    payload: dict[str, Any]


class RefundState(StrEnum):
    PENDING = "pending"  # accepted, and on its way
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the money came back to us


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Money to give back out of one payment that was taken; `key` is ours and stored before the call."""

    key: str
    transaction_id: str
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundResult:
    """Where a refund stands; `reason` is the gateway's word for a failure."""

    state: RefundState
    refund_id: str
    transaction_id: str
    money: Money
    key: str = ""
    reason: str = ""


class DisputeState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeReport:
    """A payer told the bank that a payment was wrong; `withdrawn` is whether the bank holds the money now."""

    dispute_id: str
    transaction_id: str
    money: Money
    state: DisputeState
    withdrawn: bool
    reason: str = ""
    respond_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money the gateway says it moved: taken from a payer or, `is_refund`, given back. Compared with our books.

    `key` is what we named it, empty where the gateway does not know: somebody may have moved it in its dashboard.
    """

    id: str
    money: Money
    at: datetime
    key: str = ""
    is_refund: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Notices we may have missed, oldest first, and where to read on from next time."""

    notices: Iterable[GatewayNotice]
    cursor: str


class PaymentGateway(Protocol):
    @property
    def name(self) -> str:
        """Name this gateway in our rows."""

    @property
    def page_origin(self) -> str:
        """Tell on which origin its pages are, such as "https://pay.example.com"; empty for our own.

        A form of ours that leads there needs it in the page's content policy.
        """

    @property
    def in_process(self) -> bool:
        """Tell whether it answers within this process and its database, so that threads would gain nothing.

        The calls of any other one may come from several threads at once, each without a connection to the database.
        """

    def kinds_of_means(self, currency: str) -> Sequence[str]:
        """Tell what its page takes in this currency, the usual first: "card", "alipay", "wechat_pay", "paypal".

        From settings, without asking anybody: pages say it.
        """

    def smallest_charge(self, currency: str) -> Money:
        """Tell the least that it charges in this currency; known without asking anybody.

        What is less is refused. Before a payment the balance is asked for so much less (`checkout.wallet_share`).
        """

    def open_page(self, request: PageRequest) -> Page:
        """Open a hosted page, or return the one this key has opened."""

    def prepare(self, charge: SavedCharge) -> str:
        """Create the payment of a kept card without taking money, and return its id.

        Its own step, so that the id is committed before money can move: a payment of known id is charged at most
        once, however long ago the key was forgotten.
        """

    def charge_saved(self, charge: SavedCharge) -> PaymentResult:
        """Take the money of a prepared payment from the kept card, without the payer."""

    def look_up(
        self, *, payment_id: str, key: str, customer: str = "", since: datetime | None = None
    ) -> PaymentResult | None:
        """Tell where a payment stands, by its id or, without one, by the key; None when it never got there.

        `customer` and `since` (when our charge was made) narrow the search of gateways that can't find by key.
        """

    def close_page(self, payment_id: str) -> PaymentResult:
        """Let nobody pay this any more, unless already paid; tell where it stands then."""

    def save_card_page(self, request: CardPageRequest) -> Page:
        """Open a hosted page that keeps a card and takes no money."""

    def look_up_card(self, page_id: str) -> KeptCard | None:
        """Return the card kept on such a page, if the payer went through with it."""

    def kept_card(self, reference: str) -> KeptCard | None:
        """Tell what is known of a kept card now, a renewed expiry included; None when it is gone."""

    def forget_card(self, reference: str) -> None:
        """Let the gateway forget a kept card; forgetting it twice is no error."""

    def refund(self, request: RefundRequest) -> RefundResult:
        """Give money of a payment back, to where it came from; raise GatewayRefused where that cannot be.

        The same key is the same refund. One that succeeded may fail days later, when the payer's bank sends it back.
        """

    def look_up_refund(self, *, refund_id: str, key: str, transaction_id: str) -> RefundResult | None:
        """Tell where a refund stands, by its id or, without one, by our key; None when it never got there.

        `transaction_id` narrows the search of gateways that can't find by key; with an id it may be empty.
        """

    def look_up_dispute(self, dispute_id: str) -> DisputeReport | None:
        """Tell where a dispute stands."""

    def read_event(self, *, body: bytes, headers: Mapping[str, str], now: datetime) -> GatewayNotice:
        """Verify and read a notice; raise BadSignature."""

    def notices_since(self, cursor: str, *, now: datetime) -> Notices:
        """Return the notices it keeps from `cursor` on; an empty cursor is an hour ago.

        The cursor it answers lies some minutes before the newest notice it knows, so that one that appears late is
        read next time; who reads keeps each once. Where there is much, it may answer a part: who reads goes on until
        the cursor stays.
        """

    def movements(self, *, since: datetime, until: datetime) -> Iterator[Movement]:
        """Yield the money taken and given back in that time, its end excluded; a refund that failed gave nothing."""


Gateways = Mapping[str, PaymentGateway]
"""Those that are set up, by the name that rows know them by; a card is charged where it is kept."""
