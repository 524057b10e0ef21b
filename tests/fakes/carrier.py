"""A network in memory that can refuse and lose answers."""

from django.db import connection

from esim.carriers.base import (
    Capabilities,
    CarrierRefused,
    OrderedProfile,
    OutcomeUnknown,
    ProfileStatus,
)
from esim.models import DownloadState


class FakeCarrier:
    """Remembers what it granted by key: the same key again is the same grant.

    `refusing` names calls it refuses, with the reason; `losing` those whose answer gets lost after they were done.
    `used` names grants of which the network knows usage that it has not reported.
    """

    name = "simulated"
    capabilities = Capabilities(
        idempotent_ordering=True, install_events=True, usage_reports=True, suspension=True, taking_back=True
    )

    def __init__(self):
        self.grants: dict[str, dict] = {}
        self.profiles: dict[str, OrderedProfile] = {}
        self.asked: list[tuple[str, dict]] = []
        self.revoked: list[str] = []
        self.terminated: list[str] = []
        self.used: set[str] = set()
        self.refusing: dict[str, str] = {}
        self.losing: set[str] = set()
        self.before_answer = lambda _call: None
        self._transactions_around = len(connection.atomic_blocks)

    def order_profile(self, *, key):
        self._decide("order_profile")
        number = len(self.profiles) + 1
        profile = OrderedProfile(
            iccid=f"8985200000000{number:06}",
            msisdn=f"+1415556{number:04}",
            smdp_address="smdp.example.com",
            activation_code=f"1$smdp.example.com$FAKE-{number:05}",
            pin="0000",
            puk="00000000",
            reference=f"carrier-{number}",
        )
        self.profiles.setdefault(key, profile)
        self._answer("order_profile")
        return self.profiles[key]

    def grant(self, *, key, iccid, terms, starts_at, ends_at):
        self._decide("grant")
        given = {"iccid": iccid, "terms": terms, "starts_at": starts_at, "ends_at": ends_at}
        self.asked.append((key, given))
        self.grants.setdefault(key, given)
        self._answer("grant")

    def profile_status(self, *, iccid, now):
        return ProfileStatus(download_state=DownloadState.RELEASED, changed_at=None)

    def usage_since(self, *, iccid, since, until):
        return []

    def suspend(self, *, key, iccid):
        self._decide("suspend")

    def resume(self, *, key, iccid):
        self._decide("resume")

    def revoke(self, *, key, iccid, only_unused):
        self._decide("revoke")
        if only_unused and key in self.used:
            raise CarrierRefused("used")
        if key not in self.revoked:
            self.revoked.append(key)
        self._answer("revoke")

    def terminate(self, *, key, iccid):
        self._decide("terminate")
        if iccid not in self.terminated:
            self.terminated.append(iccid)
        self._answer("terminate")

    def _decide(self, call):
        assert len(connection.atomic_blocks) == self._transactions_around, f"{call} inside a transaction"
        if call in self.refusing:
            raise CarrierRefused(self.refusing[call])

    def _answer(self, call):
        self.before_answer(call)
        if call in self.losing:
            raise OutcomeUnknown(call)
