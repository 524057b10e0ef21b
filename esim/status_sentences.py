"""What an SM-DP+'s status codes mean: a sentence for the subscriber, and one for staff.

The pairs are those of SGP.22 v2.2: DownloadOrder to ReleaseProfile (§5.3.1 to §5.3.4), the notifications on the way
to a device (§5.3.5), and the general ones (§5.2.6).
"""

import re
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

CODES = re.compile(r"(?P<subject>\d+(?:\.\d+)*)/(?P<reason>\d+(?:\.\d+)*)(?:\s.*)?")

_OURS = _("Something is wrong on our side. We have been told; nothing is lost, and you need not do anything.")
_USED_UP = _("This eSIM cannot be installed any more. Ask us for a new one.")
_OTHER_DEVICE = _("This eSIM was ordered for another device. Install it there, or ask us for a new one.")
_TRY_AGAIN = _("The eSIM could not be downloaded. Connect to Wi-Fi and try again.")
_LATER = _("The eSIM service is busy. Try again in a few minutes.")
_REFUSED = _("The installation was declined on the device. Scan the code again and allow the eSIM to be added.")
_NOT_FOR_DEVICE = _("This device cannot take the eSIM. Check that it is unlocked and that its software is up to date.")
_NO_ROOM = _("There is no room for another eSIM on the device. Delete one that you no longer use, then try again.")
_WRONG_CODE = _(
    "The confirmation code was wrong. Look it up in the message we sent you and try again with care: the tries are limited."
)
_LOAD_ERROR = _(
    "The device could not store the eSIM. Restart it and try again; if it fails again, ask us for a new one."
)
_GENERAL = _("The eSIM could not be set up. Ask us for help; we can see what went wrong.")

