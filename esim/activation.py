"""Activation codes as GSMA SGP.22 §4.1 writes them, and the ways a phone takes them.

An activation code is a bearer secret: whoever presents it has the line. No error here repeats one.
"""

import base64
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Self

import qrcode
from qrcode.constants import ERROR_CORRECT_M

LONGEST = 255
FORM = re.compile(
    r"1\$(?P<address>[A-Za-z0-9.-]+)\$(?P<token>[0-9A-Za-z-]*)(?:\$(?P<oid>\d+(?:\.\d+)+)?(?P<flag>\$1)?)?"
)
QR_PREFIX = "LPA:"

APPLE_SETUP = "https://esimsetup.apple.com/esim_qrcode_provisioning?carddata="
ANDROID_SETUP = "https://esimsetup.android.com/esim_qrcode_provisioning?carddata="


class NotAnActivationCode(ValueError):
    """Not of the form 1$address$token; the text is kept out of the message."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ActivationCode:
    """The parts of an activation code; `str()` writes it as it is typed by hand.

    The token is kept as given: some vendors hand out lower case, and a changed case is another code.
    """

    smdp_address: str
    matching_id: str = ""
    oid: str = ""
    needs_confirmation_code: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a code with or without the `LPA:` of QR codes; raise NotAnActivationCode."""
        bare = text.strip().removeprefix(QR_PREFIX)
        match = FORM.fullmatch(bare)
        if match is None or (bare.endswith("$") and bare.count("$") > 2) or len(bare) > LONGEST:  # noqa: PLR2004
            raise NotAnActivationCode("Not an activation code.")
        return cls(
            smdp_address=match["address"],
            matching_id=match["token"],
            oid=match["oid"] or "",
            needs_confirmation_code=bool(match["flag"]),
        )

    def __str__(self) -> str:
        parts = ["1", self.smdp_address, self.matching_id]
        if self.oid or self.needs_confirmation_code:
            parts.append(self.oid)
        if self.needs_confirmation_code:
            parts.append("1")
        return "$".join(parts)


def lpa_uri(code: str) -> str:
    """Return what a QR code holds."""
    return f"{QR_PREFIX}{code}"


def apple_link(code: str) -> str:
    """Return the one-tap link of iOS 17.4 and newer.

    Not percent-encoded: every letter of a code is legal in a query, and the handler does not decode.
    """
    return f"{APPLE_SETUP}{lpa_uri(code)}"


def android_link(code: str) -> str:
    """Return the one-tap link of Android 10 and newer, which not every maker supports."""
    return f"{ANDROID_SETUP}{lpa_uri(code)}"


def qr_png(code: str) -> bytes:
    """Draw the code black on white, with the quiet zone that scanners need, in either theme of the page."""
    drawing = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4, box_size=10)
    drawing.add_data(lpa_uri(code))
    image = BytesIO()
    drawing.make_image(fill_color="black", back_color="white").save(image, format="PNG")
    return image.getvalue()


def qr_data(code: str) -> str:
    """Return the same picture as an address that holds it, for a page that is read without a connection."""
    return f"data:image/png;base64,{base64.b64encode(qr_png(code)).decode()}"
