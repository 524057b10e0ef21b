"""Profiles at an SM-DP+ and what may become of them: SGP.22 §3.1.6, with the status codes of §5.3.1 to §5.3.4."""

from dataclasses import dataclass

AVAILABLE, ALLOCATED, LINKED, CONFIRMED, RELEASED, DOWNLOADED, INSTALLED, ERROR, UNAVAILABLE = (
    "Available",
    "Allocated",
    "Linked",
    "Confirmed",
    "Released",
    "Downloaded",
    "Installed",
    "Error",
    "Unavailable",
)
ORDERED = frozenset({ALLOCATED, LINKED})
CANCELLABLE = frozenset({ALLOCATED, LINKED, CONFIRMED, RELEASED, ERROR})


class Refused(Exception):
    """Nothing was done; the codes say why."""

    def __init__(self, subject, reason, message=""):
        super().__init__(subject, reason, message)
        self.codes = (subject, reason)
        self.message = message


class NotInstalled(Exception):
    """What a device is told whose code leads nowhere."""


@dataclass
class Profile:
    iccid: str
    profile_type: str
    owner: str
    state: str = AVAILABLE
    eid: str = ""
    matching_id: str = ""
    confirmation_code: str = ""
    tries_left: int = 3


class SmDp:
    """The stock of one SM-DP+; `names_address` is what it says about itself when an order is confirmed."""

    def __init__(self):
        self.profiles = {}
        self.names_address = ""

    def stock(self, *iccids, profile_type="P_CONSUMER_DATA", owner="1.3.6.1.4.1.99999.1"):
        for iccid in iccids:
            self.profiles[iccid] = Profile(iccid, profile_type, owner)

    def taken(self):
        """Return the profiles that somebody has, in whatever state."""
        return [one for one in self.profiles.values() if one.state not in {AVAILABLE, UNAVAILABLE}]

    def download_order(self, *, caller, iccid="", eid="", profile_type=""):
        profile = self._of(iccid, caller) if iccid else self._free(profile_type, caller)
        if profile.state != AVAILABLE:
            raise Refused("8.2.1", "3.3", "Already in use")
        if profile_type and profile.profile_type != profile_type:
            raise Refused("8.2.5", "3.8", "Not of this type")
        profile.state, profile.eid = (LINKED if eid else ALLOCATED), eid
        return profile

    def confirm_order(self, *, caller, iccid, release, matching_id="", eid="", confirmation_code=""):
        profile = self._of(iccid, caller)
        if profile.state == LINKED and eid != profile.eid:
            raise Refused("8.1.1", "3.10" if eid else "2.2", "Different EID associated")
        if any(one.matching_id == matching_id != "" for one in self.profiles.values()):
            raise Refused("8.2.6", "3.3", "MatchingID already in use")
        if profile.state not in ORDERED:
            raise Refused("8.2.1", "3.3", "Not in a state to be confirmed")
        profile.eid = profile.eid or eid
        profile.matching_id = matching_id or f"MADE-HERE-{iccid[-5:]}"
        profile.confirmation_code = confirmation_code
        profile.state = RELEASED if release else CONFIRMED
        return profile

    def release_profile(self, *, caller, iccid):
        profile = self._of(iccid, caller)
        if profile.state not in {CONFIRMED, RELEASED}:
            raise Refused("8.2.1", "3.5", "Invalid transition")
        profile.state = RELEASED

    def cancel_order(self, *, caller, iccid, afterwards, matching_id="", eid=""):
        profile = self._of(iccid, caller)
        if profile.state not in CANCELLABLE:
            raise Refused("8.2.1", "3.3", "Already in use")
        if profile.eid and eid and eid != profile.eid:
            raise Refused("8.2.1", "3.10", "Different EID associated")
        if profile.matching_id != matching_id:
            raise Refused("8.2.6", "3.10", "Different MatchingID associated")
        profile.state, profile.eid, profile.matching_id, profile.confirmation_code = afterwards, "", "", ""

    def install(self, matching_id, *, eid, confirmation_code=""):
        """Do what a device does with a code: download (§3.1.3) and install; raise NotInstalled."""
        profile = next((one for one in self.profiles.values() if one.matching_id == matching_id != ""), None)
        if profile is None or profile.state not in {RELEASED, DOWNLOADED} or profile.eid not in {"", eid}:
            raise NotInstalled
        if profile.confirmation_code != confirmation_code:
            profile.tries_left -= 1
            profile.state = profile.state if profile.tries_left else ERROR
            raise NotInstalled
        profile.eid, profile.state = eid, INSTALLED
        return profile

    def _of(self, iccid, caller):
        profile = self.profiles.get(iccid)
        if profile is None or profile.state == UNAVAILABLE:
            raise Refused("8.2.1", "3.9", "Unknown ICCID")
        if profile.owner != caller:
            raise Refused("8.2.1", "1.2", "Not allowed")
        return profile

    def _free(self, profile_type, caller):
        of_type = [one for one in self.profiles.values() if one.profile_type == profile_type]
        if not of_type:
            raise Refused("8.2.5", "3.9", "Unknown profile type")
        mine = [one for one in of_type if one.owner == caller]
        if not mine:
            raise Refused("8.2.5", "1.2", "Not allowed")
        free = [one for one in mine if one.state == AVAILABLE]
        if not free:
            raise Refused("8.2.5", "3.7", "No more profiles of this type")
        return free[0]
