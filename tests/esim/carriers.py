"""A network for tests: it does as it is told, and remembers what it was asked."""

from esim.carriers.base import Capabilities, OrderedProfile, ProfileStatus
from esim.models import DownloadState


class FakeCarrier:
    name = "fake"
    capabilities = Capabilities(idempotent_ordering=True, install_events=True, usage_reports=True, suspension=True)

    def __init__(self, *, reports=(), state=DownloadState.ENABLED, error=None):
        self.reports = list(reports)
        self.state = state
        self.error = error
        self.profiles = {}
        self.granted = {}
        self.asked = []

    def order_profile(self, *, key):
        if self.error:
            raise self.error
        number = len(self.profiles)
        return self.profiles.setdefault(
            key,
            OrderedProfile(
                iccid=f"894400000000000{number:04}",
                msisdn=f"+1415555{9000 + number}",
                smdp_address="smdp.fake.example",
                activation_code=f"1$smdp.fake.example$FAKE-{number:04}",
                pin="1234",
                puk="12345678",
                reference=f"fake-{number}",
            ),
        )

    def grant(self, *, key, iccid, terms, starts_at, ends_at):
        if self.error:
            raise self.error
        self.granted.setdefault(key, (iccid, terms.code, starts_at, ends_at))

    def profile_status(self, *, iccid, now):
        return ProfileStatus(download_state=self.state, changed_at=now)

    def usage_since(self, *, iccid, since, until):
        self.asked.append(iccid)
        if self.error:
            raise self.error
        return [report for report in self.reports if since < report.at <= until]

    def suspend(self, *, key, iccid):
        pass

    def resume(self, *, key, iccid):
        pass