SENTENCES: "dict[tuple[str, str], tuple[_StrPromise, _StrPromise]]" = {
    # The order, as staff should see it: the subscriber is told no more than that it is ours to mend.
    ("8.2.1", "3.9"): (_OURS, _("The SM-DP+ does not know this ICCID. Compare the stock with its inventory.")),
    ("8.2.1", "1.2"): (_OURS, _("The SM-DP+ does not allow us this profile: it belongs to another operator there.")),
    ("8.2.1", "3.3"): (_USED_UP, _("The SM-DP+ says that this profile is in use already.")),
    ("8.2.1", "3.5"): (_USED_UP, _("The profile is in a state at the SM-DP+ that does not allow this step.")),
    ("8.2.1", "3.10"): (_OTHER_DEVICE, _("The profile is linked to another EID at the SM-DP+.")),
    ("8.2.5", "3.9"): (_OURS, _("The SM-DP+ does not know this profile type. See ES2PLUS_PROFILE_TYPE.")),
    ("8.2.5", "1.2"): (_OURS, _("The SM-DP+ does not allow us this profile type.")),
    ("8.2.5", "3.7"): (_OURS, _("The SM-DP+ has no free profile of this type left: order more.")),
    ("8.2.5", "3.8"): (_OURS, _("The SM-DP+ refuses this profile type for this ICCID or EID.")),
    ("8.2.6", "3.3"): (_OURS, _("The SM-DP+ says that the matching id is in use already.")),
    ("8.2.6", "3.8"): (_USED_UP, _("The device came with a matching id that the SM-DP+ does not accept.")),
    ("8.2.6", "3.10"): (_USED_UP, _("The matching id does not belong to this profile at the SM-DP+.")),
    ("8.9", "5.1"): (_LATER, _("The SM-DP+ cannot reach the SM-DS.")),
    ("8.9", "4.2"): (_LATER, _("The SM-DS failed to register the event.")),
    ("8.1.1", "2.2"): (_OTHER_DEVICE, _("The SM-DP+ wants an EID with this order.")),
    ("8.1.1", "3.10"): (_OTHER_DEVICE, _("Another EID is associated with this profile at the SM-DP+.")),
    ("8.1.1", "3.8"): (_OTHER_DEVICE, _("The device's EID is not the one this profile is linked to.")),
    ("8.1.1", "3.9"): (_NOT_FOR_DEVICE, _("The SM-DP+ does not know this EID.")),
    # On the way to the device.
    ("8.1", "4.8"): (_NO_ROOM, _("The eUICC has too little memory for the profile.")),
    ("8.1.1", "4.8"): (_NO_ROOM, _("The eUICC has too little memory for the profile.")),
    ("8.2.5", "4.3"): (
        _NOT_FOR_DEVICE,
        _("No profile of this type is fit for the device: the eligibility check failed."),
    ),
    ("8.8.5", "3.8"): (_REFUSED, _("The person at the device refused the download.")),
    ("8.8.5", "4.10"): (_USED_UP, _("The download order has expired at the SM-DP+.")),
    ("8.8.5", "6.4"): (_USED_UP, _("All attempts to download are used up: the order has ended at the SM-DP+.")),
    ("8.2.7", "2.2"): (_WRONG_CODE, _("The device sent no confirmation code.")),
    ("8.2.7", "3.8"): (_WRONG_CODE, _("The confirmation code was wrong.")),
    ("8.2.7", "6.4"): (
        _USED_UP,
        _("All attempts at the confirmation code are used up: the order has ended at the SM-DP+."),
    ),
    ("8.2.8", "1.2"): (_NOT_FOR_DEVICE, _("The rules of the device do not allow the profile policy rules.")),
    ("8.2.9", "3.11"): (_TRY_AGAIN, _("The metadata changed between the first step and the download.")),
    ("8.2.10", "4.2"): (_LOAD_ERROR, _("The eUICC could not install the profile package.")),
    ("8", "4.2"): (_LOAD_ERROR, _("The device reported an error without naming it.")),
    # In general.
    ("1.1", "1.1"): (_OURS, _("The SM-DP+ does not know us. See ES2PLUS_REQUESTER_ID and the client certificate.")),
    ("1.1", "1.2"): (_OURS, _("The SM-DP+ does not allow us this function.")),
    ("1.2", "4.2"): (_LATER, _("The SM-DP+ failed inside.")),
    ("1.2", "4.4"): (_LATER, _("The SM-DP+ is too busy for the moment.")),
    ("1.2.1", "3.8"): (_OURS, _("The SM-DP+ does not accept the validity period.")),
    ("1.6", "2.1"): (_OURS, _("The SM-DP+ finds a value invalid; its message names which.")),
    ("1.6", "2.2"): (_OURS, _("The SM-DP+ misses a mandatory value; its message names which.")),
    ("1.6", "2.3"): (_OURS, _("The SM-DP+ misses a value that this case needs; its message names which.")),
    ("1.6", "5.3"): (_LATER, _("The request expired at the SM-DP+ before it was carried out.")),
    ("1.6", "5.4"): (_LATER, _("The SM-DP+ passed the request on and got no response.")),
}


def sentence(subject_code: str, reason_code: str) -> str:
    """Return what the subscriber should know and do; a general sentence for a pair that nobody foresaw."""
    known = SENTENCES.get((subject_code, reason_code))
    return str(known[0] if known else _GENERAL)


def staff_sentence(subject_code: str, reason_code: str) -> str:
    """Return what staff should know, with the codes to look up."""
    known = SENTENCES.get((subject_code, reason_code))
    codes = f"{subject_code}/{reason_code}"
    if known is None:
        told = _("The SM-DP+ answered %(codes)s, which the portal does not know. Ask its operator.") % {"codes": codes}
        return str(told)
    return f"{known[1]} ({codes})"


def explained(reason: str) -> str:
    """Return what a carrier's word for a refusal means, for staff; words without codes stay as they are."""
    found = CODES.fullmatch(reason)
    return staff_sentence(found["subject"], found["reason"]) if found else reason
