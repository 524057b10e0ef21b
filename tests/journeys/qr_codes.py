"""Reading QR codes off the screen with three decoders that share no code; each passes over a fault of its own.

zxing reads inverted codes, zbar and OpenCV black on dark grey: only what all three read is a good picture.
"""

import re
from io import BytesIO

from PIL import Image


def read_from_screen(page, name="QR code"):
    """Return what all three decoders read in the picture of this name, as the screen shows it."""
    picture = page.get_by_role("img", name=re.compile(name))
    # In the middle of the screen, where neither bar lies over it.
    picture.evaluate("async image => { await image.decode(); image.scrollIntoView({ block: 'center' }) }")
    return read(picture.screenshot())


def read(png):
    """Return the one text that all three decoders read in a picture."""
    # Only with the `browser` group; the journeys are collected without it, too.
    import zxingcpp  # noqa: PLC0415
    from pyzbar import pyzbar  # noqa: PLC0415

    grey = Image.open(BytesIO(png)).convert("L")
    found = {
        "zxing": [one.text for one in zxingcpp.read_barcodes(grey)],
        "zbar": [one.data.decode() for one in pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])],
        "opencv": [next(filter(None, (_read_by_opencv(grey, times=times) for times in (1, 2, 3))), "")],
    }
    assert len({tuple(texts) for texts in found.values()}) == 1, found
    (text,) = found["zxing"]
    return text


def _read_by_opencv(grey, *, times):
    # A good code of this size it misses one time in a hundred; larger ones less often.
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    larger = grey.resize((grey.width * times, grey.height * times), Image.Resampling.NEAREST)
    return cv2.QRCodeDetector().detectAndDecode(np.array(larger))[0]
