"""Pairs of subject and reason code (SGP.22 §5.2.6, §5.3) on which the portal decides something."""

Codes = tuple[str, str]

BUSY = frozenset({("1.2", "4.4")})
"""Nothing was done; later it may be."""

UNDECIDED = frozenset({("1.2", "4.2"), ("1.6", "5.3"), ("1.6", "5.4")})
"""Failed inside, expired, or passed on without a response: who says so does not say how far it came."""

ORDERED_ALREADY = frozenset({("8.2.1", "3.3")})
"""To DownloadOrder with an ICCID: the profile is not available any more; where we asked before, because of us."""

CONFIRMED_ALREADY = frozenset({("8.2.6", "3.3"), ("8.2.1", "3.3"), ("8.2.1", "3.5")})
"""To ConfirmOrder: this matching id is in use, and it is ours alone; or the profile is past this step."""

NOTHING_TO_CANCEL = frozenset({("8.2.1", "3.9"), ("8.2.1", "3.3"), ("8.2.1", "3.5")})
"""To CancelOrder: the profile is gone, installed, or never was ordered; no code leads to it any more."""

ABOUT_THE_PROFILE = "8.2.1"
