"""Making an uploaded file anew, in a process of its own: run by path, it knows nothing of the portal.

Reads the file from stdin and writes the new one to stdout: a JPEG of a picture, a PDF of pictures of its pages for a
PDF. Nothing of the old file is carried over but what can be seen. What a hostile file does to a decoder happens to
this process, which has little memory, little time, and may write nowhere.
"""

import io
import resource
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

if TYPE_CHECKING:
    import pypdfium2

MEMORY_BYTES = 384 * 1024**2
CPU_SECONDS = 20
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 12_500_000
MOST_PIXELS_OF_JPEG = 110_000_000
"""A JPEG is decoded at a fraction of its size; today's phones take pictures of 50 to 108 megapixels.

A progressive one is held whole while it is decoded, as every other kind is."""
LONGEST_SIDE = 2400
QUALITY = 88
PAGE_DPI, PAGE_LONGEST_SIDE, POINTS_PER_INCH = 150, 2000, 72
MOST_PAGES = 10

UNREADABLE, TOO_MANY_PIXELS, TOO_MANY_PAGES, ENCRYPTED = 10, 11, 12, 13
PAGES = struct.Struct("!H")


class Refused(Exception):
    """Carries the exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def main() -> int:
    limit_ourselves()
    content = sys.stdin.buffer.read()
    try:
        pages, remade = pdf_of(content) if content.startswith(b"%PDF-") else (1, jpeg_of(content))
    except Refused as refusal:
        return refusal.code
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return TOO_MANY_PIXELS
    except Exception:  # noqa: BLE001 - decoders raise whatever they like about a broken file
        return UNREADABLE
    sys.stdout.buffer.write(PAGES.pack(pages) + remade)
    return 0


def limit_ourselves() -> None:
    limits = {
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for limit, most in limits.items():
        with suppress(ValueError, OSError):  # macOS knows no limit of addresses
            resource.setrlimit(limit, (most, most))


def jpeg_of(content: bytes) -> bytes:
    """Return what the picture shows, upright, without its metadata."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        is_read_by_lines = picture.format == "JPEG" and not picture.info.get("progressive")
        most = MOST_PIXELS_OF_JPEG if is_read_by_lines else MOST_PIXELS
        if picture.width * picture.height > most:
            raise Refused(TOO_MANY_PIXELS)
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        upright = ImageOps.exif_transpose(picture)
        return as_jpeg(on_white(upright))


def pdf_of(content: bytes) -> tuple[int, bytes]:
    """Return the number of pages, and a PDF of their pictures: no script, form, link or attachment survives that."""
    import pypdfium2  # noqa: PLC0415 - most uploads are pictures

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        is_locked = "password" in str(error).lower() or "security" in str(error).lower()
        raise Refused(ENCRYPTED if is_locked else UNREADABLE) from error
    if not 0 < len(document) <= MOST_PAGES:
        raise Refused(TOO_MANY_PAGES if len(document) else UNREADABLE)
    out = pypdfium2.PdfDocument.new()
    for page in document:
        picture = picture_of(page)
        page.close()
        width, height = (side * POINTS_PER_INCH / PAGE_DPI for side in picture.size)
        image = pypdfium2.PdfImage.new(out)
        image.load_jpeg(io.BytesIO(as_jpeg(picture)), inline=True)
        image.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
        sheet = out.new_page(width, height)
        sheet.insert_obj(image)
        sheet.gen_content()
        sheet.close()
    written = io.BytesIO()
    out.save(written)
    return len(document), written.getvalue()


def picture_of(page: "pypdfium2.PdfPage") -> Image.Image:
    longest = max(page.get_size())
    if longest <= 0:
        raise Refused(UNREADABLE)
    scale = min(PAGE_DPI / POINTS_PER_INCH, PAGE_LONGEST_SIDE / longest)
    return on_white(page.render(scale=scale).to_pil())


def on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, "white")
    seen = picture.convert("RGBA")
    ground.paste(seen, mask=seen)
    return ground


def as_jpeg(picture: Image.Image) -> bytes:
    # A copy of the pixels alone: what a decoder keeps beside them, an encoder writes again.
    bare = Image.frombytes("RGB", picture.size, picture.tobytes())
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
