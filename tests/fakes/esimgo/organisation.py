"""What eSIM Go keeps of one organisation: bundles it may order, orders, eSIMs and what is on them.

By docs.esim-go.com, API v2.5, as docs/esimgo.md tells; where their pages leave something open, the stricter reading.
"""

import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from esim.identifiers import with_luhn_digit


class Refused(Exception):
    """Answered with this status and message."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(slots=True)
class Assignment:
    id: str
    reference: str
    bundle: str
    initial: int
    remaining: int
    state: str = "queued"

    def as_json(self, *, at):
        return {
            "id": self.id,
            "assignmentReference": self.reference,
            "callTypeGroup": "data",
            "initialQuantity": self.initial,
            "remainingQuantity": self.remaining,
            "assignmentDateTime": rfc3339(at),
            "bundleState": self.state,
            "unlimited": False,
        }


@dataclass(slots=True)
class Esim:
    iccid: str
    matching_id: str
    pin: str
    puk: str
    assigned_at: datetime
    profile_status: str = "Released"
    state: str = "Active"
    by_policy: bool = False
    first_installed: datetime | None = None
    customer_ref: str = ""
    assignments: list = field(default_factory=list)


@dataclass(slots=True)
class Order:
    reference: str
    created_at: datetime
    bundle: str
    price: float
    iccids: list
    status: str = "completed"


class Organisation:
    """State that several connections change: whoever calls holds the server's lock."""

    SMDP = "rsp.esim-go.example"

    def __init__(self, clock):
        self.clock = clock
        self.bundles = {"esim_10GB_30D_EU_V2": 10_000_000_000, "esim_5GB_30D_EU_V2": 5_000_000_000}
        self.balance = 1000.0
        self.esims = {}
        self.orders = []
        self.deleted = set()
        self._numbers = itertools.count(1)

    def order(self, item):
        """Take the price, make or find the eSIM, and put the bundle on it."""
        bundle, iccids = item["item"], item.get("iccids") or []
        if bundle not in self.bundles:
            raise Refused(400, f"invalid bundle: {bundle}")
        for iccid in iccids:
            if self.esim(iccid).state == "Deactivated":
                raise Refused(400, "esim is deactivated")
        price = 9.99
        if self.balance < price:
            raise Refused(400, "insufficient balance")
        self.balance -= price
        targets = [self.esim(iccid) for iccid in iccids] or [self._new_esim()]
        order = Order(secrets.token_hex(16), self.clock(), bundle, price, [one.iccid for one in targets])
        self.orders.append(order)
        for number, esim in enumerate(targets):
            size = self.bundles[bundle]
            esim.assignments.append(
                Assignment(str(next(self._numbers)), f"{order.reference}-{number}", bundle, size, size)
            )
        return order

    def esim(self, iccid):
        if iccid not in self.esims:
            raise Refused(403, "esim not accessible")
        return self.esims[iccid]

    def use(self, iccid, amount):
        """Let a device use so many bytes of the bundle that is its turn."""
        for one in self.esims[iccid].assignments:
            if one.state in {"queued", "active"} and one.remaining:
                one.state = "active"
                one.remaining = max(0, one.remaining - amount)
                if not one.remaining:
                    one.state = "depleted"
                return

    def install(self, iccid):
        esim = self.esims[iccid]
        esim.profile_status = "Installed"
        esim.first_installed = esim.first_installed or self.clock()

    def delete_from_device(self, iccid):
        self.esims[iccid].profile_status = "Released"

    def set_suspended(self, iccid, wanted):
        esim = self.esim(iccid)
        if not wanted and esim.by_policy:
            raise Refused(400, "esim is suspended by policy")
        target = "Suspended" if wanted else "Active"
        if esim.state == target:
            raise Refused(400, f"esim is already {target.lower()}")
        esim.state = target

    def revoke(self, iccid, bundle, assignment_id, *, refund):
        for one in self.esim(iccid).assignments:
            if one.id == assignment_id and one.bundle == bundle and one.state != "revoked":
                if refund and (one.state != "queued" or one.remaining != one.initial):
                    raise Refused(400, "bundle has started and cannot be refunded")
                one.state = "revoked"
                self.balance += 9.99 if refund else 0
                return
        raise Refused(400, "bundle assignment not found")

    def delete(self, iccid):
        self.esim(iccid)
        del self.esims[iccid]
        self.deleted.add(iccid)

    def _new_esim(self):
        number = next(self._numbers)
        iccid = with_luhn_digit(f"894310817{number:09}")
        self.esims[iccid] = Esim(
            iccid=iccid,
            matching_id=f"JQ-{secrets.token_hex(6).upper()}-{number:05}",
            pin=f"{number:04}",
            puk=f"{number:08}",
            assigned_at=self.clock(),
        )
        return self.esims[iccid]


def rfc3339(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
