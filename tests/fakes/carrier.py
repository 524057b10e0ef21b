"""A network in memory that can refuse and lose answers."""

from django.db import connection

from esim.carriers.base import (
    Capabilities,
    CarrierRefused,
    OrderedProfile,
    OutcomeUnknown,
    ProfileStatus,
    Reinstall,
)
from esim.models import DownloadState


class FakeCarrier:
    """Remembers what it granted by key: the same key again is the same grant.

    `refusing` names calls it refuses, with the reason; `losing` those whose answer gets lost after they were done.
    `suspended` holds the profiles out of service, `changes` what was done under which key.
    `used` names grants of which the network knows usage that it has not reported.
    """

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
    apn = "fake"

    def __init__(self):
        self.grants: dict[str, dict] = {}
        self.profiles: dict[str, OrderedProfile] = {}
        self.asked: list[tuple[str, dict]] = []
        self.revoked: list[str] = []
        self.terminated: list[str] = []
        self.speeds: dict[str, int | None] = {}
        self.moved: list[tuple[str, str]] = []
        self.suspended: set[str] = set()
        self.changes: dict[str, str] = {}
        self.used: set[str] = set()
        self.refusing: dict[str, str] = {}
        self.losing: set[str] = set()
        self.before_answer = lambda _call: None
        self._transactions_around = len(connection.atomic_blocks)

    def order_profile(self, ask):
        self._decide("order_profile")
        key = ask.key
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

    def grant_many(self, grants):
        return [self._outcome(grant) for grant in grants]

    def _outcome(self, one):
        try:
            self.grant(key=one.key, iccid=one.iccid, terms=one.terms, starts_at=one.starts_at, ends_at=one.ends_at)
        except (CarrierRefused, OutcomeUnknown) as error:
            return error
        return None

    def profile_status(self, *, iccid, now):
        return ProfileStatus(download_state=DownloadState.RELEASED, changed_at=None)

    def usage_since(self, *, iccid, since, until):
        return []

    def suspend(self, *, key, iccid):
        self._decide("suspend")
        self._change_service("suspend", key=key, iccid=iccid)

    def resume(self, *, key, iccid):
        self._decide("resume")
        self._change_service("resume", key=key, iccid=iccid)

    def _change_service(self, call, *, key, iccid):
        """Do it once for each key: the same key again is the same result, whatever was asked in between."""
        if key not in self.changes:
            (self.suspended.add if call == "suspend" else self.suspended.discard)(iccid)
        self.changes.setdefault(key, call)
        self._answer(call)

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

    def throttle(self, *, key, iccid, kbps):
        self._decide("throttle")
        if key not in self.changes:
            self.speeds[iccid] = kbps
        self.changes.setdefault(key, "throttle")
        self._answer("throttle")

    def move(self, *, key, from_iccid, to_iccid):
        self._decide("move")
        if key not in self.changes:
            self.moved.append((from_iccid, to_iccid))
        self.changes.setdefault(key, "move")
        self._answer("move")

    def reinstall(self, *, key, iccid):
        self._decide("reinstall")
        again = next(profile for profile in self.profiles.values() if profile.iccid == iccid)
        self._answer("reinstall")
        return again

    def _decide(self, call):
        assert len(connection.atomic_blocks) == self._transactions_around, f"{call} inside a transaction"
        if call in self.refusing:
            raise CarrierRefused(self.refusing[call])

    def _answer(self, call):
        self.before_answer(call)
        if call in self.losing:
            raise OutcomeUnknown(call)
