"""Networks for tests: one that has something to report, one that slows down."""

from dataclasses import replace

from esim.carriers.base import ProfileStatus
from esim.models import DownloadState
from tests.fakes.carrier import FakeCarrier


class ReportingCarrier(FakeCarrier):
    """Reports `reports` and `state`, and remembers in `polled` about which profiles it was asked."""

    def __init__(self, *, reports=(), state=DownloadState.ENABLED):
        super().__init__()
        self.reports = list(reports)
        self.state = state
        self.polled = []

    def profile_status(self, *, iccid, now):
        return ProfileStatus(download_state=self.state, changed_at=now)

    def usage_since(self, *, iccid, since, until):
        self.polled.append(iccid)
        return [report for report in self.reports if since < report.at <= until]


class ThrottlingCarrier(FakeCarrier):
    """Remembers the `speeds` it was asked for and under which `keys`; raises what comes next in `errors`, if anything."""

    def __init__(self, *, throttling=True, errors=()):
        super().__init__()
        self.capabilities = replace(self.capabilities, throttling=throttling)
        self.speeds = []
        self.keys = []
        self._errors = list(errors)

    def throttle(self, *, key, iccid, kbps):
        self._decide("throttle")
        self.speeds.append(kbps)
        self.keys.append(key)
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
