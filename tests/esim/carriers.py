"""A network for tests that has something to report."""

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
