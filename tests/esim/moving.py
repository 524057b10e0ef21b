"""A line that moves to another device, and a network on which somebody installs the new profile."""

from datetime import timedelta

from esim import replacing
from esim.carriers.base import ProfileStatus
from esim.models import DownloadState, Replacement
from tests import make
from tests.fakes.carrier import FakeCarrier

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
OLD = "8985200000099000001"


class PhoneCarrier(FakeCarrier):
    """Tells of the profiles in `on` that they are switched on."""

    def __init__(self):
        super().__init__()
        self.on = set()

    def profile_status(self, *, iccid, now):
        state = DownloadState.ENABLED if iccid in self.on else DownloadState.RELEASED
        return ProfileStatus(download_state=state, changed_at=now)

    def switch_on(self):
        """Somebody installs every profile that was ordered."""
        self.on |= {profile.iccid for profile in self.profiles.values()}


def line_on_a_phone(owner, **fields):
    line = make.make_line(owner=owner, nickname="Work phone", **{"created_at": make.NOW - 60 * DAY, **fields})
    make.make_profile(line=line, iccid=OLD, download_state=DownloadState.ENABLED)
    make.make_allowance(line=line)
    return line


def begin(line, carrier, now, *, reason="new_phone", eid=""):
    return replacing.begin(
        line=line,
        reason=Replacement.Reason(reason),
        eid=eid,
        asked_by=line.owner,
        carrier=carrier,
        ip=None,
        now=now,
    )


def carry_on(replacement, carrier, now):
    return replacing.carry_on(replacement_id=replacement.pk, carrier=carrier, now=now)


def tick(carrier, now):
    return replacing.follow(carrier=carrier, now=now, limit=50)
